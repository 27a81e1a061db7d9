// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See options.h. */
#include "lxc_driver/options.h"

#include "base/text.h"
#include "config.h"

#include <getopt.h>
#include <glib.h>
#include <stdio.h>

enum { OPTION_ROOT = 256, OPTION_SYSTEMD };

static const struct option long_options[] = {
    {"daemon",    no_argument,       NULL, 'd'           },
    { "config",   required_argument, NULL, 'f'           },
    { "pid-file", required_argument, NULL, 'p'           },
    { "root",     required_argument, NULL, OPTION_ROOT   },
    { "systemd",  no_argument,       NULL, OPTION_SYSTEMD},
    { "timeout",  required_argument, NULL, 't'           },
    { "verbose",  no_argument,       NULL, 'v'           },
    { "version",  no_argument,       NULL, 'V'           },
    { "help",     no_argument,       NULL, 'h'           },
    { NULL,       0,                 NULL, 0             },
};

static void show_help(void)
{
    fputs(_("Usage: virtlxcd [options]\n"
            "\n"
            "Runs Linux containers for libvirt clients (lxc:///system).\n"
            "\n"
            "  -d, --daemon           go to the background once the sockets listen\n"
            "  -f, --config FILE      read FILE instead of virtlxcd.conf\n"
            "  -p, --pid-file FILE    write the process number to FILE\n"
            "      --root DIR         a private instance: keep every file below DIR\n"
            "      --systemd          make scopes with systemd though the instance is private\n"
            "  -t, --timeout SECS     end after SECS without a client and without a container\n"
            "  -v, --verbose          say more in the log\n"
            "  -V, --version          show the version\n"
            "  -h, --help             show this text\n"),
          stdout);
}

static bool parse_timeout(const char *text, int *ret_timeout)
{
    guint64 seconds;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT / 1000, &seconds, NULL)) {
        fprintf(stderr, _("virtlxcd: '%s' is not a number of seconds\n"), text);
        return false;
    }
    *ret_timeout = (int)seconds;
    return true;
}

static void set_path(char **place, const char *path)
{
    g_free(*place);
    *place = g_canonicalize_filename(path, NULL);
}

static OptionsResult take(Options *options, int letter)
{
    switch (letter) {
    case 'd':
        options->daemon = true;
        return OPTIONS_GO_ON;
    case 'f':
        set_path(&options->config_file, optarg);
        return OPTIONS_GO_ON;
    case 'p':
        set_path(&options->pid_file, optarg);
        return OPTIONS_GO_ON;
    case OPTION_ROOT:
        options->root = optarg;
        return OPTIONS_GO_ON;
    case OPTION_SYSTEMD:
        options->systemd = true;
        return OPTIONS_GO_ON;
    case 't':
        return parse_timeout(optarg, &options->timeout) ? OPTIONS_GO_ON : OPTIONS_WRONG;
    case 'v':
        options->verbose = true;
        return OPTIONS_GO_ON;
    case 'V':
        printf("virtlxcd %s\n", VERSION);
        return OPTIONS_SHOWN;
    case 'h':
        show_help();
        return OPTIONS_SHOWN;
    default:
        return OPTIONS_WRONG; /* getopt has said why */
    }
}

OptionsResult options_parse(Options *options, int argc, char **argv)
{
    int letter;

    *options = (Options){ .timeout = -1 };
    while ((letter = getopt_long(argc, argv, "df:p:t:vVh", long_options, NULL)) != -1) {
        OptionsResult result = take(options, letter);
        if (result != OPTIONS_GO_ON)
            return result;
    }
    if (optind < argc) {
        fprintf(stderr, _("virtlxcd: unexpected argument '%s'\n"), argv[optind]);
        return OPTIONS_WRONG;
    }
    return OPTIONS_GO_ON;
}

void options_clear(Options *options)
{
    g_clear_pointer(&options->config_file, g_free);
    g_clear_pointer(&options->pid_file, g_free);
}
