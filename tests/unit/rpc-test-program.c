// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See rpc-test-program.h. */
#include "rpc-test-program.h"

#include "base/error.h"
#include "base/fd.h"
#include "remote-xdr.h"
#include "rpc/auth.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool on_open(RpcCall *call, const void *args, void *ret, GError **err)
{
    rpc_client_set_data(rpc_call_client(call), call); /* any value but NULL */
    return true;
}

static bool on_close(RpcCall *call, const void *args, void *ret, GError **err)
{
    rpc_client_close_after_reply(rpc_call_client(call));
    return true;
}

static bool on_get_type(RpcCall *call, const void *args, void *ret, GError **err)
{
    ((RemoteConnectGetTypeRet *)ret)->type = strdup("LXC");
    return true;
}

static bool on_supports_feature(RpcCall *call, const void *args, void *ret, GError **err)
{
    bool keepalive = ((const RemoteConnectSupportsFeatureArgs *)args)->feature == 10;

    if (keepalive)
        rpc_client_start_keepalive(rpc_call_client(call));
    ((RemoteConnectSupportsFeatureRet *)ret)->supported = keepalive;
    return true;
}

static bool on_echo(RpcCall *call, const void *args, void *ret, GError **err)
{
    ((RemoteConnectGetUriRet *)ret)->uri = strdup(((const RemoteDomainDefineXmlArgs *)args)->xml);
    return true;
}

static bool on_slow(RpcCall *call, const void *args, void *ret, GError **err)
{
    TestState *state = rpc_call_program_data(call);

    rpc_call_defer(call);
    g_ptr_array_add(state->slow, call);
    return true;
}

static bool on_release(RpcCall *call, const void *args, void *ret, GError **err)
{
    TestState *state = rpc_call_program_data(call);

    while (state->slow->len > 0)
        rpc_call_finish(g_ptr_array_steal_index(state->slow, 0), NULL);
    return true;
}

static bool on_fds(RpcCall *call, const void *args, void *ret, GError **err)
{
    for (size_t i = 0; i < rpc_call_n_fds(call); i++)
        rpc_call_return_fd(call, rpc_call_take_fd(call, i));
    return true;
}

static void on_stream_closed(void *data)
{
    TestState *state = data;

    state->n_streams--;
}

static bool on_stream(RpcCall *call, const void *args, void *ret, GError **err)
{
    TestState *state = rpc_call_program_data(call);
    g_autoptr(GBytes) backlog = g_bytes_new_static("backlog", 7);
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return fail_errno(err, errno, "socketpair");
    fd_close(state->peer);
    state->peer = ends[1];
    state->n_streams++;
    rpc_call_open_stream(call, ends[0], backlog, on_stream_closed, state);
    return true;
}

static gboolean flood(gint fd, GIOCondition condition, gpointer data)
{
    static const char zeros[65536];

    if (write(fd, zeros, sizeof zeros) >= 0 || errno == EAGAIN)
        return G_SOURCE_CONTINUE;
    fd_close(fd);
    return G_SOURCE_REMOVE;
}

static bool on_flood(RpcCall *call, const void *args, void *ret, GError **err)
{
    TestState *state = rpc_call_program_data(call);
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return fail_errno(err, errno, "socketpair");
    state->n_streams++;
    g_unix_fd_add(ends[1], G_IO_OUT | G_IO_HUP, flood, NULL);
    rpc_call_open_stream(call, ends[0], NULL, on_stream_closed, state);
    return true;
}

static bool on_fail(RpcCall *call, const void *args, void *ret, GError **err)
{
    uint32_t code = ((const RemoteConnectOpenArgs *)args)->flags;

    if (code == VIR_ERR_SYSTEM_ERROR)
        return fail_errno(err, ENOENT, "cannot find 'it'");
    return fail(err, ((unsigned)VIR_FROM_LXC << 16) | code, "a detail");
}

static bool on_domain(RpcCall *call, const void *args, void *ret, GError **err)
{
    ((RemoteDomainGetStateRet *)ret)->state = rpc_call_domain(call) ? 1 : 0;
    return true;
}

