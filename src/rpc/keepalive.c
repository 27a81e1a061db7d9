// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See keepalive.h for the idea. */
#include "rpc/keepalive.h"

#include "base/log.h"
#include "rpc/client.h"

#define PING 1
#define PONG 2

struct RpcClock {
    GSource *timer;
    int64_t interval; /* microseconds; 0: off */
    unsigned count;
    GQueue clients; /* those that are pinged */
};

typedef struct ClockSource {
    GSource source;
    RpcClock *clock;
} ClockSource;

static void send_packet(RpcClient *client, int32_t procedure)
{
    const RpcHeader header = { .program = RPC_PROGRAM_KEEPALIVE,
                               .version = 1,
                               .procedure = procedure,
                               .type = RPC_TYPE_MESSAGE };
    uint8_t bytes[RPC_HEADER_SIZE];

    rpc_header_write(bytes, sizeof bytes, &header);
    rpc_client_send_message(client, bytes, sizeof bytes);
}

/* Whoever is not read cannot be heard; the silence is ours. */
static void forgive_held(RpcClient *client, int64_t now)
{
    if (!rpc_channel_is_held(client->channel))
        return;
    client->keepalive.heard = now;
    client->keepalive.pending = 0;
}

static int64_t deadline_of(const RpcClock *clock, const RpcClient *client)
{
    return client->keepalive.heard + clock->interval * (client->keepalive.pending + 1);
}

static void check_client(RpcClock *clock, RpcClient *client, int64_t now)
{
    forgive_held(client, now);
    if (deadline_of(clock, client) > now)
        return;
    if (client->keepalive.pending >= clock->count) {
        log_warning("client %" G_GUINT64_FORMAT " does not answer pings", client->id);
        rpc_keepalive_stop(clock, client);
        rpc_client_disconnect(client, "no answer to pings");
        return;
    }
    client->keepalive.pending++;
    send_packet(client, PING);
}

static void set_timer(RpcClock *clock)
{
    int64_t nearest = -1;

    for (GList *l = clock->interval > 0 ? clock->clients.head : NULL; l; l = l->next) {
        int64_t deadline = deadline_of(clock, l->data);
        if (nearest < 0 || deadline < nearest)
            nearest = deadline;
    }
    g_source_set_ready_time(clock->timer, nearest);
}

static gboolean clock_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    RpcClock *clock = ((ClockSource *)source)->clock;
    int64_t now = g_get_monotonic_time();
    GList *next;

    (void)callback;
    (void)data;
    for (GList *l = clock->clients.head; l; l = next) {
        next = l->next;
        check_client(clock, l->data, now);
    }
    set_timer(clock);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs clock_functions = { .dispatch = clock_dispatch };

RpcClock *rpc_clock_new(void)
{
    RpcClock *clock = g_new0(RpcClock, 1);

    clock->timer = g_source_new(&clock_functions, sizeof(ClockSource));
    ((ClockSource *)clock->timer)->clock = clock;
    g_source_set_static_name(clock->timer, "keepalive");
    g_source_attach(clock->timer, g_main_context_get_thread_default());
    return clock;
}

void rpc_clock_free(RpcClock *clock)
{
    if (!clock)
        return;
    g_source_destroy(clock->timer);
    g_source_unref(clock->timer);
    g_free(clock);
}

void rpc_clock_set(RpcClock *clock, int interval, unsigned count)
{
    clock->interval = interval > 0 ? interval * G_USEC_PER_SEC : 0;
    clock->count = count;
    set_timer(clock);
}

void rpc_keepalive_start(RpcClock *clock, RpcClient *client)
{
    if (client->keepalive.on)
        return;
    client->keepalive.on = true;
    client->keepalive.link.data = client;
    client->keepalive.pending = 0;
    rpc_keepalive_heard(client);
    g_queue_push_tail_link(&clock->clients, &client->keepalive.link);
    set_timer(clock);
}

void rpc_keepalive_stop(RpcClock *clock, RpcClient *client)
{
    if (!client->keepalive.on)
        return;
    client->keepalive.on = false;
    g_queue_unlink(&clock->clients, &client->keepalive.link);
}

void rpc_keepalive_heard(RpcClient *client)
{
    if (!client->keepalive.on)
        return;
    client->keepalive.heard = g_get_monotonic_time();
    client->keepalive.pending = 0;
}

void rpc_keepalive_packet(RpcClient *client, int32_t procedure)
{
    if (procedure == PING)
        send_packet(client, PONG);
}
