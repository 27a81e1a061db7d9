// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <console> as the user wrote it; see device-console.c. */
#pragma once

#include "conf/chardev.h"
#include "conf/device-info.h"

typedef struct Console {
    Chardev source; /* live: its path is /dev/pts/N, of a pty */
    char *tty;      /* live: the same for the first console */
    int target;     /* 0 is lxc */
    OptNumber port; /* filled in: 0, 1, ... */
    DeviceInfo info;
} Console;

typedef struct ConsoleList {
    size_t n;
    Console **items;
} ConsoleList;