static bool on_events(RpcCall *call, const void *args, void *ret, GError **err)
{
    static const RpcProgram program = { .number = TEST_PROGRAM, .version = 1 };
    const RemoteConnectOpenArgs *wanted = args;

    for (uint32_t i = 0; i < wanted->flags; i++) {
        RemoteDomainEventCallbackLifecycleMsg event = { .callbackID = (int32_t)i };
        event.msg.dom.name = (char *)(wanted->name ? wanted->name : "domain");
        rpc_client_send_event(rpc_call_client(call), &program, TEST_EVENT,
                              &remote_domain_event_callback_lifecycle_msg_xdr, &event);
    }
    return true;
}

static bool on_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return true;
}

#define TEXT_ARGS .args = &remote_connect_open_args_xdr

static const RpcProcedure procedures[] = {
    {TEST_OPEN,                              "CONNECT_OPEN", "virConnectOpen",                          TEXT_ARGS,                              .route = RPC_OURS,
     .target = RPC_TARGET_NONE,                                                                                                                                                                                                                                                                                                                                                                                                                   .readonly = true,                                                                                                                                                                                     .flags = RPC_FLAGS_ANY, .handler = on_open },
    { TEST_CLOSE,                    "CONNECT_CLOSE",                                 "virConnectClose",                                                                .route = RPC_OURS,                                                                    .target = RPC_TARGET_NONE,
     .readonly = true,                                                                                                                                                                                                                                 .handler = on_close                                                                                                                                                                                                                                                                                                                                        },
    { TEST_GET_TYPE,                   "CONNECT_GET_TYPE",                                "virConnectGetType",
     .ret = &remote_connect_get_type_ret_xdr,                                                              .route = RPC_OURS,                                                                                                                                                       .readonly = true,
     .handler = on_get_type                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                          },
    { TEST_SUPPORTS_FEATURE,                 "CONNECT_SUPPORTS_FEATURE",                              "virConnectSupportsFeature",
     .args = &remote_connect_supports_feature_args_xdr,
     .ret = &remote_connect_supports_feature_ret_xdr,                                                                                                                                 .route = RPC_OURS,                                                                                                                                                                                                                                                                                                                                                                                           .target = RPC_TARGET_NONE,
     .readonly = true, .handler = on_supports_feature },
    { TEST_AUTH_LIST,             "AUTH_LIST",                                       NULL,                                                  .ret = &remote_auth_list_ret_xdr,                                                                                       .route = RPC_OURS,
     .target = RPC_TARGET_AUTH,                                                                                                                                                                                                                                                                                                                                                .readonly = true,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                          .handler = rpc_on_auth_list },
    { TEST_AUTH_SASL_INIT,                     "AUTH_SASL_INIT",                              NULL,                                                       .ret = &remote_auth_sasl_init_ret_xdr,
     .route = RPC_OURS,                                                                                                                                                                                                            .target = RPC_TARGET_AUTH,.readonly = true,
     .handler = rpc_on_auth_sasl_init },
    { TEST_AUTH_POLKIT, "AUTH_POLKIT",                                      NULL,                                                      .ret = &remote_auth_polkit_ret_xdr,                                                                            .route = RPC_OURS,
     .target = RPC_TARGET_AUTH,                                                                                                                                                                                                                                                                                                                                                                                                         .readonly = true,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             .handler = rpc_on_auth_polkit },
    { TEST_EVENT,                                  "EVENT",NULL,&remote_domain_event_callback_lifecycle_msg_xdr,
     .route = RPC_EVENT                                                                                                                                                                                                                                           },
    { TEST_ECHO,"ECHO",                                "virDomainEcho",                                                                               &remote_domain_define_xml_args_xdr,
     &remote_connect_get_uri_ret_xdr,                        RPC_OURS,.handler = on_echo},
    { TEST_SLOW,    "SLOW",                        "virDomainSlow",                                                         .route = RPC_OURS,                                                                             .readonly = true,                                                                                                                                                                                                .handler = on_slow                                                                                                                                                                 },
    { TEST_RELEASE,                     "RELEASE",                   "virDomainRelease",.route = RPC_OURS,.readonly = true,
     .handler = on_release                                                                                                                                                                                                                                                                                                                                                                                },
    { TEST_FDS,                      "FDS",                                  "virDomainFds",                                                                          .route = RPC_OURS,                                                                                                        .readonly = true,                                                                                                                                                                                                                         .handler = on_fds},
    { TEST_STREAM,                     "STREAM",                                  "virDomainStream",                                                                .route = RPC_OURS,                                                                          .readonly = true,.stream = true,
     .handler = on_stream                                                                                                                                                                                                                                                                                                                                                                  },
    { TEST_FAIL,                   "FAIL",                                "virDomainFail",                                                                TEXT_ARGS,                                                                              .route = RPC_OURS,                                                                                                                                                                           .readonly = true,
     .flags = RPC_FLAGS_ANY,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             .handler = on_fail },
    { TEST_DOMAIN,                 "DOMAIN",             "virDomainTest",                                                     &remote_domain_get_state_args_xdr,
     &remote_domain_get_state_ret_xdr,                                                                                                                                                                                                   RPC_OURS,                                                                                                                                                                                                                                                      RPC_TARGET_DOMAIN, RPC_STATE_RUNNING,
     .readonly = true, .handler = on_domain },
    { TEST_NONE,                              "NONE",                           "virDomainSnapshotNothing",                                                   .readonly = true                                                                                                                         },
    { TEST_EVENTS,            "EVENTS","virDomainEvents",TEXT_ARGS,.route = RPC_OURS,                                                                                                                                                                                                                                                 .readonly = true,
     .flags = RPC_FLAGS_ANY,                                                        .handler = on_events },
    { TEST_FLAGS,                      "FLAGS",                                 "virDomainFlags",                                                      TEXT_ARGS,                                                                                           .route = RPC_OURS, .readonly = true,
     .readonly_denied = 1,                                                                                                                                                                                                                                                                                          .flags = 1, .handler = on_flags },
    { TEST_FLOOD,                     "FLOOD",                   "virDomainFlood",                                                                              .route = RPC_OURS,                                                                                                          .readonly = true,                                                                                                                                                                                                                            .stream = true,
     .handler = on_flood},
};

