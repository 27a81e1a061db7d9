// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virt-lxc import FORMAT FILE and export FORMAT FILE: other containers' configurations as domains,
 * and domains as these, without a daemon. "-" reads standard input.
 */
#include <stdio.h>

#include "base/text.h"
#include "conf/native.h"
#include "virt-lxc/command.h"
#include "virt-lxc/definition.h"

static bool run_import(char **arguments, GError **err)
{
    DomainDefHost host;
    struct utsname names;
    g_autofree char *text = NULL;
    g_auto(NativeDomain) domain = { 0 };

    if (!definition_host(&names, &host, err) || !definition_read_text(arguments[1], &text, err) ||
        !native_import(arguments[0], text, &host, &domain, err))
        return false;
    fputs(domain.xml, stdout);
    return true;
}

static bool run_export(char **arguments, GError **err)
{
    DomainDefHost host;
    struct utsname names;
    g_autofree char *xml = NULL;
    g_autofree char *text = NULL;
    g_autoptr(DomainDef) def = NULL;

    if (!definition_host(&names, &host, err) || !definition_read_text(arguments[1], &xml, err) ||
        !domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, err) ||
        !native_export(arguments[0], def, &host, &text, err))
        return false;
    fputs(text, stdout);
    return true;
}

const Command import_command = {
    .name = "import",
    .arguments = "FORMAT FILE",
    .n_arguments = 2,
    .summary = N_("print another container's configuration as a domain"),
    .run = run_import,
};

const Command export_command = {
    .name = "export",
    .arguments = "FORMAT FILE",
    .n_arguments = 2,
    .summary = N_("print a domain as another container's configuration"),
    .run = run_export,
};
