// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Who looks at a console: the daemon by a socket pair, or a client of a UNIX socket, one at a time.
 * libc only.
 */
#pragma once

#include "controller/monitor-console.h"

void reader_start(MonitorConsole *console);

/* The next one, when there is none: who waits at the socket, or who is to be connected to again. */
void reader_meet(MonitorConsole *console, short listener_events);
int reader_timeout(const MonitorConsole *console); /* milliseconds until then; -1: for ever */

/* It hears no more, and what the daemon has not read yet is kept for the next; but what it typed
 * may still be read. */
void reader_leave(MonitorConsole *console);

/* Hangs up. */
void reader_drop(MonitorConsole *console);
