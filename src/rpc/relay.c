// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See relay.h. A call that was passed on is an Exchange: it knows the client's serial number and
 * the upstream's, lives until the reply, and if the call opened a stream, until that ends too.
 *
 * A Link is one upstream with the exchanges on it. Packets that wait for a socket keep a reference
 * to their link, since they are reported as sent (or lost) after the link may have gone.
 */
#include "rpc/relay.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "rpc/client.h"
#include "rpc/upstream.h"
#include "rpc/wire-error.h"

#include <fcntl.h>

/* Stream data that may wait for a socket, on either side, before its source is no longer read. */
#define WAITING_MAX (1u << 20)

typedef struct Link {
    unsigned refs;
    RpcRelay *relay; /* NULL once the link has been cut */
    RpcRoute route;
    RpcUpstream *upstream;
    GHashTable *exchanges; /* upstream's serial -> Exchange, which it owns */
    GQueue parked;         /* of Parked: calls that wait until the upstream is ready */
    size_t to_client;      /* bytes of streams that wait for the client's socket */
} Link;

typedef struct Exchange {
    Link *link;
    RpcHeader request; /* as the client sent it */
    uint32_t serial;   /* the upstream's */
    bool stream;       /* opens a stream, or has opened one that has not ended */
    bool replied;
} Exchange;

typedef struct Parked {
    uint8_t *bytes;
    size_t size;
    int fds[RPC_FDS_MAX];
    size_t n_fds;
} Parked;

struct RpcRelay {
    RpcClient *client;
    Poller *poller;
    const char *run_dir;
    Link *links[RPC_ROUTE_LAST];
    GHashTable *streams; /* client's serial -> Exchange that is a stream, borrowed from its link */
    bool client_held;    /* a packet of the client was refused */
};

/* ---- exchanges ----------------------------------------------------------------------------- */

/* The stream is over; the exchange goes with it unless its reply is still to come. */
static void end_stream(Exchange *exchange)
{
    g_hash_table_remove(exchange->link->relay->streams, GUINT_TO_POINTER(exchange->request.serial));
    exchange->stream = false;
    if (exchange->replied)
        g_hash_table_remove(exchange->link->exchanges, GUINT_TO_POINTER(exchange->serial));
}

static void end_call(Exchange *exchange, bool failed)
{
    exchange->replied = true;
    if (exchange->stream && failed)
        end_stream(exchange);
    else if (!exchange->stream)
        g_hash_table_remove(exchange->link->exchanges, GUINT_TO_POINTER(exchange->serial));
}

static Exchange *exchange_new(Link *link, const RpcProcedure *procedure, const RpcHeader *request)
{
    Exchange *exchange = g_new0(Exchange, 1);

    exchange->link = link;
    exchange->request = *request;
    exchange->serial = rpc_upstream_next_serial(link->upstream);
    exchange->stream = procedure->stream;
    g_hash_table_insert(link->exchanges, GUINT_TO_POINTER(exchange->serial), exchange);
    if (exchange->stream)
        g_hash_table_insert(link->relay->streams, GUINT_TO_POINTER(request->serial), exchange);
    return exchange;
}

/* A copy of a packet under another serial number. */
static uint8_t *copy_renumbered(const RpcPacket *packet, uint32_t serial)
{
    uint8_t *bytes = g_memdup2(packet->bytes, packet->size);
    RpcHeader header = packet->header;

    header.serial = serial;
    rpc_header_write(bytes, packet->size, &header);
    return bytes;
}

/* ---- links --------------------------------------------------------------------------------- */

static void parked_free(Parked *parked)
{
    for (size_t i = 0; i < parked->n_fds; i++)
        fd_close(parked->fds[i]);
    g_free(parked->bytes);
    g_free(parked);
}

static void link_unref(Link *link)
{
    if (--link->refs == 0)
        g_free(link);
}

/* Closes the link's upstream and forgets what was on it. */
static void link_cut(Link *link)
{
    Parked *parked;

    link->relay->links[link->route] = NULL;
    link->relay = NULL;
    rpc_upstream_free(g_steal_pointer(&link->upstream));
    while ((parked = g_queue_pop_head(&link->parked)))
        parked_free(parked);
    g_hash_table_unref(g_steal_pointer(&link->exchanges));
    link_unref(link);
}

/* Lets the client go on if one of its packets was refused. */
static void resume_client(RpcRelay *relay)
{
    if (!relay->client_held)
        return;
    relay->client_held = false;
    rpc_channel_resume(relay->client->channel);
}

