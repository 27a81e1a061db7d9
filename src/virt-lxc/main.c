// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virt-lxc: what a user of containers wants from a command line and libvirt's own clients do not
 * have. One subcommand is one row and one file.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "virt-lxc/command.h"

static const Command *const commands[] = { &check_command, &export_command, &import_command,
                                           &plan_command };

static void print_help(void)
{
    printf(_("Usage: %s COMMAND [ARGUMENT...]\n"), "virt-lxc");
    printf("       virt-lxc --help | --version\n\n");
    printf(_("Commands:\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *usage =
            g_strdup_printf("%s %s", commands[i]->name, commands[i]->arguments);

        printf("  %-20s %s\n", usage, gettext(commands[i]->summary));
    }
}

static const Command *find_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autoptr(GError) err = NULL;

    if (argc != command->n_arguments) {
        fprintf(stderr, _("usage: virt-lxc %s %s\n"), command->name, command->arguments);
        return 2;
    }
    if (command->run(argv, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "virt-lxc: %s\n", err->message);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const Command *command = NULL;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    textdomain(GETTEXT_PACKAGE);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        printf("virt-lxc (virtlxcd) %s\n", VERSION);
        return EXIT_SUCCESS;
    }
    command = argc >= 2 ? find_command(argv[1]) : NULL;
    if (!command) {
        if (argc >= 2)
            fprintf(stderr, _("virt-lxc: unknown command '%s'; see virt-lxc --help\n"), argv[1]);
        else
            fprintf(stderr, _("virt-lxc: a command is missing; see virt-lxc --help\n"));
        return 2;
    }
    return run(command, argc - 2, argv + 2);
}
