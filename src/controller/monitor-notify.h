// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What init says of itself over the socket of notify.c. Uses libc only. */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>

typedef struct MonitorNotify {
    ControlHandover *handover; /* borrowed */
    int64_t rests_until;       /* of the monotonic clock, ms; 0: it listens */
} MonitorNotify;

/* What to wait for, and how long at most (ms); -1: nothing. */
int monitor_notify_fd(const MonitorNotify *notify);
int monitor_notify_timeout(const MonitorNotify *notify);

/*
 * Takes what has come; true: init has just said that it is ready. There is nothing more to hear
 * then, and handover->notify_fd is closed.
 */
bool monitor_notify_serve(MonitorNotify *notify);
