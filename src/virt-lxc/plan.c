// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virt-lxc plan FILE: what the kernel would be asked to do for a domain, without doing any of it
 * and without a daemon. "-" reads standard input.
 */
#include <stdio.h>

#include "base/text.h"
#include "virt-lxc/command.h"
#include "virt-lxc/definition.h"

static bool run(char **arguments, GError **err)
{
    g_autoptr(Plan) plan = NULL;
    g_autofree char *printed = NULL;

    if (!definition_read(arguments[0], 0, &plan, err))
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
