// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The monitor's consoles. libc only. */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>

/*
 * What a console prints while nobody looks, the last 64 KiB of it. A ring in a memfd, made when
 * there is something to keep: it survives exec and is handed over as it is.
 */
#define BACKLOG_SIZE 65536u

typedef struct MonitorConsole {
    ControlHandoverConsole *kept; /* borrowed from the handover */
    int slave;                    /* kept open: a master without one reports hang-up for ever */
} MonitorConsole;

void monitor_console_start(MonitorConsole *console, ControlHandoverConsole *kept);

/* There is something to read, or all slaves were hung up. */
void monitor_console_drain(MonitorConsole *console);
void monitor_console_revive(MonitorConsole *console);

/* Sends CONTROL_CONSOLE_OPENED with the master and the backlog, which is the daemon's then. */
bool monitor_console_lend(MonitorConsole *console, unsigned index, int daemon_fd);
