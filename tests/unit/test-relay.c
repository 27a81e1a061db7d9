// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The relay between a client and a daemon that is neither ours nor real: both servers run in this
 * thread, the one in front with every procedure from TEST_ECHO on relayed as a network procedure.
 */
#include "rpc-test-client.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SET_IDENTITY 419
#define ROWS_MAX 64

/* What the other daemon was told when its connection was opened. Owned by the test at hand. */
typedef struct Told {
    char *uri;
    uint32_t flags;
    char *identity; /* field=value, ... */
    bool refuse;    /* the next open */
} Told;

typedef struct Daemon {
    TestServer server; /* first: state is the program's data */
    Told told;
    RpcProcedure rows[ROWS_MAX];
} Daemon;

/* `other` is down until other_start. */
typedef struct Pair {
    TestServer front;
    RpcProcedure front_rows[ROWS_MAX];
    Daemon other;
    char *run_dir; /* where front looks for other */
} Pair;

/* ---- the other daemon ---------------------------------------------------------------------- */

static Told *told_by(RpcCall *call)
{
    TestState *state = rpc_call_program_data(call);

    return &((Daemon *)((char *)state - offsetof(Daemon, server.state)))->told;
}

static bool on_open(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteConnectOpenArgs *args = args_;
    Told *told = told_by(call);

    if (told->refuse)
        return fail(err, ERR(NETWORK, ACCESS_DENIED), "not you");
    g_free(told->uri);
    told->uri = g_strdup(args->name);
    told->flags = args->flags;
    rpc_client_set_data(rpc_call_client(call), call);
    return true;
}

static void append_param(GString *text, const RemoteTypedParam *param)
{
    g_string_append_printf(text, "%s=", param->field);
    if (param->value.type == REMOTE_PARAM_STRING)
        g_string_append_printf(text, "%s,", param->value.value.s);
    else
        g_string_append_printf(text, "%" G_GUINT64_FORMAT ",", param->value.value.ul);
}

static bool on_set_identity(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteConnectSetIdentityArgs *args = args_;
    Told *told = told_by(call);
    GString *text = g_string_new(",");

    for (uint32_t i = 0; i < args->params.len; i++)
        append_param(text, &args->params.items[i]);
    g_free(told->identity);
    told->identity = g_string_free(text, FALSE);
    return true;
}

/* ---- both ---------------------------------------------------------------------------------- */

/* Copies the tests' program with SET_IDENTITY in its place; returns the number of rows. */
static size_t copy_rows(const RpcProgram *program, RpcProcedure *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < program->n_procedures; i++) {
        if (program->procedures[i].number > SET_IDENTITY &&
            (n == 0 || rows[n - 1].number < SET_IDENTITY))
            rows[n++] = (RpcProcedure){ .number = SET_IDENTITY,
                                        .name = "CONNECT_SET_IDENTITY",
                                        .args = &remote_connect_set_identity_args_xdr,
                                        .route = RPC_OURS,
                                        .readonly = true,
                                        .handler = on_set_identity };
        g_assert_cmpuint(n, <, ROWS_MAX - 1);
        rows[n++] = program->procedures[i];
    }
    return n;
}

/* Serves `rows` at `path`. */
static void serve(TestServer *test, const RpcProcedure *rows, size_t n, const char *run_dir,
                  bool readonly)
{
    const RpcLimits limits = { .max_clients = 100, .max_client_requests = 5 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    test->program->procedures = rows;
    test->program->n_procedures = n;
    test->server =
        rpc_server_new(&limits, (const RpcProgram *const[]){ test->program }, 1, run_dir);
    g_strlcpy(address.sun_path, test->path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 100), ==, 0);
    g_assert_true(rpc_server_add_socket(test->server, fd, readonly, RPC_AUTH_NONE, NULL));
    rpc_server_start(test->server);
}