static bool find_domain(RpcCall *call, const uint8_t *uuid, void **ret_domain, GError **err,
                        void *data)
{
    TestState *state = data;

    if (uuid[0] == 0xff)
        return fail(err, ERR(LXC, NO_DOMAIN), "no such domain");
    *ret_domain = memcmp(uuid, state->running, 16) == 0 ? state->running : (void *)state;
    return true;
}

static bool domain_is_active(void *domain, void *data)
{
    return domain == ((TestState *)data)->running;
}

static bool is_open(RpcClient *client, void *data)
{
    return rpc_client_data(client) != NULL;
}

static bool is_readonly(RpcClient *client, void *data)
{
    return rpc_client_socket_is_readonly(client) || ((TestState *)data)->readonly;
}

static void closed(RpcClient *client, void *data)
{
    ((TestState *)data)->n_closed++;
}

static const RpcProgramHooks hooks = { .find_domain = find_domain,
                                       .domain_is_active = domain_is_active,
                                       .is_open = is_open,
                                       .is_readonly = is_readonly,
                                       .closed = closed };

void test_state_init(TestState *state)
{
    *state = (TestState){ .slow = g_ptr_array_new(), .peer = -1 };
    memset(state->running, 7, sizeof state->running);
}

void test_state_clear(TestState *state)
{
    while (state->slow->len > 0)
        rpc_call_finish(g_ptr_array_steal_index(state->slow, 0), NULL);
    g_ptr_array_unref(state->slow);
    fd_close(state->peer);
}

RpcProgram *test_program_new(TestState *state)
{
    RpcProgram *program = g_new(RpcProgram, 1);

    *program = (RpcProgram){ .number = TEST_PROGRAM,
                             .version = 1,
                             .name = "test",
                             .procedures = procedures,
                             .n_procedures = G_N_ELEMENTS(procedures),
                             .hooks = &hooks,
                             .data = state };
    return program;
}
