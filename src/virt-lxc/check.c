// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virt-lxc check FILE: whether a domain can be defined as it is written, by libvirt's schema and by
 * what a container can have. Says nothing when it can. "-" reads standard input.
 */
#include "base/text.h"
#include "virt-lxc/command.h"
#include "virt-lxc/definition.h"

static bool run(char **arguments, GError **err)
{
    g_autoptr(Plan) plan = NULL;

    return definition_read(arguments[0], DOMAIN_DEF_VALIDATE, &plan, err);
}

const Command check_command = {
    .name = "check",
    .arguments = "FILE",
    .n_arguments = 1,
    .summary = N_("say what is wrong with the definition of a domain"),
    .run = run,
};
