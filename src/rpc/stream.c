// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See stream.h for the idea. */
#include "rpc/stream.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "rpc/client.h"
#include "rpc/server-state.h"
#include "rpc/wire-error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the client may have sent and fd not yet taken. */
#define PENDING_MAX (4u << 20)
/*
 * A terminal that is written to without a pause gives a few KiB at a time. Each of these would wake
 * us and the client up, which costs more than passing it on. So after a packet that was no answer
 * to the client, what comes gathers for so long.
 */
#define GATHER_MS 1

struct RpcStream {
    unsigned refs;     /* the client's list, the opening call, chunks that wait for the socket */
    RpcClient *client; /* NULL once closed */
    GList link;        /* in client->streams */
    RpcHeader header;  /* of every packet */
    int fd;
    PollerWatch *watch; /* NULL while there is nothing to wait for */
    GBytes *backlog;
    GByteArray *pending; /* from the client, for fd */
    size_t taken;        /* the start of it that fd has taken already */
    unsigned sending;    /* packets that wait for the socket */
    unsigned gathering;  /* a source of the main loop; 0: there is none */
    bool heard;          /* the client has said something since the last packet to it */
    bool started;
    bool ended;      /* end of data was sent */
    bool finishing;  /* confirm once pending is empty */
    bool unwritable; /* fd takes nothing more */
    RpcStreamClosed *closed;
    void *data;
};

static void update_interest(RpcStream *stream);

/* ---- life ---------------------------------------------------------------------------------- */

RpcStream *rpc_stream_new(RpcClient *client, const RpcHeader *call, const RpcStreamSource *source)
{
    RpcStream *stream;

    if (!client || client->closing) {
        fd_close(source->fd);
        if (source->closed)
            source->closed(source->data);
        return NULL;
    }
    stream = g_new0(RpcStream, 1);
    stream->refs = 2; /* the client's and the caller's */
    stream->client = client;
    stream->header = *call;
    stream->header.type = RPC_TYPE_STREAM;
    stream->fd = source->fd;
    stream->backlog = source->backlog ? g_bytes_ref(source->backlog) : NULL;
    stream->pending = g_byte_array_new();
    stream->closed = source->closed;
    stream->data = source->data;
    stream->link.data = stream;
    g_queue_push_tail_link(&client->streams, &stream->link);
    return stream;
}

void rpc_stream_unref(RpcStream *stream)
{
    if (!stream || --stream->refs > 0)
        return;
    g_clear_pointer(&stream->backlog, g_bytes_unref);
    g_byte_array_unref(stream->pending);
    g_free(stream);
}

void rpc_stream_close(RpcStream *stream)
{
    if (!stream->client)
        return;
    g_queue_unlink(&stream->client->streams, &stream->link);
    stream->client = NULL;
    g_clear_pointer(&stream->watch, poller_unwatch);
    g_clear_handle_id(&stream->gathering, g_source_remove);
    fd_close(fd_steal(&stream->fd));
    if (stream->closed)
        stream->closed(stream->data);
    rpc_stream_unref(stream);
}

void rpc_streams_close(RpcClient *client)
{
    while (client->streams.head)
        rpc_stream_close(client->streams.head->data);
}

/* ---- to the client ------------------------------------------------------------------------- */

static void on_sent(size_t size, void *data)
{
    RpcStream *stream = data;

    (void)size;
    stream->sending--;
    if (stream->client && stream->sending == 0)
        update_interest(stream);
    rpc_stream_unref(stream);
}

/* `packet` has room for the header in front of `size` bytes of data. */
static void send_packet(RpcStream *stream, RpcStatus status, uint8_t *packet, size_t size)
{
    const RpcOutgoing outgoing = {
        .bytes = packet, .size = RPC_HEADER_SIZE + size, .sent = on_sent, .data = stream
    };

    stream->header.status = status;
    rpc_header_write(packet, outgoing.size, &stream->header);
    stream->refs++;
    stream->sending++;
    if (rpc_client_send_stream(stream->client, &outgoing))
        on_sent(outgoing.size, stream);
}

static void send_empty(RpcStream *stream, RpcStatus status)
{
    uint8_t packet[RPC_HEADER_SIZE];

    send_packet(stream, status, packet, 0);
}

