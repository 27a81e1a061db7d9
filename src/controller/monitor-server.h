// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A child of the monitor that serves somebody for as long as it is needed. libc only. */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct MonitorServer {
    pid_t pid; /* 0: it is not there */
    int pidfd;
    int64_t started; /* milliseconds */
    unsigned failures;
} MonitorServer;

void monitor_server_init(MonitorServer *server);

/* As fork(2). */
pid_t monitor_server_start(MonitorServer *server);

/* For the child: becomes virtlxc-view with these descriptors, of which the last may be -1. */
#define SERVER_FDS_MAX 4
void monitor_server_exec(const ControlHandover *handover, const char *what, const int *fds,
                         size_t n_fds) __attribute__((noreturn));

/* It has ended. False: not as it should. */
bool monitor_server_reap(MonitorServer *server);

/* It ended badly, and right after its start, so many times in a row that it is no use. */
bool monitor_server_is_useless(const MonitorServer *server);

/* Ends it. */
void monitor_server_stop(MonitorServer *server);