static void other_start(Pair *pair, const char *name)
{
    Daemon *other = &pair->other;
    size_t n;

    test_state_init(&other->server.state);
    other->server.program = test_program_new(&other->server.state);
    other->server.dir = g_strdup(pair->run_dir);
    other->server.path = g_build_filename(pair->run_dir, name, NULL);
    n = copy_rows(other->server.program, other->rows);
    for (size_t i = 0; i < n; i++) {
        if (other->rows[i].number == TEST_OPEN)
            other->rows[i].handler = on_open;
    }
    serve(&other->server, other->rows, n, "/nonexistent", g_str_has_suffix(name, "-ro"));
}

static void other_stop(Pair *pair)
{
    TestServer *test = &pair->other.server;

    rpc_server_free(test->server);
    test_state_clear(&test->state);
    (void)g_unlink(test->path);
    g_free(test->program);
    g_free(test->path);
    g_free(test->dir);
    test->server = NULL;
}

static void front_start(Pair *pair, bool readonly)
{
    TestServer *front = &pair->front;
    size_t n;

    test_state_init(&front->state);
    front->program = test_program_new(&front->state);
    front->dir = g_dir_make_tmp("relay-XXXXXX", NULL);
    front->path = g_build_filename(front->dir, "sock", NULL);
    n = copy_rows(front->program, pair->front_rows);
    for (size_t i = 0; i < n; i++) {
        if (pair->front_rows[i].number < TEST_ECHO)
            continue;
        pair->front_rows[i].route = RPC_NETWORK;
        pair->front_rows[i].handler = NULL;
    }
    serve(front, pair->front_rows, n, pair->run_dir, readonly);
}

static void start(Pair *pair, const char *other_name, bool readonly)
{
    *pair = (Pair){ .run_dir = g_dir_make_tmp("relay-XXXXXX", NULL) };
    if (other_name)
        other_start(pair, other_name);
    front_start(pair, readonly);
}

static void stop(Pair *pair)
{
    test_server_stop(&pair->front);
    if (pair->other.server.server)
        other_stop(pair);
    (void)g_rmdir(pair->run_dir);
    g_free(pair->run_dir);
    g_free(pair->other.told.uri);
    g_free(pair->other.told.identity);
}

static void assert_told(const Told *told, const char *field, uint64_t value)
{
    g_autofree char *wanted = g_strdup_printf(",%s=%" G_GUINT64_FORMAT ",", field, value);

    if (!told->identity || !strstr(told->identity, wanted))
        g_error("'%s' is not in '%s'", wanted, told->identity);
}

/* ---- tests --------------------------------------------------------------------------------- */

/* A call comes back under its own serial number, and the daemon learns who called. */
static void test_call_passes(void)
{
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    for (int i = 0; i < 3; i++) {
        g_autofree char *answer = test_echo(fd, "over there");
        g_assert_cmpstr(answer, ==, "over there");
    }
    g_assert_cmpstr(pair.other.told.uri, ==, "network:///system");
    g_assert_cmpuint(pair.other.told.flags, ==, 0);
    if (geteuid() == 0) {
        assert_told(&pair.other.told, "unix-user-id", getuid());
        assert_told(&pair.other.told, "unix-group-id", getgid());
        assert_told(&pair.other.told, "process-id", (uint64_t)getpid());
        g_assert_nonnull(strstr(pair.other.told.identity, ",user-name=root,"));
        g_assert_nonnull(strstr(pair.other.told.identity, ",process-time="));
    }
    g_assert_cmpuint(rpc_server_n_clients(pair.other.server.server), ==, 1);
    fd_close(fd);
    stop(&pair);
}

