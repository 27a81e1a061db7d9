// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Packets with descriptors over one non-blocking UNIX socket, in both directions. Serves the
 * daemon's clients and, from the other side, the daemons it relays to.
 *
 * Reading: each turn of the loop reads once and offers all whole packets found. The receiver may
 * refuse one; then nothing more is read until rpc_channel_resume, and the same packet is offered
 * again. Memory grows with what has arrived, never with what a length word announces, and an idle
 * channel has no buffer at all.
 *
 * Writing: a packet goes to the socket at once if that takes it; what is left over is copied to a
 * queue. The end of the connection is always reported from the loop, never from inside a send.
 */
#pragma once

#include "base/poller.h"
#include "rpc/packet.h"

typedef struct RpcChannel RpcChannel;

typedef struct RpcChannelEvents {
    /* False: not now, offer it again after rpc_channel_resume. */
    bool (*packet)(RpcPacket *packet, void *data);
    /* The connection has ended; `why` is for the log. Usually the place to free the channel. */
    void (*ended)(const char *why, void *data);
} RpcChannelEvents;

/* Runs exactly once for each packet that was queued: when it is on the socket, or lost. */
typedef void RpcSent(size_t size, void *data);

typedef struct RpcOutgoing {
    const uint8_t *bytes; /* a whole packet; borrowed for the time of the call */
    size_t size;
    const int *fds; /* duplicated when they have to wait */
    size_t n_fds;
    RpcSent *sent; /* may be NULL */
    void *data;
} RpcOutgoing;

/* Owns `fd` from here on. `events` is borrowed. NULL with errno when it cannot be watched. */
RpcChannel *rpc_channel_new(Poller *poller, int fd, const RpcChannelEvents *events, void *data);
void rpc_channel_free(RpcChannel *channel); /* also from inside its events; NULL is fine */

/* True: all of it is on the socket (or lost with it) and `sent` will not be called. */
bool rpc_channel_send(RpcChannel *channel, const RpcOutgoing *outgoing);

/* Takes up reading again after a refused packet; at the loop's next turn. */
void rpc_channel_resume(RpcChannel *channel);
bool rpc_channel_is_held(const RpcChannel *channel); /* a refused packet waits */

/* Bytes that wait for the socket. */
size_t rpc_channel_queued(const RpcChannel *channel);

/* Ends the connection, from the loop. */
void rpc_channel_shutdown(RpcChannel *channel, const char *why);

/* Reads nothing more and ends the connection once everything queued is out. */
void rpc_channel_close_when_sent(RpcChannel *channel);