static void send_end(RpcStream *stream)
{
    if (stream->ended || stream->finishing)
        return;
    stream->ended = true;
    send_empty(stream, RPC_STATUS_CONTINUE);
}

static void send_backlog(RpcStream *stream)
{
    size_t size = 0;
    const uint8_t *data = stream->backlog ? g_bytes_get_data(stream->backlog, &size) : NULL;

    while (size > 0) {
        uint8_t packet[RPC_HEADER_SIZE + 65536];
        size_t step = MIN(size, sizeof packet - RPC_HEADER_SIZE);
        memcpy(packet + RPC_HEADER_SIZE, data, step);
        send_packet(stream, RPC_STATUS_CONTINUE, packet, step);
        data += step;
        size -= step;
    }
    g_clear_pointer(&stream->backlog, g_bytes_unref);
}

/*
 * Reads as much as there is, up to one chunk: a pty gives at most a page at a time, and packets of
 * that size would cost the client more than the copying. False: fd is at its end or broken.
 */
static bool read_chunk(int fd, uint8_t *into, size_t *ret_size, int *ret_errnum)
{
    size_t size = 0;

    *ret_errnum = 0;
    while (size < RPC_STREAM_CHUNK) {
        ssize_t n = read(fd, into + size, RPC_STREAM_CHUNK - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *ret_errnum = n < 0 ? errno : 0;
            break;
        }
        size += (size_t)n;
    }
    *ret_size = size;
    return size == RPC_STREAM_CHUNK || *ret_errnum == EAGAIN;
}

/* A pty without anybody at its other side reads as EIO. */
static bool is_hang_up(int errnum)
{
    return errnum == 0 || errnum == EIO || errnum == ECONNRESET;
}

static gboolean gathered(gpointer data)
{
    RpcStream *stream = data;

    stream->gathering = 0;
    update_interest(stream);
    return G_SOURCE_REMOVE;
}

static void gather(RpcStream *stream)
{
    if (!stream->heard)
        stream->gathering = g_timeout_add(GATHER_MS, gathered, stream);
    stream->heard = false;
}

static void forward_chunk(RpcStream *stream)
{
    uint8_t packet[RPC_HEADER_SIZE + RPC_STREAM_CHUNK];
    GError *err = NULL;
    int errnum;
    size_t size;
    bool more = read_chunk(stream->fd, packet + RPC_HEADER_SIZE, &size, &errnum);

    if (size > 0)
        send_packet(stream, RPC_STATUS_CONTINUE, packet, size);
    if (more) {
        gather(stream);
        return;
    }
    if (is_hang_up(errnum)) {
        send_end(stream);
        return;
    }
    (void)fail_errno(&err, errnum, _("cannot read from the stream's other side"));
    rpc_stream_fail(stream, err);
}

/* ---- from the client ----------------------------------------------------------------------- */

static void confirm(RpcStream *stream)
{
    send_empty(stream, RPC_STATUS_OK);
    rpc_stream_close(stream);
}

