// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See channel.h for the idea. */
#include "rpc/channel.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_SIZE 65536u

/* What the socket did not take at once. */
typedef struct Waiting {
    GList link;
    uint8_t *bytes; /* the whole packet's rest */
    size_t size;
    size_t done;
    size_t packet_size;
    int fds[RPC_FDS_MAX]; /* ours */
    size_t n_fds;
    size_t fds_done;
    RpcSent *sent;
    void *data;
} Waiting;

struct RpcChannel {
    int fd;
    PollerWatch *watch;
    const RpcChannelEvents *events; /* borrowed */
    void *data;

    uint8_t *in; /* bytes that are not yet a whole, accepted packet */
    size_t in_size;
    size_t in_allocated;
    int fds[RPC_FDS_MAX]; /* arrived, not yet claimed by a packet; in order */
    size_t n_fds;

    GQueue waiting;
    size_t queued;

    bool held;     /* a packet was refused */
    bool kicked;   /* look at `in` again at the next turn */
    bool closing;  /* read nothing more, end when all is sent */
    bool running;  /* inside our own callback: free later */
    bool finished; /* the end was reported */
    bool freed;
    const char *why; /* set: the connection is over and this is the reason */
};

/* ---- writing ------------------------------------------------------------------------------- */

static void waiting_free(Waiting *waiting)
{
    if (waiting->sent)
        waiting->sent(waiting->packet_size, waiting->data);
    for (size_t i = waiting->fds_done; i < waiting->n_fds; i++)
        fd_close(waiting->fds[i]);
    g_free(waiting->bytes);
    g_free(waiting);
}

/* How much went out; -1 when the connection is broken. */
static ssize_t write_some(RpcChannel *channel, const uint8_t *bytes, size_t size)
{
    ssize_t n;

    do {
        n = send(channel->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN)
        return 0;
    rpc_channel_shutdown(channel, "cannot write");
    return -1;
}

/* True: sent. False: not now, or never (then channel->why is set). */
static bool write_fd(RpcChannel *channel, int fd)
{
    const uint8_t zero = 0;

    if (fd_send_message(channel->fd, &zero, sizeof zero, &fd, 1))
        return true;
    if (errno != EAGAIN)
        rpc_channel_shutdown(channel, "cannot pass a descriptor");
    return false;
}

static bool write_waiting(RpcChannel *channel, Waiting *waiting)
{
    while (waiting->done < waiting->size) {
        ssize_t n =
            write_some(channel, waiting->bytes + waiting->done, waiting->size - waiting->done);
        if (n <= 0)
            return false;
        waiting->done += (size_t)n;
        channel->queued -= (size_t)n;
    }
    while (waiting->fds_done < waiting->n_fds) {
        if (!write_fd(channel, waiting->fds[waiting->fds_done]))
            return false;
        fd_close(waiting->fds[waiting->fds_done++]);
    }
    return true;
}

static void flush(RpcChannel *channel)
{
    while (!channel->why && !channel->freed && channel->waiting.head) {
        Waiting *waiting = channel->waiting.head->data;
        if (!write_waiting(channel, waiting))
            return;
        g_queue_unlink(&channel->waiting, &waiting->link);
        waiting_free(waiting);
    }
}

static void update_interest(RpcChannel *channel)
{
    uint32_t wanted = 0;

    if (channel->running || channel->freed)
        return; /* once at the end of the turn */
    if (!channel->held && !channel->closing)
        wanted |= EPOLLIN;
    if (channel->waiting.head || channel->kicked)
        wanted |= EPOLLOUT;
    poller_watch_set(channel->watch, wanted);
}

/* Copies what is left of `outgoing` after `done` bytes and `fds_done` descriptors. */
static void wait_with(RpcChannel *channel, const RpcOutgoing *outgoing, size_t done,
                      size_t fds_done)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->link.data = waiting;
    waiting->size = outgoing->size - done;
    waiting->bytes = g_memdup2(outgoing->bytes + done, waiting->size);
    waiting->packet_size = outgoing->size;
    waiting->sent = outgoing->sent;
    waiting->data = outgoing->data;
    for (size_t i = fds_done; i < outgoing->n_fds; i++) {
        int copy = fcntl(outgoing->fds[i], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            rpc_channel_shutdown(channel, "cannot keep a descriptor");
            break;
        }
        waiting->fds[waiting->n_fds++] = copy;
    }
    channel->queued += waiting->size;
    g_queue_push_tail_link(&channel->waiting, &waiting->link);
    update_interest(channel);
}

