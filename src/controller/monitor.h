// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the monitor has to do with what shows the container its limits. libc only. */
#pragma once

#include "controller/monitor-server.h"

/*
 * The server of the files with limits in them: started when one of them is asked for something,
 * ends by itself. The connection is the handover's.
 */
typedef struct MonitorView {
    ControlHandover *handover; /* borrowed */
    MonitorServer server;      /* or what takes its files away */
    int64_t lost;              /* when the connection ended, in milliseconds; 0: it did not */
    int64_t covering;          /* the same, of when its files began to be taken away */
} MonitorView;

void monitor_view_start(MonitorView *view, ControlHandover *handover);

/* What to wait for: the end of the child, else a request. -1: nothing. */
int monitor_view_fd(const MonitorView *view);
void monitor_view_serve(MonitorView *view, short events);

/* How many milliseconds to wait for anything at most, -1 for ever; and what to do after any wait.
 */
int monitor_view_patience(const MonitorView *view);
void monitor_view_look(MonitorView *view);

/* The container has ended. */
void monitor_view_stop(MonitorView *view);

/* For a child: mounts the kernel's own files over those that nobody serves any more. */
bool view_cover(int init_pidfd, uint64_t device);
