// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The monitor's part of a console: what the container prints goes to the log, if there is one, and
 * to who looks. libc only.
 *
 *     container's terminal <--> master --+--> log
 *                                        +--> file                       FILE
 *                                        +--> reader <--> the daemon     PTY: its client's stream
 *                                        +--> reader <--> a client       UNIX
 *
 * There is one reader at a time. What is printed while there is none, or what it did not read, is
 * kept for the next, the last 64 KiB of it. A reader that does not read stops the container's
 * output, as a terminal does that is told to; so nothing is lost and no memory grows.
 */
#pragma once

#include "controller/console-file.h"

#include <poll.h>

typedef struct MonitorConsole {
    ControlHandoverConsole *kept;    /* borrowed from the handover */
    const ControlHandover *handover; /* the same */
    int slave;                       /* kept open: a master without one reports hang-up for ever */
    ConsoleFile file;
    ConsoleFile log;
    bool deaf;        /* the reader has closed its direction: no input comes any more */
    bool blocked;     /* the terminal takes no input just now */
    bool leaving;     /* the reader has gone; what it typed is still on its way to the terminal */
    int64_t retry_at; /* connect again at this millisecond; 0: no */
} MonitorConsole;

void monitor_console_start(MonitorConsole *console, ControlHandover *handover, uint32_t index);

/* What to wait for. */
enum { CONSOLE_MASTER, CONSOLE_READER, CONSOLE_LISTENER, CONSOLE_POLLS };
void monitor_console_polls(const MonitorConsole *console, struct pollfd polls[CONSOLE_POLLS]);
int monitor_console_timeout(const MonitorConsole *console); /* milliseconds; -1: for ever */
void monitor_console_serve(MonitorConsole *console, const struct pollfd polls[CONSOLE_POLLS]);

/* The container has ended: what it printed last goes its way. */
void monitor_console_finish(MonitorConsole *console);

/* Sends CONTROL_CONSOLE_OPENED with a socket and the backlog, which is the daemon's then. */
bool monitor_console_lend(MonitorConsole *console, unsigned index, int daemon_fd);

/* The daemon looks no longer. */
void monitor_console_return(MonitorConsole *console);