bool rpc_channel_send(RpcChannel *channel, const RpcOutgoing *outgoing)
{
    size_t fds_done = 0;
    ssize_t n = 0;

    g_return_val_if_fail(outgoing->n_fds <= RPC_FDS_MAX, true);
    if (channel->why || channel->freed)
        return true;
    if (!channel->waiting.head)
        n = write_some(channel, outgoing->bytes, outgoing->size);
    if (n < 0)
        return true;
    if ((size_t)n == outgoing->size)
        while (fds_done < outgoing->n_fds && write_fd(channel, outgoing->fds[fds_done]))
            fds_done++;
    if (channel->why || ((size_t)n == outgoing->size && fds_done == outgoing->n_fds))
        return true;
    wait_with(channel, outgoing, (size_t)n, fds_done);
    return false;
}

size_t rpc_channel_queued(const RpcChannel *channel)
{
    return channel->queued;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void close_fds(RpcChannel *channel)
{
    while (channel->n_fds > 0)
        fd_close(channel->fds[--channel->n_fds]);
}

/* Keeps what is left at `rest`, which may lie inside the buffer itself. */
static void keep_rest(RpcChannel *channel, const uint8_t *rest, size_t size)
{
    if (size == 0) {
        g_clear_pointer(&channel->in, g_free);
        channel->in_size = channel->in_allocated = 0;
        return;
    }
    if (!channel->in) {
        channel->in = g_memdup2(rest, size);
        channel->in_allocated = size;
    } else if (rest != channel->in) {
        memmove(channel->in, rest, size);
    }
    channel->in_size = size;
}

/*
 * Is there a whole packet with all its descriptor bytes at the start of `bytes`? Fills *ret_packet
 * and *ret_used if so. A peer that breaks the framing is cut off.
 */
static bool find_packet(RpcChannel *channel, const uint8_t *bytes, size_t size,
                        RpcPacket *ret_packet, size_t *ret_used)
{
    size_t length = size >= RPC_LENGTH_SIZE ? rpc_word_read(bytes) : RPC_HEADER_SIZE;
    size_t start = RPC_HEADER_SIZE;
    size_t n_fds = 0;

    if (length < RPC_HEADER_SIZE || length > RPC_PACKET_MAX) {
        rpc_channel_shutdown(channel, "bad packet length");
        return false;
    }
    if (size < length)
        return false;
    rpc_header_read(bytes, &ret_packet->header);
    if (ret_packet->header.type == RPC_TYPE_CALL_WITH_FDS ||
        ret_packet->header.type == RPC_TYPE_REPLY_WITH_FDS) {
        n_fds = length >= start + 4 ? rpc_word_read(bytes + start) : RPC_FDS_MAX + 1;
        start += 4;
    }
    if (n_fds > RPC_FDS_MAX) {
        rpc_channel_shutdown(channel, "bad number of descriptors");
        return false;
    }
    if (size < length + n_fds)
        return false;
    if (channel->n_fds < n_fds) {
        rpc_channel_shutdown(channel, "descriptors are missing");
        return false;
    }
    ret_packet->bytes = bytes;
    ret_packet->size = length;
    ret_packet->payload = bytes + start;
    ret_packet->payload_size = length - start;
    ret_packet->fds = channel->fds;
    ret_packet->n_fds = n_fds;
    *ret_used = length + n_fds;
    return true;
}

/* Closes what the receiver left of a packet's descriptors and moves the others up. */
static void drop_packet_fds(RpcChannel *channel, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fd_close(channel->fds[i]);
    channel->n_fds -= n;
    memmove(channel->fds, channel->fds + n, channel->n_fds * sizeof channel->fds[0]);
}

/* Offers every whole packet in `bytes`; returns how much was used up. */
static size_t offer_packets(RpcChannel *channel, const uint8_t *bytes, size_t size)
{
    size_t used = 0;

    channel->held = false;
    while (!channel->why && !channel->closing && !channel->freed) {
        RpcPacket packet;
        size_t step;
        if (!find_packet(channel, bytes + used, size - used, &packet, &step))
            break;
        if (!channel->events->packet(&packet, channel->data)) {
            channel->held = true;
            break;
        }
        drop_packet_fds(channel, packet.n_fds);
        used += step;
    }
    return used;
}

/* Takes descriptors out of a received control message. False: there are more than we can hold. */
static bool take_fds(RpcChannel *channel, struct msghdr *message)
{
    bool fits = !(message->msg_flags & MSG_CTRUNC);

    for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
        size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(h) + i * sizeof fd, sizeof fd);
            if (channel->n_fds < RPC_FDS_MAX) {
                channel->fds[channel->n_fds++] = fd;
            } else {
                fd_close(fd);
                fits = false;
            }
        }
    }
    return fits;
}

