// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The monitor's part of system calls that are answered for the container: it hands each over to
 * a server (src/view/answer.h has the whole), and sees to it that nobody waits for one that does
 * not come. libc only.
 */
#pragma once

#include "controller/monitor-server.h"

#include <linux/seccomp.h>
#include <poll.h>

typedef struct MonitorCalls {
    ControlHandover *handover; /* borrowed */
    MonitorServer server;
    int talk;                    /* our end of the talk with it; -1: it is not there */
    struct seccomp_notif notice; /* who waits, */
    bool waiting;                /* if anybody does */
    bool useless;                /* the server; the kernel answers all */
} MonitorCalls;

void monitor_calls_start(MonitorCalls *calls, ControlHandover *handover);

/* What to wait for: the next call, or the answer to the last; and the end of the server. */
enum { CALLS_TALK, CALLS_SERVER, CALLS_POLLS };
void monitor_calls_polls(const MonitorCalls *calls, struct pollfd polls[CALLS_POLLS]);
void monitor_calls_serve(MonitorCalls *calls, const struct pollfd polls[CALLS_POLLS]);

/* The container has ended. */
void monitor_calls_stop(MonitorCalls *calls);
