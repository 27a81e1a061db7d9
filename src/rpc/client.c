// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See client.h for the idea, server.h for the public half. */
#include "rpc/client.h"

#include "base/fd.h"
#include "base/log.h"
#include "remote-xdr.h"
#include "rpc/call-state.h"
#include "rpc/dispatch.h"
#include "rpc/peer.h"
#include "rpc/relay.h"
#include "rpc/server-state.h"
#include "rpc/stream.h"
#include "rpc/wire-error.h"

/* Events that may wait for one client before it is given up, and what each costs besides itself. */
#define EVENT_BYTES_MAX (8u << 20)
#define EVENT_OVERHEAD 512u

/* ---- what arrives -------------------------------------------------------------------------- */

/* False: no slot is free. */
static bool take_call(RpcClient *client, RpcPacket *packet)
{
    if (client->requests >= MAX(1, client->server->limits.max_client_requests))
        return false;
    rpc_dispatch(client, packet);
    return true;
}

/* False: the daemon it is for does not read. */
static bool take_stream_packet(RpcClient *client, RpcPacket *packet)
{
    RpcRelayVerdict verdict =
        client->relay ? rpc_relay_stream(client->relay, packet) : RPC_RELAY_UNKNOWN;

    if (verdict == RPC_RELAY_UNKNOWN)
        rpc_stream_packet(client, packet);
    return verdict != RPC_RELAY_BUSY;
}

static bool on_packet(RpcPacket *packet, void *data)
{
    RpcClient *client = data;

    rpc_keepalive_heard(client);
    if (client->closing)
        return true;
    switch (packet->header.type) {
    case RPC_TYPE_CALL:
    case RPC_TYPE_CALL_WITH_FDS:
        return take_call(client, packet);
    case RPC_TYPE_STREAM:
    case RPC_TYPE_STREAM_HOLE:
        return take_stream_packet(client, packet);
    case RPC_TYPE_MESSAGE:
        if (packet->header.program == RPC_PROGRAM_KEEPALIVE)
            rpc_keepalive_packet(client, packet->header.procedure);
        return true;
    default: /* a peer's number, not our enum: replies and unknown types are dropped */
        return true;
    }
}

static void on_ended(const char *why, void *data)
{
    RpcClient *client = data;

    log_debug("client %" G_GUINT64_FORMAT ": %s", client->id, why);
    rpc_client_free(client);
}

static const RpcChannelEvents channel_events = { .packet = on_packet, .ended = on_ended };

/* ---- life ---------------------------------------------------------------------------------- */

static void read_peer(RpcClient *client, int fd)
{
    RpcPeer peer;

    rpc_peer_read(fd, &peer);
    client->uid = peer.uid;
    client->gid = peer.gid;
    client->pid = peer.pid;
    client->start_time = rpc_process_start_time(peer.pid);
}

RpcClient *rpc_client_new(RpcServer *server, int fd, bool readonly, RpcAuth auth)
{
    RpcClient *client = g_new0(RpcClient, 1);

    client->channel = rpc_channel_new(server->poller, fd, &channel_events, client);
    if (!client->channel) {
        g_free(client);
        return NULL;
    }
    client->server = server;
    client->id = ++server->last_id;
    client->auth = auth;
    client->born = g_get_monotonic_time();
    client->authenticated = auth == RPC_AUTH_NONE;
    client->socket_readonly = client->readonly = readonly;
    read_peer(client, fd);
    client->link.data = client;
    g_queue_push_tail_link(&server->clients, &client->link);
    server->n_anonymous += !client->authenticated;
    return client;
}

/* Calls that are still worked on live on without a client. */
static void orphan_calls(RpcClient *client)
{
    GList *link;

    while ((link = g_queue_pop_head_link(&client->calls)))
        rpc_call_orphan(link->data);
}

void rpc_client_free(RpcClient *client)
{
    RpcServer *server = client->server;

    client->closing = true;
    rpc_keepalive_stop(server->clock, client);
    rpc_streams_close(client);
    rpc_relay_free(client->relay);
    for (size_t i = 0; i < server->n_programs; i++) {
        const RpcProgram *program = server->programs[i].program;
        if (program->hooks && program->hooks->closed)
            program->hooks->closed(client, program->data);
    }
    orphan_calls(client);
    rpc_channel_free(client->channel);
    xdr_free(&remote_connect_set_identity_args_xdr, client->identity);
    g_queue_unlink(&server->clients, &client->link);
    server->n_anonymous -= !client->authenticated;
    g_free(client);
    rpc_server_clients_changed(server);
}