/* How much came; 0 for nothing now or the end (then channel->why is set). */
static size_t receive(RpcChannel *channel, uint8_t *into, size_t room)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * RPC_FDS_MAX)];
    } control;
    struct iovec part = { .iov_base = into, .iov_len = room };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    ssize_t n;

    do {
        n = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0) {
        rpc_channel_shutdown(channel, n == 0 ? "the peer hung up" : "cannot read");
        return 0;
    }
    if (!take_fds(channel, &message))
        rpc_channel_shutdown(channel, "too many descriptors");
    return (size_t)n;
}

/* Room for another read behind a packet that is on its way: half as much again as has arrived. */
static void make_room(RpcChannel *channel)
{
    size_t wanted = channel->in_size + MAX(READ_SIZE, channel->in_size / 2);

    if (channel->in_allocated - channel->in_size >= READ_SIZE)
        return;
    channel->in = g_realloc(channel->in, wanted);
    channel->in_allocated = wanted;
}

static void offer_kept(RpcChannel *channel)
{
    size_t used = offer_packets(channel, channel->in, channel->in_size);

    keep_rest(channel, channel->in + used, channel->in_size - used);
}

static void read_packets(RpcChannel *channel)
{
    if (channel->in_size > 0) {
        make_room(channel);
        channel->in_size += receive(channel, channel->in + channel->in_size,
                                    channel->in_allocated - channel->in_size);
        offer_kept(channel);
    } else {
        uint8_t fresh[READ_SIZE];
        size_t n = receive(channel, fresh, sizeof fresh);
        size_t used = offer_packets(channel, fresh, n);
        keep_rest(channel, fresh + used, n - used);
    }
    if (channel->in_size == 0)
        close_fds(channel); /* they came with bytes that wanted none */
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Tells everybody who waits; nothing of theirs is touched after that. */
static void drop_waiting(RpcChannel *channel)
{
    while (channel->waiting.head) {
        Waiting *waiting = channel->waiting.head->data;
        g_queue_unlink(&channel->waiting, &waiting->link);
        waiting_free(waiting);
    }
}

static void really_free(RpcChannel *channel)
{
    poller_unwatch(channel->watch);
    close_fds(channel);
    fd_close(channel->fd);
    g_free(channel->in);
    g_free(channel);
}

/* One turn: write what waits, look again at what was refused, read. */
static void do_turn(RpcChannel *channel, uint32_t events)
{
    bool kicked = channel->kicked;

    channel->kicked = false;
    if (events & EPOLLOUT)
        flush(channel);
    if (kicked && channel->in_size > 0 && !channel->freed)
        offer_kept(channel);
    if ((events & EPOLLIN) && !channel->why && !channel->held && !channel->closing &&
        !channel->freed)
        read_packets(channel);
    else if (events & (EPOLLHUP | EPOLLERR))
        rpc_channel_shutdown(channel, "the peer hung up");
    if (channel->closing && !channel->waiting.head)
        rpc_channel_shutdown(channel, "closed");
}

static void on_ready(uint32_t events, void *data)
{
    RpcChannel *channel = data;

    channel->running = true;
    do_turn(channel, events);
    if (channel->why && !channel->finished && !channel->freed) {
        channel->finished = true;
        channel->events->ended(channel->why, channel->data);
    }
    channel->running = false;
    if (channel->freed)
        really_free(channel);
    else if (channel->finished)
        poller_watch_set(channel->watch, EPOLLET); /* hung up and waiting to be freed: be quiet */
    else
        update_interest(channel);
}

RpcChannel *rpc_channel_new(Poller *poller, int fd, const RpcChannelEvents *events, void *data)
{
    RpcChannel *channel = g_new0(RpcChannel, 1);

    channel->watch = poller_watch(poller, fd, EPOLLIN, on_ready, channel);
    if (!channel->watch) {
        g_free(channel);
        return NULL;
    }
    channel->fd = fd;
    channel->events = events;
    channel->data = data;
    return channel;
}

void rpc_channel_free(RpcChannel *channel)
{
    if (!channel)
        return;
    channel->freed = true;
    drop_waiting(channel);
    if (!channel->running)
        really_free(channel);
}

void rpc_channel_resume(RpcChannel *channel)
{
    if (!channel->held)
        return;
    channel->kicked = true;
    update_interest(channel);
}

bool rpc_channel_is_held(const RpcChannel *channel)
{
    return channel->held;
}

void rpc_channel_shutdown(RpcChannel *channel, const char *why)
{
    if (channel->why || channel->freed)
        return;
    channel->why = why;
    /* The hang-up comes back through the loop, which then reports the end. */
    (void)shutdown(channel->fd, SHUT_RDWR);
}

void rpc_channel_close_when_sent(RpcChannel *channel)
{
    channel->closing = true;
    channel->kicked = true;
    update_interest(channel);
}
