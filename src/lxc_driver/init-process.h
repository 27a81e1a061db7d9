// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The first process of a running domain, which domain_open_init opens. Its number alone is not to
 * be trusted: the controller has reaped an init that ended, and perhaps cloned the next, before we
 * hear of it, and the number may be anybody's of the host by then.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct InitProcess {
    pid_t pid; /* for what /proc tells about it */
    int fd;    /* a pidfd: signals go by it */
} InitProcess;

/* After reading /proc by the number: it was init that was read about. */
bool init_process_is_there(const InitProcess *init, GError **err);

bool init_process_fail_ended(GError **err);

/* A pidfd of `pid`, if that is in the groups at `path`; else -1. */
int init_process_open_in(pid_t pid, const char *path);
