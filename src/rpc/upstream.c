// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See upstream.h. The start sequence is a list: each step sends one call and looks at its reply;
 * the next step follows, and after the last the connection is ready.
 */
#include "rpc/upstream.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "remote-xdr.h"

#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PROC_CONNECT_OPEN = 1,
    PROC_AUTH_LIST = 66,
    PROC_CONNECT_SET_IDENTITY = 419,
};

enum { KEEPALIVE_PING = 1, KEEPALIVE_PONG = 2 };

#define OPEN_READONLY 1u /* VIR_CONNECT_RO */

/* What the thread needs and what it found. Only the thread touches it while the task runs. */
typedef struct Connecting {
    char *paths[2]; /* tried in order: the daemon's own socket, that of a daemon for everything */
    char *used;     /* borrowed from paths */
    uid_t uid;
    gid_t gid;
    int fd; /* -1 with errnum when it failed */
    int errnum;
    char *user; /* names of uid and gid; NULL when they have none */
    char *group;
    RpcUpstream *upstream; /* main loop only; NULL once it has been freed */
} Connecting;

struct RpcUpstream {
    RpcUpstreamConfig config;              /* without what is borrowed */
    RemoteConnectSetIdentityArgs identity; /* no params: that of config */
    const RpcUpstreamEvents *events;
    void *data;
    Connecting *connecting; /* until the thread has answered */
    RpcChannel *channel;
    char *path, *user, *group;
    size_t step; /* of the start sequence; past its end: ready */
    uint32_t last_serial;
};

/* Daemon and URI by route. */
static const struct {
    const char *daemon;
    const char *uri;
} routes[RPC_ROUTE_LAST] = {
    [RPC_NETWORK] = {"virtnetworkd",    "network:///system"  },
    [RPC_STORAGE] = { "virtstoraged",   "storage:///system"  },
    [RPC_NODEDEV] = { "virtnodedevd",   "nodedev:///system"  },
    [RPC_INTERFACE] = { "virtinterfaced", "interface:///system"},
    [RPC_SECRET] = { "virtsecretd",    "secret:///system"   },
    [RPC_NWFILTER] = { "virtnwfilterd",  "nwfilter:///system" },
};

static void give_up(RpcUpstream *upstream, GError *err)
{
    log_debug("%s: %s", upstream->path ? upstream->path : routes[upstream->config.route].daemon,
              err->message);
    upstream->events->failed(err, upstream->data);
    g_error_free(err);
}

/* ---- connect: in a thread, since a full backlog blocks and name lookups may ------------------ */

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autofd int fd = -1;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return fd_set_nonblocking(fd, true) ? fd_steal(&fd) : -1;
}

static char *user_name(uid_t uid)
{
    struct passwd entry, *found = NULL;
    char space[16384];

    (void)getpwuid_r(uid, &entry, space, sizeof space, &found); /* no name, no harm */
    return found ? g_strdup(found->pw_name) : NULL;
}

static char *group_name(gid_t gid)
{
    struct group entry, *found = NULL;
    char space[16384];

    (void)getgrgid_r(gid, &entry, space, sizeof space, &found);
    return found ? g_strdup(found->gr_name) : NULL;
}

static void connect_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Connecting *connecting = data;
    bool own = access(connecting->paths[0], F_OK) == 0;
    bool common = access(connecting->paths[1], F_OK) == 0;

    (void)source;
    (void)cancellable;
    connecting->used = connecting->paths[!own && common];
    connecting->fd = connect_to(connecting->used);
    connecting->errnum = connecting->fd < 0 ? errno : 0;
    connecting->user = user_name(connecting->uid);
    connecting->group = group_name(connecting->gid);
    g_task_return_boolean(task, true);
}

static void connecting_free(gpointer data)
{
    Connecting *connecting = data;

    fd_close(connecting->fd);
    g_free(connecting->paths[0]);
    g_free(connecting->paths[1]);
    g_free(connecting->user);
    g_free(connecting->group);
    g_free(connecting);
}

/* ---- the start sequence -------------------------------------------------------------------- */

static void send_call(RpcUpstream *upstream, int32_t procedure, const XdrType *type,
                      const void *value)
{
    const RpcHeader header = { .program = REMOTE_PROGRAM,
                               .version = REMOTE_PROTOCOL_VERSION,
                               .procedure = procedure,
                               .type = RPC_TYPE_CALL,
                               .serial = rpc_upstream_next_serial(upstream) };
    XdrBuffer out = { 0 };

    if (rpc_packet_build(&out, &header, 0, type, value) == XDR_OK)
        (void)rpc_channel_send(upstream->channel,
                               &(RpcOutgoing){ .bytes = out.data, .size = out.len });
    else
        rpc_channel_shutdown(upstream->channel, "cannot encode a call");
    xdr_buffer_clear(&out);
}

