// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <console> as the user wrote it; see device-console.c. */
#pragma once

#include "conf/def-values.h"

typedef enum ConsoleType { CONSOLE_PTY } ConsoleType; /* the others are refused */

typedef struct Console {
    ConsoleType type;
    char *tty;         /* live: /dev/pts/N of the first console, on the host */
    char *source_path; /* live: /dev/pts/N */
    char *protocol;
    char *log_file;
    int log_append;  /* 0 not given, 1 on, 2 off */
    int target_type; /* 0 is lxc */
    OptNumber port;  /* filled in: 0, 1, ... */
    char *alias;     /* live: console0, ... */
    KeptXml rest;
} Console;

typedef struct ConsoleList {
    size_t n;
    Console **items;
} ConsoleList;
