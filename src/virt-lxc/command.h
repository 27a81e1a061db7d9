// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A subcommand of virt-lxc. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Command {
    const char *name;
    const char *arguments; /* for the usage line */
    int n_arguments;
    const char *summary; /* marked for translation */
    bool (*run)(char **arguments, GError **err);
} Command;

extern const Command check_command;
extern const Command export_command;
extern const Command import_command;
extern const Command plan_command;
