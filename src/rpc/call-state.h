// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A call as dispatch.c makes it and call.c ends it. What handlers may do with it is in call.h. */
#pragma once

#include "rpc/client.h"
#include "rpc/stream.h"

struct RpcCall {
    GList link;        /* in client->calls */
    RpcClient *client; /* NULL once it has gone */
    const RpcProgram *program;
    const RpcProcedure *procedure;
    RpcHeader header;
    void *args; /* in the same block as the call itself, like ret; NULL for void */
    void *ret;
    void *domain; /* borrowed from the driver */
    int *fds;     /* came with the call; -1 where taken */
    size_t n_fds;
    int return_fds[RPC_FDS_MAX]; /* owned */
    size_t n_return_fds;
    RpcStream *stream; /* opened by this call, not started yet */
    GError *err;       /* of a finish that came while the handler was still running */
    bool handling;     /* the handler is running */
    bool deferred;
    bool finished;
};

/* Takes a slot of the client's window. `args` of the procedure's type are decoded by the caller. */
RpcCall *rpc_call_new(RpcClient *client, const RpcProgram *program, const RpcProcedure *procedure,
                      const RpcHeader *header);

/* Takes the packet's descriptors. */
void rpc_call_take_fds(RpcCall *call, RpcPacket *packet);

/* Runs the handler and answers, or leaves that to rpc_call_finish. */
void rpc_call_handle(RpcCall *call);

/* The client goes away: nothing will be sent any more. Only deferred calls are still there then. */
void rpc_call_orphan(RpcCall *call);