/* ---- client to upstream -------------------------------------------------------------------- */

static void on_sent_upstream(size_t size, void *data)
{
    Link *link = data;

    (void)size;
    if (link->relay && rpc_channel_queued(rpc_upstream_channel(link->upstream)) <= WAITING_MAX / 2)
        resume_client(link->relay);
    link_unref(link);
}

static void send_upstream(Link *link, const uint8_t *bytes, size_t size, const int *fds,
                          size_t n_fds)
{
    const RpcOutgoing outgoing = { .bytes = bytes,
                                   .size = size,
                                   .fds = fds,
                                   .n_fds = n_fds,
                                   .sent = on_sent_upstream,
                                   .data = link };

    link->refs++;
    if (rpc_channel_send(rpc_upstream_channel(link->upstream), &outgoing))
        link_unref(link);
}

/* False with errno: a descriptor cannot be kept. */
static bool park(Link *link, const RpcPacket *packet, uint32_t serial)
{
    Parked *parked = g_new0(Parked, 1);

    parked->bytes = copy_renumbered(packet, serial);
    parked->size = packet->size;
    while (parked->n_fds < packet->n_fds) {
        int copy = fcntl(packet->fds[parked->n_fds], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            parked_free(parked);
            return false;
        }
        parked->fds[parked->n_fds++] = copy;
    }
    g_queue_push_tail(&link->parked, parked);
    return true;
}

static void on_ready(void *data)
{
    Link *link = data;
    Parked *parked;

    while ((parked = g_queue_pop_head(&link->parked))) {
        send_upstream(link, parked->bytes, parked->size, parked->fds, parked->n_fds);
        parked_free(parked);
    }
    resume_client(link->relay);
}

/* ---- upstream to client -------------------------------------------------------------------- */

static void pass_reply(Exchange *exchange, const RpcPacket *packet)
{
    g_autofree uint8_t *bytes = copy_renumbered(packet, exchange->request.serial);
    RpcClient *client = exchange->link->relay->client;

    end_call(exchange, packet->header.status != RPC_STATUS_OK);
    rpc_client_send_reply(client, bytes, packet->size, packet->fds, packet->n_fds);
}

static void on_sent_to_client(size_t size, void *data)
{
    Link *link = data;

    link->to_client -= size;
    if (link->relay && link->to_client <= WAITING_MAX / 2)
        rpc_channel_resume(rpc_upstream_channel(link->upstream));
    link_unref(link);
}

/* False: too much is waiting already. */
static bool pass_stream(Exchange *exchange, const RpcPacket *packet)
{
    Link *link = exchange->link;
    g_autofree uint8_t *bytes = NULL;
    RpcOutgoing outgoing = { .size = packet->size, .sent = on_sent_to_client, .data = link };

    if (link->to_client > WAITING_MAX)
        return false;
    outgoing.bytes = bytes = copy_renumbered(packet, exchange->request.serial);
    if (packet->header.type == RPC_TYPE_STREAM && packet->header.status != RPC_STATUS_CONTINUE)
        end_stream(exchange);
    if (!rpc_client_send_stream(link->relay->client, &outgoing)) {
        link->refs++;
        link->to_client += packet->size;
    }
    return true;
}

static bool on_packet(RpcPacket *packet, void *data)
{
    Link *link = data;
    Exchange *exchange =
        g_hash_table_lookup(link->exchanges, GUINT_TO_POINTER(packet->header.serial));

    switch (packet->header.type) {
    case RPC_TYPE_REPLY:
    case RPC_TYPE_REPLY_WITH_FDS:
        if (exchange && !exchange->replied)
            pass_reply(exchange, packet);
        return true;
    case RPC_TYPE_STREAM:
    case RPC_TYPE_STREAM_HOLE:
        return !exchange || !exchange->stream || pass_stream(exchange, packet);
    case RPC_TYPE_MESSAGE:
        rpc_client_send_message(link->relay->client, packet->bytes, packet->size);
        return true;
    default: /* nothing that a server sends */
        return true;
    }
}

/* ---- failure ------------------------------------------------------------------------------- */

static void fail_exchange(RpcClient *client, const Exchange *exchange, const GError *err)
{
    XdrBuffer out = { 0 };

    if (exchange->stream && exchange->replied) {
        rpc_error_build(&out, &exchange->request, RPC_TYPE_STREAM, err);
        (void)rpc_client_send_stream(client, &(RpcOutgoing){ .bytes = out.data, .size = out.len });
        xdr_buffer_clear(&out);
    } else {
        rpc_client_send_error(client, &exchange->request, err);
    }
}

