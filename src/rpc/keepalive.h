// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Asking silent clients whether they are still there.
 *
 * Once started for a client, a ping goes out whenever nothing has been heard of it for an interval;
 * after `count` pings without any answer it is cut off at the end of the next interval. One timer
 * serves all clients, set to the nearest deadline.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RpcClient RpcClient;

/* The part of a client that is kept here. */
typedef struct RpcKeepalive {
    GList link; /* in the clock's list while `on` */
    bool on;
    int64_t heard;    /* monotonic time of the last packet */
    unsigned pending; /* pings sent since */
} RpcKeepalive;

typedef struct RpcClock RpcClock;

RpcClock *rpc_clock_new(void);
void rpc_clock_free(RpcClock *clock); /* after all clients */
void rpc_clock_set(RpcClock *clock, int interval, unsigned count);

void rpc_keepalive_start(RpcClock *clock, RpcClient *client); /* repeat calls are harmless */
void rpc_keepalive_stop(RpcClock *clock, RpcClient *client);
void rpc_keepalive_heard(RpcClient *client);

/* Answers a ping, notes a pong; everything else in the program is ignored. */
void rpc_keepalive_packet(RpcClient *client, int32_t procedure);
