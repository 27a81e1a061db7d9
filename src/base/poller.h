// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Many descriptors behind one source of the main loop.
 *
 * GLib's loop hands every watched descriptor to poll(2) at every turn, so that thousands of idle
 * ones make each turn slow. A Poller is one source: an epoll set, in which an idle descriptor costs
 * nothing. Watching is level-triggered. A watch may be changed or ended from inside any callback.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct Poller Poller;
typedef struct PollerWatch PollerWatch;

/* `events` are EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR; the last two come whether asked for or not.
 */
typedef void PollerReady(uint32_t events, void *data);

/* Attached to the main context that is the thread's default. NULL with errno when that fails. */
Poller *poller_new(void);
void poller_free(Poller *poller); /* every watch must have ended before */

/* The descriptor stays the caller's, who ends the watch before closing it. NULL with errno. */
PollerWatch *poller_watch(Poller *poller, int fd, uint32_t events, PollerReady *ready, void *data);
void poller_watch_set(PollerWatch *watch, uint32_t events);
void poller_unwatch(PollerWatch *watch); /* NULL is fine */
