// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The command line. Files are where they were meant to be seen from the directory the daemon was
 * started in, which it leaves.
 */
#pragma once

#include <stdbool.h>

typedef struct Options {
    bool daemon;
    bool verbose;
    bool systemd;      /* a private instance uses it too */
    char *config_file; /* absolute; NULL: the default one, which may be absent */
    char *pid_file;    /* absolute; NULL: the default one */
    const char *root;  /* NULL: the system's instance; borrowed from argv */
    int timeout;       /* seconds without work after which to end; -1: never */
} Options;

typedef enum OptionsResult {
    OPTIONS_GO_ON,
    OPTIONS_SHOWN, /* help or version */
    OPTIONS_WRONG,
} OptionsResult;

OptionsResult options_parse(Options *options, int argc, char **argv);
void options_clear(Options *options);
