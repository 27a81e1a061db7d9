// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The monitor's consoles, and what shows the container its limits. libc only. */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>
#include <sys/types.h>

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

/*
 * The server of the files with limits in them: started when one of them is asked for something,
 * ends by itself. The connection is the handover's.
 */
typedef struct MonitorView {
    ControlHandover *handover; /* borrowed */
    pid_t child;               /* the server, or what takes its files away; 0: none */
    int child_pidfd;
    int64_t started; /* seconds */
    unsigned failures;
} MonitorView;

void monitor_view_start(MonitorView *view, ControlHandover *handover);

/* What to wait for: the end of the child, else a request. -1: nothing. */
int monitor_view_fd(const MonitorView *view);
void monitor_view_serve(MonitorView *view, short events);

/* The container has ended. */
void monitor_view_stop(MonitorView *view);

/* For a child: mounts the kernel's own files over those that nobody serves any more. */
bool view_cover(int init_pidfd, uint64_t device);