/* How much fd takes now; what it can never take counts as taken. */
static size_t write_some(RpcStream *stream, const uint8_t *data, size_t size)
{
    ssize_t n;

    if (stream->unwritable)
        return size;
    do {
        n = write(stream->fd, data, size);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return (size_t)n;
    if (errno == EAGAIN)
        return 0;
    stream->unwritable = true;
    return size;
}

static size_t pending_size(const RpcStream *stream)
{
    return stream->pending->len - stream->taken;
}

/* Moves the rest to the front only when that is little compared to what has gone. */
static void forget_taken(RpcStream *stream)
{
    if (pending_size(stream) > stream->taken)
        return;
    g_byte_array_remove_range(stream->pending, 0, (guint)stream->taken);
    stream->taken = 0;
}

static void write_pending(RpcStream *stream)
{
    while (pending_size(stream) > 0) {
        size_t n = write_some(stream, stream->pending->data + stream->taken, pending_size(stream));
        if (n == 0)
            break;
        stream->taken += n;
    }
    forget_taken(stream);
    if (pending_size(stream) == 0 && stream->finishing)
        confirm(stream);
}

static void take_data(RpcStream *stream, const uint8_t *data, size_t size)
{
    GError *err = NULL;
    size_t n = 0;

    if (stream->finishing)
        return;
    stream->heard = true;
    g_clear_handle_id(&stream->gathering, g_source_remove);
    while (pending_size(stream) == 0 && n < size) {
        size_t step = write_some(stream, data + n, size - n);
        if (step == 0)
            break;
        n += step;
    }
    if (pending_size(stream) + size - n > PENDING_MAX) {
        (void)fail(&err, ERR(STREAMS, OPERATION_FAILED),
                   _("the stream's other side does not take what is sent"));
        rpc_stream_fail(stream, err);
        return;
    }
    g_byte_array_append(stream->pending, data + n, (guint)(size - n));
    update_interest(stream);
}

static void refuse_hole(RpcStream *stream)
{
    GError *err = NULL;

    (void)fail(&err, ERR(STREAMS, OPERATION_UNSUPPORTED), _("this stream cannot have holes"));
    rpc_stream_fail(stream, err);
}

static void take_packet(RpcStream *stream, const RpcPacket *packet)
{
    if (packet->header.type == RPC_TYPE_STREAM_HOLE) {
        refuse_hole(stream);
        return;
    }
    switch (packet->header.status) {
    case RPC_STATUS_CONTINUE:
        take_data(stream, packet->payload, packet->payload_size);
        break;
    case RPC_STATUS_OK:
        stream->finishing = true;
        if (pending_size(stream) == 0)
            confirm(stream);
        else
            update_interest(stream);
        break;
    case RPC_STATUS_ERROR:
        confirm(stream);
        break;
    default: /* a number of the peer's */
        break;
    }
}

void rpc_stream_packet(RpcClient *client, RpcPacket *packet)
{
    for (GList *l = client->streams.head; l; l = l->next) {
        RpcStream *stream = l->data;
        if (stream->header.serial == packet->header.serial &&
            stream->header.procedure == packet->header.procedure &&
            stream->header.program == packet->header.program) {
            take_packet(stream, packet);
            return;
        }
    }
}

/* ---- waiting ------------------------------------------------------------------------------- */

static bool wants_to_read(const RpcStream *stream)
{
    return stream->started && stream->sending == 0 && !stream->gathering && !stream->ended &&
           !stream->finishing;
}

static void on_ready(uint32_t events, void *data)
{
    RpcStream *stream = data;

    stream->refs++;
    if (pending_size(stream) > 0 && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
        write_pending(stream);
    if (stream->client && wants_to_read(stream) && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        forward_chunk(stream);
    if (stream->client)
        update_interest(stream);
    rpc_stream_unref(stream);
}

/* Without a wish there is no watch: a hang-up would be reported again and again. */
static void update_interest(RpcStream *stream)
{
    uint32_t wanted = 0;

    if (wants_to_read(stream))
        wanted |= EPOLLIN;
    if (pending_size(stream) > 0)
        wanted |= EPOLLOUT;
    if (wanted == 0) {
        g_clear_pointer(&stream->watch, poller_unwatch);
    } else if (stream->watch) {
        poller_watch_set(stream->watch, wanted);
    } else {
        stream->watch =
            poller_watch(stream->client->server->poller, stream->fd, wanted, on_ready, stream);
        if (!stream->watch) {
            GError *err = NULL;
            (void)fail_errno(&err, errno, _("cannot wait for the stream's other side"));
            rpc_stream_fail(stream, err);
        }
    }
}

void rpc_stream_start(RpcStream *stream)
{
    if (!stream->client)
        return;
    stream->started = true;
    send_backlog(stream);
    update_interest(stream);
}

/* ---- for handlers: call.h ------------------------------------------------------------------ */

void rpc_stream_fail(RpcStream *stream, GError *err)
{
    XdrBuffer out = { 0 };

    if (stream->client) {
        rpc_error_build(&out, &stream->header, RPC_TYPE_STREAM, err);
        (void)rpc_client_send_stream(stream->client,
                                     &(RpcOutgoing){ .bytes = out.data, .size = out.len });
        xdr_buffer_clear(&out);
        rpc_stream_close(stream);
    }
    g_error_free(err);
}
