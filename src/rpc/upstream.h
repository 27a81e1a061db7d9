// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One connection to another libvirt daemon, opened on behalf of one client. Opening never blocks
 * the loop: a thread connects, then the start sequence (authentication, open, identity) goes back
 * and forth as packets do. After that the relay has it to itself.
 */
#pragma once

#include "base/poller.h"
#include "rpc/channel.h"
#include "rpc/program.h"

#include <sys/types.h>

typedef struct RpcUpstream RpcUpstream;

/* Always called from the loop. */
typedef struct RpcUpstreamEvents {
    void (*ready)(void *data);
    /* A packet once ready, but for keepalive. False: offer it again after rpc_channel_resume. */
    bool (*packet)(RpcPacket *packet, void *data);
    /* It could not be opened, or it broke. The last event: the place to free it. */
    void (*failed)(const GError *err, void *data);
} RpcUpstreamEvents;

/* What the connection is opened with. Borrowed until rpc_upstream_new returns. */
typedef struct RpcUpstreamConfig {
    Poller *poller;
    const char *run_dir; /* where the sockets are */
    RpcRoute route;      /* RPC_NETWORK or after */
    bool readonly;
    uid_t uid; /* the client's, passed on when the daemon is root */
    gid_t gid;
    pid_t pid;
    uint64_t start_time;                                 /* of pid; 0: not known */
    const struct RemoteConnectSetIdentityArgs *identity; /* instead of these; NULL: these */
} RpcUpstreamConfig;

RpcUpstream *rpc_upstream_new(const RpcUpstreamConfig *config, const RpcUpstreamEvents *events,
                              void *data);
void rpc_upstream_free(RpcUpstream *upstream); /* NULL is fine */

bool rpc_upstream_is_ready(const RpcUpstream *upstream);

/* NULL until it is connected. */
RpcChannel *rpc_upstream_channel(const RpcUpstream *upstream);

/* A serial number that no call over this connection has had. */
uint32_t rpc_upstream_next_serial(RpcUpstream *upstream);
