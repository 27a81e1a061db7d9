// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See call.h and call-state.h. */
#include "rpc/call.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/call-state.h"

static size_t room_for(const XdrType *type)
{
    size_t size = type ? xdr_size(type) : 0;

    return (size + 15) & ~(size_t)15;
}

RpcCall *rpc_call_new(RpcClient *client, const RpcProgram *program, const RpcProcedure *procedure,
                      const RpcHeader *header)
{
    const size_t head = (sizeof(RpcCall) + 15) & ~(size_t)15;
    const size_t args = room_for(procedure->args);
    char *block = g_malloc0(head + args + room_for(procedure->ret));
    RpcCall *call = (RpcCall *)block;

    call->client = client;
    call->program = program;
    call->procedure = procedure;
    call->header = *header;
    call->args = procedure->args ? block + head : NULL;
    call->ret = procedure->ret ? block + head + args : NULL;
    call->link.data = call;
    g_queue_push_tail_link(&client->calls, &call->link);
    rpc_client_begin_request(client);
    return call;
}

static void call_free(RpcCall *call)
{
    if (call->client)
        g_queue_unlink(&call->client->calls, &call->link);
    if (call->args)
        xdr_clear(call->procedure->args, call->args);
    if (call->ret)
        xdr_clear(call->procedure->ret, call->ret);
    for (size_t i = 0; i < call->n_fds; i++)
        fd_close(call->fds[i]);
    for (size_t i = 0; i < call->n_return_fds; i++)
        fd_close(call->return_fds[i]);
    g_clear_error(&call->err);
    g_free(call->fds);
    g_free(call);
}

/* False: the answer cannot be put into a packet. */
static bool send_ret(RpcCall *call, GError **err)
{
    RpcHeader header = call->header;
    XdrBuffer out = { 0 };
    XdrStatus status;

    header.type = call->n_return_fds > 0 ? RPC_TYPE_REPLY_WITH_FDS : RPC_TYPE_REPLY;
    header.status = RPC_STATUS_OK;
    status = rpc_packet_build(&out, &header, (uint32_t)call->n_return_fds, call->procedure->ret,
                              call->ret);
    if (status == XDR_OK)
        rpc_client_send_reply(call->client, out.data, out.len, call->return_fds,
                              call->n_return_fds);
    xdr_buffer_clear(&out);
    if (status == XDR_OK)
        return true;
    log_error("cannot encode the reply of %s: %s", call->procedure->name, xdr_status_text(status));
    return fail(err, ERR(RPC, RPC), _("cannot encode the reply: %s"), xdr_status_text(status));
}

/* Sends the answer, with the stream it opened behind it, and ends the call. */
static void answer(RpcCall *call, GError *err)
{
    RpcClient *client = call->client;
    RpcStream *stream = g_steal_pointer(&call->stream);

    if (client && !err)
        (void)send_ret(call, &err); /* then err is set */
    if (client && err)
        rpc_client_send_error(client, &call->header, err);
    call_free(call);
    if (stream && err)
        rpc_stream_close(stream);
    else if (stream)
        rpc_stream_start(stream);
    rpc_stream_unref(stream);
    if (client && client->closing)
        rpc_channel_close_when_sent(client->channel);
    g_clear_error(&err);
}

void rpc_call_handle(RpcCall *call)
{
    GError *err = NULL;
    bool ok;

    call->handling = true;
    ok = call->procedure->handler(call, call->args, call->ret, &err);
    call->handling = false;
    if (!ok && !err)
        (void)fail(&err, ERR(RPC, INTERNAL_ERROR), _("procedure %s failed without a reason"),
                   call->procedure->name);
    if (ok && call->deferred && !call->finished)
        return;
    if (ok && call->finished)
        err = g_steal_pointer(&call->err);
    answer(call, err);
}

void rpc_call_orphan(RpcCall *call)
{
    call->client = NULL;
}

void rpc_call_take_fds(RpcCall *call, RpcPacket *packet)
{
    if (packet->n_fds == 0)
        return;
    call->n_fds = packet->n_fds;
    call->fds = g_memdup2(packet->fds, packet->n_fds * sizeof call->fds[0]);
    for (size_t i = 0; i < packet->n_fds; i++)
        packet->fds[i] = -1;
}

/* ---- for handlers: call.h ------------------------------------------------------------------ */

RpcClient *rpc_call_client(RpcCall *call)
{
    return call->client;
}

const RpcProcedure *rpc_call_procedure(RpcCall *call)
{
    return call->procedure;
}

void *rpc_call_program_data(RpcCall *call)
{
    return call->program->data;
}

void *rpc_call_domain(RpcCall *call)
{
    return call->domain;
}

const void *rpc_call_args(RpcCall *call)
{
    return call->args;
}

void *rpc_call_ret(RpcCall *call)
{
    return call->ret;
}

size_t rpc_call_n_fds(RpcCall *call)
{
    return call->n_fds;
}

int rpc_call_take_fd(RpcCall *call, size_t index)
{
    return index < call->n_fds ? fd_steal(&call->fds[index]) : -1;
}

void rpc_call_return_fd(RpcCall *call, int fd)
{
    g_return_if_fail(call->n_return_fds < RPC_FDS_MAX);
    call->return_fds[call->n_return_fds++] = fd;
}

void rpc_call_defer(RpcCall *call)
{
    call->deferred = true;
}

void rpc_call_finish(RpcCall *call, GError *err)
{
    if (call->handling) {
        call->finished = true;
        call->err = err;
        return;
    }
    answer(call, err);
}

RpcStream *rpc_call_open_stream(RpcCall *call, int fd, GBytes *backlog, RpcStreamClosed *closed,
                                void *data)
{
    const RpcStreamSource source = { .fd = fd, .backlog = backlog, .closed = closed, .data = data };

    call->stream = rpc_stream_new(call->client, &call->header, &source);
    return call->stream;
}