/* Each client has its own connection, and one that leaves takes it along. */
static void test_clients_apart(void)
{
    Pair pair;
    int one, two;

    start(&pair, "virtnetworkd-sock", false);
    one = test_connect_open(&pair.front);
    two = test_connect_open(&pair.front);
    test_call(one, TEST_SLOW, 5, NULL, NULL);
    g_free(test_echo(two, "not held up"));
    g_assert_true(test_is_silent(one));
    g_assert_cmpuint(rpc_server_n_clients(pair.other.server.server), ==, 2);
    test_call(two, TEST_RELEASE, 6, NULL, NULL);
    test_reply(two, 6, NULL, NULL);
    test_reply(one, 5, NULL, NULL);
    test_call(one, TEST_SLOW, 7, NULL, NULL);
    test_turn();
    fd_close(one);
    test_turn();
    g_free(test_echo(two, "still here"));
    g_assert_cmpuint(pair.other.server.state.n_closed, ==, 1);
    fd_close(two);
    stop(&pair);
}

/* An error crosses field by field. */
static void test_error_passes(void)
{
    const RemoteConnectOpenArgs args = { .flags = VIR_ERR_SYSTEM_ERROR };
    RemoteError error;
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    test_call(fd, TEST_FAIL, 9, &remote_connect_open_args_xdr, &args);
    test_error(fd, 9, &error);
    g_assert_cmpint(error.code, ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpint(error.domain, ==, VIR_FROM_LXC);
    g_assert_cmpint(error.int1, ==, ENOENT);
    g_assert_nonnull(strstr(error.message, "cannot find 'it'"));
    xdr_clear(&remote_error_xdr, &error);
    fd_close(fd);
    stop(&pair);
}

/* Events of the other daemon reach the client in order. */
static void test_events_pass(void)
{
    const RemoteConnectOpenArgs args = { .name = (char *)"net", .flags = 3 };
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    test_call(fd, TEST_EVENTS, 4, &remote_connect_open_args_xdr, &args);
    for (int32_t i = 0; i < 3; i++) {
        RemoteDomainEventCallbackLifecycleMsg event;
        TestPacket packet;

        test_receive(fd, &packet);
        g_assert_cmpint(packet.header.type, ==, RPC_TYPE_MESSAGE);
        g_assert_cmpint(xdr_decode(&remote_domain_event_callback_lifecycle_msg_xdr,
                                   packet.bytes + packet.start, packet.size - packet.start, &event,
                                   NULL),
                        ==, XDR_OK);
        g_assert_cmpint(event.callbackID, ==, i);
        g_assert_cmpstr(event.msg.dom.name, ==, "net");
        xdr_clear(&remote_domain_event_callback_lifecycle_msg_xdr, &event);
        test_packet_clear(&packet);
    }
    test_reply(fd, 4, NULL, NULL);
    fd_close(fd);
    stop(&pair);
}

/* Descriptors go there and come back, the first time from a call that waits for the connection. */
static void test_descriptors_pass(void)
{
    const RpcHeader header = { .program = TEST_PROGRAM,
                               .version = 1,
                               .procedure = TEST_FDS,
                               .type = RPC_TYPE_CALL_WITH_FDS,
                               .serial = 3 };
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    for (int round = 0; round < 2; round++) {
        int fds[FD_MESSAGE_FDS_MAX], pipes[2];
        XdrBuffer out = { 0 };
        TestPacket packet;
        size_t n = 0;
        char byte = 'x';

        g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
        g_assert_cmpint(rpc_packet_build(&out, &header, 1, NULL, NULL), ==, XDR_OK);
        test_send(fd, out.data, out.len);
        xdr_buffer_clear(&out);
        g_assert_true(fd_send_message(fd, "", 1, &pipes[1], 1));
        test_receive(fd, &packet);
        g_assert_cmpint(packet.header.type, ==, RPC_TYPE_REPLY_WITH_FDS);
        g_assert_cmpuint(packet.header.serial, ==, 3);
        test_packet_clear(&packet);
        test_turn();
        g_assert_cmpint(fd_receive_message(fd, &byte, 1, fds, &n), ==, 1);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpint(write(fds[0], "x", 1), ==, 1);
        g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
        fd_close(fds[0]);
        fd_close(pipes[0]);
        fd_close(pipes[1]);
    }
    fd_close(fd);
    stop(&pair);
}

static void assert_stream(int fd, uint32_t serial, RpcStatus status, const char *data)
{
    TestPacket packet;

    test_receive(fd, &packet);
    g_assert_cmpint(packet.header.type, ==, RPC_TYPE_STREAM);
    g_assert_cmpuint(packet.header.serial, ==, serial);
    g_assert_cmpint(packet.header.status, ==, status);
    if (data)
        g_assert_cmpmem(packet.bytes + packet.start, packet.size - packet.start, data,
                        strlen(data));
    test_packet_clear(&packet);
}

/* Opens a stream; its first bytes may come before the reply or after it. */
static void open_stream(int fd, uint32_t serial)
{
    test_call(fd, TEST_STREAM, serial, NULL, NULL);
    test_reply(fd, serial, NULL, NULL);
    assert_stream(fd, serial, RPC_STATUS_CONTINUE, "backlog");
}

/* A stream carries bytes both ways, and ends when the client finishes or aborts it. */
static void test_stream_passes(void)
{
    Pair pair;
    char got[5] = "";
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    open_stream(fd, 12);
    test_stream(fd, TEST_STREAM, 12, RPC_STATUS_CONTINUE, "down");
    test_turn();
    g_assert_cmpint(read(pair.other.server.state.peer, got, 4), ==, 4);
    g_assert_cmpstr(got, ==, "down");
    g_assert_cmpint(write(pair.other.server.state.peer, "up", 2), ==, 2);
    assert_stream(fd, 12, RPC_STATUS_CONTINUE, "up");
    test_stream(fd, TEST_STREAM, 12, RPC_STATUS_OK, "");
    assert_stream(fd, 12, RPC_STATUS_OK, "");
    g_assert_cmpuint(pair.other.server.state.n_streams, ==, 0);
    open_stream(fd, 13);
    test_stream(fd, TEST_STREAM, 13, RPC_STATUS_ERROR, "");
    assert_stream(fd, 13, RPC_STATUS_OK, "");
    /* Late packets of a stream that has ended are nobody's. */
    test_stream(fd, TEST_STREAM, 13, RPC_STATUS_CONTINUE, "late");
    g_free(test_echo(fd, "in step"));
    fd_close(fd);
    stop(&pair);
}

/* A stream that nobody reads stops flowing, and holds up neither others nor our memory. */
static void test_stream_held(void)
{
    Pair pair;
    int fd, other;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    other = test_connect_open(&pair.front);
    test_call(fd, TEST_FLOOD, 2, NULL, NULL);
    test_turn(); /* ends only when nothing moves any more */
    g_free(test_echo(other, "lively"));
    test_reply(fd, 2, NULL, NULL);
    for (int i = 0; i < 100; i++)
        assert_stream(fd, 2, RPC_STATUS_CONTINUE, NULL);
    fd_close(fd);
    g_free(test_echo(other, "lively"));
    fd_close(other);
    stop(&pair);
}

/* A serial number that a stream still has cannot be used again. */
static void test_serial_taken(void)
{
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    open_stream(fd, 77);
    test_call(fd, TEST_STREAM, 77, NULL, NULL);
    test_refused(fd, 77, VIR_ERR_RPC);
    test_stream(fd, TEST_STREAM, 77, RPC_STATUS_OK, "");
    assert_stream(fd, 77, RPC_STATUS_OK, "");
    g_free(test_echo(fd, "free again"));
    fd_close(fd);
    stop(&pair);
}

/* Without the other daemon its calls fail, the client stays, and it is found when it comes. */
static void test_missing(void)
{
    RemoteError error;
    Pair pair;
    int fd;

    start(&pair, NULL, false);
    fd = test_connect_open(&pair.front);
    test_call(fd, TEST_SLOW, 1, NULL, NULL);
    test_error(fd, 1, &error);
    g_assert_cmpint(error.code, ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpint(error.domain, ==, VIR_FROM_RPC);
    g_assert_nonnull(strstr(error.message, "virtnetworkd-sock': No such file"));
    xdr_clear(&remote_error_xdr, &error);
    other_start(&pair, "libvirt-sock"); /* one daemon for everything will do */
    g_free(test_echo(fd, "there"));
    fd_close(fd);
    stop(&pair);
}

/* The daemon's refusal to open is the error of the call. */
static void test_open_refused(void)
{
    RemoteError error;
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    pair.other.told.refuse = true;
    test_call(fd, TEST_SLOW, 1, NULL, NULL);
    test_error(fd, 1, &error);
    g_assert_cmpint(error.code, ==, VIR_ERR_ACCESS_DENIED);
    g_assert_cmpint(error.domain, ==, VIR_FROM_NETWORK);
    xdr_clear(&remote_error_xdr, &error);
    pair.other.told.refuse = false;
    g_free(test_echo(fd, "there"));
    fd_close(fd);
    stop(&pair);
}

/* When the daemon dies, calls and streams under way fail, and the next call connects again. */
static void test_dies(void)
{
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    open_stream(fd, 1);
    test_call(fd, TEST_SLOW, 2, NULL, NULL);
    test_turn();
    other_stop(&pair);
    for (int i = 0; i < 2; i++) {
        TestPacket packet;

        test_receive(fd, &packet);
        g_assert_cmpint(packet.header.status, ==, RPC_STATUS_ERROR);
        g_assert_cmpint(packet.header.type, ==,
                        packet.header.serial == 1 ? RPC_TYPE_STREAM : RPC_TYPE_REPLY);
        test_packet_clear(&packet);
    }
    g_assert_true(test_is_silent(fd));
    other_start(&pair, "virtnetworkd-sock");
    g_free(test_echo(fd, "back"));
    fd_close(fd);
    stop(&pair);
}

/* A read-only client gets a read-only connection on the socket for those, and may not change. */
static void test_readonly(void)
{
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock-ro", true);
    fd = test_connect_open(&pair.front);
    test_call(fd, TEST_RELEASE, 1, NULL, NULL);
    test_reply(fd, 1, NULL, NULL);
    g_assert_cmpuint(pair.other.told.flags, ==, 1);
    test_call(fd, TEST_ECHO, 2, NULL, NULL);
    test_refused(fd, 2, VIR_ERR_OPERATION_DENIED);
    fd_close(fd);
    stop(&pair);
}

/* The client leaves while the connection is being made, or has calls on it. */
static void test_client_leaves(void)
{
    Pair pair;
    int fd;

    start(&pair, "virtnetworkd-sock", false);
    fd = test_connect_open(&pair.front);
    test_call(fd, TEST_SLOW, 1, NULL, NULL);
    fd_close(fd);
    test_turn();
    fd = test_connect_open(&pair.front);
    open_stream(fd, 1);
    test_call(fd, TEST_SLOW, 2, NULL, NULL);
    test_turn();
    fd_close(fd);
    test_turn();
    g_assert_cmpuint(rpc_server_n_clients(pair.front.server), ==, 0);
    stop(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* TEST_FLOOD writes until it is told otherwise */
    g_test_add_func("/relay/call", test_call_passes);
    g_test_add_func("/relay/clients-apart", test_clients_apart);
    g_test_add_func("/relay/error", test_error_passes);
    g_test_add_func("/relay/events", test_events_pass);
    g_test_add_func("/relay/descriptors", test_descriptors_pass);
    g_test_add_func("/relay/stream", test_stream_passes);
    g_test_add_func("/relay/stream-held", test_stream_held);
    g_test_add_func("/relay/serial-taken", test_serial_taken);
    g_test_add_func("/relay/missing", test_missing);
    g_test_add_func("/relay/open-refused", test_open_refused);
    g_test_add_func("/relay/dies", test_dies);
    g_test_add_func("/relay/readonly", test_readonly);
    g_test_add_func("/relay/client-leaves", test_client_leaves);
    return g_test_run();
}