static void ask_auth(RpcUpstream *upstream)
{
    send_call(upstream, PROC_AUTH_LIST, NULL, NULL);
}

/* Root is let in without more, and the daemon is root wherever it does its work. */
static bool check_auth(const RpcPacket *packet, GError **err)
{
    RemoteAuthListRet ret;
    bool open;

    if (xdr_decode(&remote_auth_list_ret_xdr, packet->payload, packet->payload_size, &ret, NULL) !=
        XDR_OK)
        return fail(err, ERR(RPC, RPC), _("cannot read the reply"));
    open = ret.types.len > 0 && ret.types.items[0] == REMOTE_AUTH_NONE;
    xdr_clear(&remote_auth_list_ret_xdr, &ret);
    return open || fail(err, ERR(RPC, AUTH_FAILED), _("it demands authentication"));
}

static void send_open(RpcUpstream *upstream)
{
    const RemoteConnectOpenArgs args = {
        .name = (char *)routes[upstream->config.route].uri,
        .flags = upstream->config.readonly ? OPEN_READONLY : 0,
    };

    send_call(upstream, PROC_CONNECT_OPEN, &remote_connect_open_args_xdr, &args);
}

static RemoteTypedParam param_string(const char *field, char *value)
{
    return (RemoteTypedParam){
        .field = (char *)field, .value = {.type = REMOTE_PARAM_STRING, .value.s = value}
    };
}

static RemoteTypedParam param_number(const char *field, uint64_t value)
{
    return (RemoteTypedParam){
        .field = (char *)field, .value = {.type = REMOTE_PARAM_ULLONG, .value.ul = value}
    };
}

static RemoteTypedParam param_signed(const char *field, int64_t value)
{
    return (RemoteTypedParam){
        .field = (char *)field, .value = {.type = REMOTE_PARAM_LLONG, .value.l = value}
    };
}

static void send_identity(RpcUpstream *upstream)
{
    const RpcUpstreamConfig *config = &upstream->config;
    RemoteTypedParam params[6];
    uint32_t n = 0;

    if (upstream->identity.params.len > 0) {
        send_call(upstream, PROC_CONNECT_SET_IDENTITY, &remote_connect_set_identity_args_xdr,
                  &upstream->identity);
        return;
    }
    params[n++] = param_number("unix-user-id", config->uid);
    params[n++] = param_number("unix-group-id", config->gid);
    params[n++] = param_signed("process-id", config->pid);
    if (config->start_time > 0)
        params[n++] = param_number("process-time", config->start_time);
    if (upstream->user)
        params[n++] = param_string("user-name", upstream->user);
    if (upstream->group)
        params[n++] = param_string("group-name", upstream->group);
    send_call(upstream, PROC_CONNECT_SET_IDENTITY, &remote_connect_set_identity_args_xdr,
              &(RemoteConnectSetIdentityArgs){
                  .params = {n, params}
    });
}

typedef struct StartStep {
    void (*send)(RpcUpstream *upstream);
    bool (*check)(const RpcPacket *packet, GError **err); /* NULL: success is all */
    bool root_only;                                       /* skipped when we are not root */
} StartStep;

static const StartStep start_steps[] = {
    {.send = ask_auth,   .check = check_auth},
    { .send = send_open},
    { .send = send_identity, .root_only = true                   },
};

static void run_step(RpcUpstream *upstream)
{
    while (upstream->step < G_N_ELEMENTS(start_steps) && start_steps[upstream->step].root_only &&
           geteuid() != 0)
        upstream->step++;
    if (upstream->step < G_N_ELEMENTS(start_steps))
        start_steps[upstream->step].send(upstream);
    else
        upstream->events->ready(upstream->data);
}

/* The error of the other daemon, unchanged. */
static bool fail_upstream(const RpcPacket *packet, GError **err)
{
    VirNetMessageError error;

    if (xdr_decode(&virNetMessageError_xdr, packet->payload, packet->payload_size, &error, NULL) !=
        XDR_OK)
        return fail(err, ERR(RPC, RPC), _("cannot read the reply"));
    (void)fail_remote(err, error.domain, error.code,
                      error.code == VIR_ERR_SYSTEM_ERROR ? error.int1 : 0,
                      error.message ? error.message : _("unknown error"));
    xdr_clear(&virNetMessageError_xdr, &error);
    return false;
}

static bool check_reply(const RpcUpstream *upstream, const RpcPacket *packet, GError **err)
{
    const StartStep *step = &start_steps[upstream->step];

    if (packet->header.status != RPC_STATUS_OK)
        return fail_upstream(packet, err);
    return !step->check || step->check(packet, err);
}

static void take_reply(RpcUpstream *upstream, const RpcPacket *packet)
{
    GError *err = NULL;

    if (packet->header.type != RPC_TYPE_REPLY || packet->header.serial != upstream->last_serial)
        return; /* events may come this early */
    if (!check_reply(upstream, packet, &err)) {
        give_up(upstream, err);
        return;
    }
    upstream->step++;
    run_step(upstream);
}

