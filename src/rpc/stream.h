// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Streams: bytes between a descriptor of ours and a client, in packets that carry the number and
 * the serial of the call that opened the stream.
 *
 *     client --STREAM/CONTINUE--> pending --> fd        pending is bounded, past that the stream
 * fails client <--STREAM/CONTINUE-- one chunk <-- fd      the next is read when the last is sent
 *
 * An empty CONTINUE from us is the end of data; the stream stays until the client finishes (OK) or
 * aborts (ERROR), which we confirm, or goes away. What handlers may do is in call.h.
 */
#pragma once

#include "rpc/call.h"
#include "rpc/packet.h"

typedef struct RpcStreamSource {
    int fd;          /* the stream's from here on */
    GBytes *backlog; /* may be NULL; a reference is taken */
    RpcStreamClosed *closed;
    void *data;
} RpcStreamSource;

/* The caller's reference. Without a client the stream is closed at once: NULL. */
RpcStream *rpc_stream_new(RpcClient *client, const RpcHeader *call, const RpcStreamSource *source);
void rpc_stream_unref(RpcStream *stream); /* NULL is fine */

void rpc_stream_start(RpcStream *stream); /* the reply is on its way: read from fd */
void rpc_stream_close(RpcStream *stream); /* without a word to the client */

/* A packet of type STREAM or STREAM_HOLE. One that belongs to no stream is dropped. */
void rpc_stream_packet(RpcClient *client, RpcPacket *packet);

/* The client goes away. */
void rpc_streams_close(RpcClient *client);
