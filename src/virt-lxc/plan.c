// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virt-lxc plan FILE: what the kernel would be asked to do for a domain, without doing any of it
 * and without a daemon. "-" reads standard input.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-def.h"
#include "config.h"
#include "virt-lxc/command.h"

#define INPUT_SIZE_MAX (16u << 20)

static bool read_input(const char *path, char **ret_text, GError **err)
{
    bool standard = g_strcmp0(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    GString *text = NULL;
    char part[65536];
    size_t size;
    bool broken;

    if (!in)
        return fail_errno(err, errno, _("cannot open '%s'"), path);
    text = g_string_new(NULL);
    while (text->len <= INPUT_SIZE_MAX && (size = fread(part, 1, sizeof(part), in)) > 0)
        g_string_append_len(text, part, (gssize)size);
    broken = ferror(in);
    if (!standard)
        fclose(in);
    if (broken || strlen(text->str) != text->len) {
        g_string_free(text, TRUE);
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("'%s' is not a readable text file"), path);
    }
    *ret_text = g_string_free(text, FALSE);
    return true;
}

static bool run(char **arguments, GError **err)
{
    struct utsname host_name;
    DomainDefHost host = { .emulator = LIBEXECDIR "/libvirt_lxc", .default_partition = "/machine" };
    g_autofree char *xml = NULL;
    g_autofree char *printed = NULL;
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;

    if (uname(&host_name) < 0)
        return fail_errno(err, errno, _("cannot learn the host's architecture"));
    host.arch = host_name.machine;
    if (!read_input(arguments[0], &xml, err) ||
        !domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, err) ||
        !domain_def_compile(def, &host, &plan, err))
        return false;
    printed = domain_def_plan_print(plan);
    fputs(printed, stdout);
    return true;
}

const Command plan_command = {
    .name = "plan",
    .arguments = "FILE",
    .n_arguments = 1,
    .summary = N_("print what the kernel would be asked to do for a domain"),
    .run = run,
};