/* ---- packets ------------------------------------------------------------------------------- */

static void answer_ping(RpcUpstream *upstream, const RpcHeader *ping)
{
    RpcHeader pong = *ping;
    uint8_t bytes[RPC_HEADER_SIZE];

    pong.procedure = KEEPALIVE_PONG;
    rpc_header_write(bytes, sizeof bytes, &pong);
    (void)rpc_channel_send(upstream->channel,
                           &(RpcOutgoing){ .bytes = bytes, .size = sizeof bytes });
}

static bool on_packet(RpcPacket *packet, void *data)
{
    RpcUpstream *upstream = data;

    if (packet->header.program == RPC_PROGRAM_KEEPALIVE) {
        if (packet->header.procedure == KEEPALIVE_PING)
            answer_ping(upstream, &packet->header);
        return true;
    }
    if (rpc_upstream_is_ready(upstream))
        return upstream->events->packet(packet, upstream->data);
    take_reply(upstream, packet);
    return true;
}

static void on_ended(const char *why, void *data)
{
    RpcUpstream *upstream = data;
    GError *err = NULL;

    (void)fail(&err, ERR(RPC, INTERNAL_ERROR), _("connection to '%s' lost: %s"), upstream->path,
               why);
    give_up(upstream, err);
}

static const RpcChannelEvents channel_events = { .packet = on_packet, .ended = on_ended };

/* ---- life ---------------------------------------------------------------------------------- */

static bool take_connection(RpcUpstream *upstream, Connecting *connecting, GError **err)
{
    int errnum = connecting->errnum;

    upstream->path = g_strdup(connecting->used);
    upstream->user = g_steal_pointer(&connecting->user);
    upstream->group = g_steal_pointer(&connecting->group);
    if (connecting->fd >= 0) {
        upstream->channel = rpc_channel_new(upstream->config.poller, fd_steal(&connecting->fd),
                                            &channel_events, upstream);
        errnum = errno;
    }
    if (!upstream->channel) {
        g_autofree char *message =
            g_strdup_printf(_("cannot connect to '%s': %s"), upstream->path, g_strerror(errnum));
        return fail_remote(err, VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, errnum, message);
    }
    return true;
}

static void on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
    Connecting *connecting = g_task_get_task_data(G_TASK(result));
    RpcUpstream *upstream = connecting->upstream;
    GError *err = NULL;

    (void)source;
    (void)data;
    if (!upstream)
        return;
    upstream->connecting = NULL;
    if (take_connection(upstream, connecting, &err))
        run_step(upstream);
    else
        give_up(upstream, err);
}

static char *socket_path(const RpcUpstreamConfig *config, const char *daemon)
{
    return g_strdup_printf("%s/%s-sock%s", config->run_dir, daemon, config->readonly ? "-ro" : "");
}

RpcUpstream *rpc_upstream_new(const RpcUpstreamConfig *config, const RpcUpstreamEvents *events,
                              void *data)
{
    RpcUpstream *upstream = g_new0(RpcUpstream, 1);
    Connecting *connecting = g_new0(Connecting, 1);
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_connected, NULL);

    upstream->config = *config;
    upstream->config.run_dir = NULL;
    upstream->config.identity = NULL;
    if (config->identity &&
        !xdr_copy(&remote_connect_set_identity_args_xdr, config->identity, &upstream->identity))
        g_error("out of memory");
    upstream->events = events;
    upstream->data = data;
    upstream->connecting = connecting;
    connecting->upstream = upstream;
    connecting->fd = -1;
    connecting->uid = config->uid;
    connecting->gid = config->gid;
    connecting->paths[0] = socket_path(config, routes[config->route].daemon);
    connecting->paths[1] = socket_path(config, "libvirt");
    g_task_set_task_data(task, connecting, connecting_free);
    g_task_run_in_thread(task, connect_thread);
    return upstream;
}

void rpc_upstream_free(RpcUpstream *upstream)
{
    if (!upstream)
        return;
    if (upstream->connecting)
        upstream->connecting->upstream = NULL;
    rpc_channel_free(upstream->channel);
    xdr_clear(&remote_connect_set_identity_args_xdr, &upstream->identity);
    g_free(upstream->path);
    g_free(upstream->user);
    g_free(upstream->group);
    g_free(upstream);
}

bool rpc_upstream_is_ready(const RpcUpstream *upstream)
{
    return upstream->step >= G_N_ELEMENTS(start_steps);
}

RpcChannel *rpc_upstream_channel(const RpcUpstream *upstream)
{
    return upstream->channel;
}

uint32_t rpc_upstream_next_serial(RpcUpstream *upstream)
{
    return ++upstream->last_serial;
}