void rpc_client_disconnect(RpcClient *client, const char *why)
{
    client->closing = true;
    rpc_channel_shutdown(client->channel, why);
}

void rpc_client_set_authenticated(RpcClient *client)
{
    if (client->authenticated)
        return;
    client->authenticated = true;
    client->server->n_anonymous--;
    rpc_server_clients_changed(client->server);
}

/* ---- the window ---------------------------------------------------------------------------- */

void rpc_client_begin_request(RpcClient *client)
{
    client->requests++;
}

void rpc_client_end_request(RpcClient *client)
{
    client->requests--;
    rpc_channel_resume(client->channel);
}

/* ---- what leaves --------------------------------------------------------------------------- */

static void on_reply_sent(size_t size, void *data)
{
    (void)size;
    rpc_client_end_request(data);
}

void rpc_client_send_reply(RpcClient *client, const uint8_t *bytes, size_t size, const int *fds,
                           size_t n_fds)
{
    const RpcOutgoing reply = { .bytes = bytes,
                                .size = size,
                                .fds = fds,
                                .n_fds = n_fds,
                                .sent = on_reply_sent,
                                .data = client };

    if (rpc_channel_send(client->channel, &reply))
        rpc_client_end_request(client);
}

void rpc_client_send_error(RpcClient *client, const RpcHeader *call, const GError *err)
{
    XdrBuffer out = { 0 };

    rpc_error_build(&out, call, RPC_TYPE_REPLY, err);
    rpc_client_send_reply(client, out.data, out.len, NULL, 0);
    xdr_buffer_clear(&out);
}

static void on_message_sent(size_t size, void *data)
{
    RpcClient *client = data;

    client->event_bytes -= size + EVENT_OVERHEAD;
}

void rpc_client_send_message(RpcClient *client, const uint8_t *bytes, size_t size)
{
    const RpcOutgoing message = {
        .bytes = bytes, .size = size, .sent = on_message_sent, .data = client
    };

    if (client->closing)
        return;
    if (client->event_bytes + size > EVENT_BYTES_MAX) {
        log_warning("client %" G_GUINT64_FORMAT " does not read its events", client->id);
        rpc_client_disconnect(client, "too many events wait");
        return;
    }
    if (!rpc_channel_send(client->channel, &message))
        client->event_bytes += size + EVENT_OVERHEAD;
}

bool rpc_client_send_stream(RpcClient *client, const RpcOutgoing *packet)
{
    return rpc_channel_send(client->channel, packet);
}

/* ---- for drivers: server.h ----------------------------------------------------------------- */

uid_t rpc_client_uid(RpcClient *client)
{
    return client->uid;
}

bool rpc_client_socket_is_readonly(RpcClient *client)
{
    return client->socket_readonly;
}

uint64_t rpc_client_id(RpcClient *client)
{
    return client->id;
}

void *rpc_client_data(RpcClient *client)
{
    return client->data;
}

void rpc_client_set_data(RpcClient *client, void *data)
{
    client->data = data;
}

void rpc_client_send_event(RpcClient *client, const RpcProgram *program, int32_t procedure,
                           const XdrType *type, const void *payload)
{
    /* libvirt's own server numbers every event 1. */
    const RpcHeader header = { .program = program->number,
                               .version = program->version,
                               .procedure = procedure,
                               .type = RPC_TYPE_MESSAGE,
                               .serial = 1 };
    XdrBuffer out = { 0 };
    XdrStatus status = rpc_packet_build(&out, &header, 0, type, payload);

    if (status == XDR_OK)
        rpc_client_send_message(client, out.data, out.len);
    else
        log_error("cannot encode event %d: %s", procedure, xdr_status_text(status));
    xdr_buffer_clear(&out);
}

void rpc_client_start_keepalive(RpcClient *client)
{
    rpc_keepalive_start(client->server->clock, client);
}

void rpc_client_close_after_reply(RpcClient *client)
{
    client->closing = true;
    if (!client->calls.head)
        rpc_channel_close_when_sent(client->channel);
}

void rpc_client_set_identity(RpcClient *client, const RemoteConnectSetIdentityArgs *identity)
{
    RemoteConnectSetIdentityArgs *copy = calloc(1, sizeof *copy);

    if (!copy || !xdr_copy(&remote_connect_set_identity_args_xdr, identity, copy))
        g_error("out of memory");
    xdr_free(&remote_connect_set_identity_args_xdr, client->identity);
    client->identity = copy;
}

void rpc_client_set_readonly(RpcClient *client, bool readonly)
{
    client->readonly = readonly || client->socket_readonly;
}
