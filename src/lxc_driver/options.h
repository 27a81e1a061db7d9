// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The command line. Strings are borrowed from argv. */
#pragma once

#include <stdbool.h>

typedef struct Options {
    bool daemon;
    bool verbose;
    const char *config_file; /* NULL: the default one, which may be absent */
    const char *pid_file;    /* NULL: the default one */
    const char *root;        /* NULL: the system's instance */
    int timeout;             /* seconds without work after which to end; -1: never */
} Options;

typedef enum OptionsResult {
    OPTIONS_GO_ON,
    OPTIONS_SHOWN, /* help or version */
    OPTIONS_WRONG,
} OptionsResult;

OptionsResult options_parse(Options *options, int argc, char **argv);