static void on_failed(const GError *err, void *data)
{
    Link *link = data;
    RpcRelay *relay = link->relay;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, link->exchanges);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Exchange *exchange = value;
        if (exchange->stream)
            g_hash_table_remove(relay->streams, GUINT_TO_POINTER(exchange->request.serial));
        fail_exchange(relay->client, exchange, err);
    }
    link_cut(link);
    resume_client(relay);
}

static const RpcUpstreamEvents upstream_events = { .ready = on_ready,
                                                   .packet = on_packet,
                                                   .failed = on_failed };

/* ---- the relay ----------------------------------------------------------------------------- */

static Link *link_to(RpcRelay *relay, RpcRoute route)
{
    const RpcClient *client = relay->client;
    const RpcUpstreamConfig config = { .poller = relay->poller,
                                       .run_dir = relay->run_dir,
                                       .route = route,
                                       .readonly = client->readonly,
                                       .uid = client->uid,
                                       .gid = client->gid,
                                       .pid = client->pid,
                                       .start_time = client->start_time,
                                       .identity = client->identity };
    Link *link = relay->links[route];

    if (link)
        return link;
    link = g_new0(Link, 1);
    link->refs = 1;
    link->relay = relay;
    link->route = route;
    link->exchanges = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    link->upstream = rpc_upstream_new(&config, &upstream_events, link);
    relay->links[route] = link;
    return link;
}

RpcRelay *rpc_relay_new(RpcClient *client, Poller *poller, const char *run_dir)
{
    RpcRelay *relay = g_new0(RpcRelay, 1);

    relay->client = client;
    relay->poller = poller;
    relay->run_dir = run_dir;
    relay->streams = g_hash_table_new(NULL, NULL);
    return relay;
}

void rpc_relay_free(RpcRelay *relay)
{
    if (!relay)
        return;
    for (RpcRoute route = RPC_NETWORK; route < RPC_ROUTE_LAST; route++) {
        if (relay->links[route])
            link_cut(relay->links[route]);
    }
    g_hash_table_unref(relay->streams);
    g_free(relay);
}

static void refuse(RpcRelay *relay, const RpcHeader *request, GError *err)
{
    rpc_client_send_error(relay->client, request, err);
    g_error_free(err);
}

void rpc_relay_call(RpcRelay *relay, const RpcProcedure *procedure, const RpcPacket *packet)
{
    Link *link = link_to(relay, procedure->route);
    GError *err = NULL;
    Exchange *exchange;

    if (g_hash_table_contains(relay->streams, GUINT_TO_POINTER(packet->header.serial))) {
        (void)fail(&err, ERR(RPC, RPC), _("serial number %u belongs to an open stream"),
                   packet->header.serial);
        refuse(relay, &packet->header, err);
        return;
    }
    exchange = exchange_new(link, procedure, &packet->header);
    if (rpc_upstream_is_ready(link->upstream)) {
        g_autofree uint8_t *bytes = copy_renumbered(packet, exchange->serial);
        send_upstream(link, bytes, packet->size, packet->fds, packet->n_fds);
    } else if (!park(link, packet, exchange->serial)) {
        (void)fail_errno(&err, errno, _("cannot keep a file descriptor of %s"), procedure->name);
        end_call(exchange, true);
        refuse(relay, &packet->header, err);
    }
}

RpcRelayVerdict rpc_relay_stream(RpcRelay *relay, const RpcPacket *packet)
{
    Exchange *exchange =
        g_hash_table_lookup(relay->streams, GUINT_TO_POINTER(packet->header.serial));
    g_autofree uint8_t *bytes = NULL;
    Link *link;

    if (!exchange || exchange->request.procedure != packet->header.procedure ||
        exchange->request.program != packet->header.program)
        return RPC_RELAY_UNKNOWN;
    link = exchange->link;
    if (!rpc_upstream_is_ready(link->upstream) ||
        rpc_channel_queued(rpc_upstream_channel(link->upstream)) > WAITING_MAX) {
        relay->client_held = true;
        return RPC_RELAY_BUSY;
    }
    bytes = copy_renumbered(packet, exchange->serial);
    send_upstream(link, bytes, packet->size, NULL, 0);
    return RPC_RELAY_TAKEN;
}
