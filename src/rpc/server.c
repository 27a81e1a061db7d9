// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See server.h. Listening sockets are watched only while another client may come: when a limit is
 * reached, or descriptors have run out, connections wait in the kernel's backlog.
 */
#include "rpc/server.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/client.h"
#include "rpc/dispatch.h"
#include "rpc/server-state.h"

#include <errno.h>
#include <sys/socket.h>

/* Taken at one turn, so that a flood of connections leaves time for those that are there. */
#define ACCEPT_BATCH 32

/* How long a client may take to begin its authentication while others wait for its place. */
#define STRANGER_TIME (10 * G_USEC_PER_SEC)

typedef struct Listener {
    RpcServer *server;
    GList link; /* in server->listeners */
    int fd;
    bool readonly;
    RpcAuth auth;
    PollerWatch *watch;
} Listener;

/* ---- accepting ----------------------------------------------------------------------------- */

static bool is_crowded(const RpcServer *server)
{
    const RpcLimits *limits = &server->limits;

    return limits->max_anonymous_clients > 0 &&
           server->n_anonymous >= limits->max_anonymous_clients;
}

static bool may_accept(const RpcServer *server)
{
    return server->started && !server->out_of_fds && !is_crowded(server) &&
           server->clients.length < server->limits.max_clients;
}

/* Anybody can take all places for strangers and say nothing; such do not keep them. */
static gboolean on_crowded(gpointer data)
{
    RpcServer *server = data;
    int64_t latest = g_get_monotonic_time() - STRANGER_TIME;

    for (GList *l = server->clients.head; l; l = l->next) {
        RpcClient *client = l->data;
        if (!client->authenticated && client->requests == 0 && client->born < latest)
            rpc_client_disconnect(client, "did not authenticate");
    }
    return G_SOURCE_CONTINUE;
}

static void watch_crowd(RpcServer *server)
{
    if (is_crowded(server) && server->crowded == 0)
        server->crowded = g_timeout_add_seconds(1, on_crowded, server);
    else if (!is_crowded(server))
        g_clear_handle_id(&server->crowded, g_source_remove);
}

static void update_listeners(RpcServer *server)
{
    uint32_t wanted = may_accept(server) ? EPOLLIN : 0;

    for (GList *l = server->listeners.head; l; l = l->next)
        poller_watch_set(((Listener *)l->data)->watch, wanted);
}

static gboolean on_retry(gpointer data)
{
    RpcServer *server = data;

    server->retry = 0;
    server->out_of_fds = false;
    update_listeners(server);
    return G_SOURCE_REMOVE;
}

/* The pending connection stays pending; trying again at once would be a busy loop. */
static void pause_accepting(RpcServer *server, int errnum)
{
    log_warning("cannot accept a connection: %s", g_strerror(errnum));
    server->out_of_fds = true;
    if (server->retry == 0)
        server->retry = g_timeout_add_seconds(1, on_retry, server);
    update_listeners(server);
}

static bool is_shortage(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

/* False: nobody is waiting, or we cannot take them now. */
static bool accept_one(Listener *listener)
{
    RpcServer *server = listener->server;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (is_shortage(errno))
            pause_accepting(server, errno);
        return errno == EINTR || errno == ECONNABORTED;
    }
    if (!rpc_client_new(server, fd, listener->readonly, listener->auth)) {
        fd_close(fd);
        pause_accepting(server, errno);
        return false;
    }
    rpc_server_clients_changed(server);
    return true;
}

static void on_connection(uint32_t events, void *data)
{
    Listener *listener = data;

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH && may_accept(listener->server); i++)
        if (!accept_one(listener))
            return;
}

void rpc_server_clients_changed(RpcServer *server)
{
    server->out_of_fds = false;
    watch_crowd(server);
    update_listeners(server);
    if (server->changed)
        server->changed(server->changed_data);
}

/* ---- life ---------------------------------------------------------------------------------- */

RpcServer *rpc_server_new(const RpcLimits *limits, const RpcProgram *const *programs,
                          size_t n_programs, const char *run_dir)
{
    RpcServer *server = g_new0(RpcServer, 1);

    server->poller = poller_new();
    if (!server->poller)
        g_error("cannot create an epoll set: %s", g_strerror(errno));
    server->clock = rpc_clock_new();
    server->programs = g_new0(RpcProgramEntry, n_programs);
    server->n_programs = n_programs;
    for (size_t i = 0; i < n_programs; i++) {
        server->programs[i].program = programs[i];
        server->programs[i].fields = rpc_fields_new(programs[i]);
    }
    server->run_dir = g_strdup(run_dir);
    rpc_server_set_limits(server, limits);
    return server;
}

static void listener_free(Listener *listener)
{
    poller_unwatch(listener->watch);
    fd_close(listener->fd);
    g_free(listener);
}

void rpc_server_free(RpcServer *server)
{
    GList *link;

    if (!server)
        return;
    server->started = false;
    server->changed = NULL;
    while (server->clients.head)
        rpc_client_free(server->clients.head->data);
    while ((link = g_queue_pop_head_link(&server->listeners)))
        listener_free(link->data);
    g_clear_handle_id(&server->retry, g_source_remove);
    g_clear_handle_id(&server->crowded, g_source_remove);
    for (size_t i = 0; i < server->n_programs; i++)
        g_free(server->programs[i].fields);
    g_free(server->programs);
    rpc_clock_free(server->clock);
    poller_free(server->poller);
    g_free(server->run_dir);
    g_free(server);
}

bool rpc_server_add_socket(RpcServer *server, int fd, bool readonly, RpcAuth auth, GError **err)
{
    Listener *listener;

    if (!fd_set_nonblocking(fd, true))
        return fail_errno(err, errno, _("cannot listen on a socket"));
    listener = g_new0(Listener, 1);
    *listener = (Listener){ .server = server, .fd = fd, .readonly = readonly, .auth = auth };
    listener->watch = poller_watch(server->poller, fd, 0, on_connection, listener);
    if (!listener->watch) {
        g_free(listener);
        return fail_errno(err, errno, _("cannot listen on a socket"));
    }
    listener->link.data = listener;
    g_queue_push_tail_link(&server->listeners, &listener->link);
    update_listeners(server);
    return true;
}

void rpc_server_start(RpcServer *server)
{
    server->started = true;
    update_listeners(server);
}

void rpc_server_set_limits(RpcServer *server, const RpcLimits *limits)
{
    server->limits = *limits;
    rpc_clock_set(server->clock, limits->keepalive_interval, limits->keepalive_count);
    update_listeners(server);
}

unsigned rpc_server_n_clients(RpcServer *server)
{
    return server->clients.length;
}

void rpc_server_on_clients_changed(RpcServer *server, void (*changed)(void *data), void *data)
{
    server->changed = changed;
    server->changed_data = data;
}
