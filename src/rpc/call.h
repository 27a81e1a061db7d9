// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One call of a client, from its packet to its reply. A call outlives its client: finishing it
 * after the client has gone drops the reply. Main loop only.
 */
#pragma once

#include "rpc/program.h"

RpcClient *rpc_call_client(RpcCall *call); /* NULL once the client has gone */
const RpcProcedure *rpc_call_procedure(RpcCall *call);
void *rpc_call_program_data(RpcCall *call); /* RpcProgram.data */
void *rpc_call_domain(RpcCall *call);       /* what find_domain returned, else NULL */
const void *rpc_call_args(RpcCall *call);
void *rpc_call_ret(RpcCall *call);

/* Descriptors that came with the call; rpc_call_take_fd hands ownership over (-1 when taken). */
size_t rpc_call_n_fds(RpcCall *call);
int rpc_call_take_fd(RpcCall *call, size_t index);

/* Adds a descriptor to the reply (type 5). Owned by the call from here on. */
void rpc_call_return_fd(RpcCall *call, int fd);

/* See RpcHandler. args and ret stay valid until rpc_call_finish. */
void rpc_call_defer(RpcCall *call);

/* Answers a deferred call with its ret, or with `err` when not NULL (ownership taken). */
void rpc_call_finish(RpcCall *call, GError *err);

/*
 * Makes the call the opening of a stream (protocol: console, channel, screenshot). `fd` is owned by
 * the stream, non-blocking, read for the client's download direction and written with what the
 * client sends. `backlog` (may be NULL) is sent first. `closed` runs exactly once, when the stream
 * has ended for whatever reason. Flow control: the next chunk is read from fd only after the last
 * one has gone to the socket; what the client sends is buffered up to a limit, past which the
 * stream fails with an error and nothing else is held up. End of file or EIO on fd (a pty's
 * hang-up) sends the client its end of data. NULL when the client has gone:
 * then `closed` has run already.
 */
typedef struct RpcStream RpcStream;
typedef void RpcStreamClosed(void *data);
RpcStream *rpc_call_open_stream(RpcCall *call, int fd, GBytes *backlog, RpcStreamClosed *closed,
                                void *data);

/* Ends the stream with an error the client sees (ownership of err taken). */
void rpc_stream_fail(RpcStream *stream, GError *err);
