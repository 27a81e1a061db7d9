// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Framing, the request window, keepalive, authentication, limits. */
#include "rpc-test-client.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPALIVE 0x6b656570u

/* ---- framing ------------------------------------------------------------------------------- */

/* A call is answered whether its bytes come at once, one by one, or with the next call's. */
static void test_pieces(void)
{
    const RpcHeader header = { .program = TEST_PROGRAM, .version = 1, .procedure = TEST_GET_TYPE };
    uint8_t bytes[2 * RPC_HEADER_SIZE];
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    rpc_header_write(bytes, RPC_HEADER_SIZE, &header);
    for (size_t i = 0; i < RPC_HEADER_SIZE; i++) {
        g_assert_true(test_is_silent(fd));
        test_send(fd, bytes + i, 1);
    }
    test_reply(fd, 0, NULL, NULL);
    memcpy(bytes + RPC_HEADER_SIZE, bytes, RPC_HEADER_SIZE);
    test_send(fd, bytes, sizeof bytes);
    test_reply(fd, 0, NULL, NULL);
    test_reply(fd, 0, NULL, NULL);
    fd_close(fd);
    test_server_stop(&test);
}

/* Texts up to the protocol's limit of 4 MiB pass in both directions; one byte more is an error. */
static void test_large(void)
{
    g_autofree char *text = g_strnfill(4194304 + 1, 'x');
    g_autofree char *answer = NULL;
    uint8_t bytes[RPC_HEADER_SIZE + 4];
    const RpcHeader header = {
        .program = TEST_PROGRAM, .version = 1, .procedure = TEST_ECHO, .serial = 5
    };
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    text[4194304] = '\0';
    answer = test_echo(fd, text);
    g_assert_cmpstr(answer, ==, text);
    text[4194304] = 'x';
    rpc_header_write(bytes, RPC_HEADER_SIZE + 4 + 4194308, &header);
    rpc_word_write(bytes + RPC_HEADER_SIZE, 4194305);
    test_send(fd, bytes, sizeof bytes);
    test_send(fd, text, 4194305);
    test_send(fd, "\0\0\0", 3);
    test_refused(fd, 5, VIR_ERR_RPC);
    fd_close(fd);
    test_server_stop(&test);
}

/* A length nobody could mean ends the connection, and only that one. */
static void test_bad_lengths(void)
{
    static const uint32_t lengths[] = { 0, 3, 4, 27, RPC_PACKET_MAX + 1, 0x80000000, 0xffffffff };
    TestServer test;
    int other;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    other = test_connect_open(&test);
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        int fd = test_connect(&test);
        uint8_t bytes[RPC_HEADER_SIZE] = { 0 };
        rpc_word_write(bytes, lengths[i]);
        test_send(fd, bytes, sizeof bytes);
        g_assert_true(test_hung_up(fd));
        fd_close(fd);
    }
    g_free(test_echo(other, "still here"));
    g_assert_cmpuint(test.state.n_closed, ==, G_N_ELEMENTS(lengths));
    fd_close(other);
    test_server_stop(&test);
}

static void send_fd(int sock, int fd)
{
    g_assert_true(fd_send_message(sock, "", 1, &fd, 1));
}

static int receive_fd(int sock)
{
    int fds[FD_MESSAGE_FDS_MAX];
    size_t n = 0;
    char byte = 1;

    g_assert_cmpint(fd_receive_message(sock, &byte, 1, fds, &n), ==, 1);
    g_assert_cmpint(byte, ==, 0);
    g_assert_cmpuint(n, ==, 1);
    return fds[0];
}

/* Descriptors follow a call and its reply in order, one byte each, and the next packet is whole. */
static void test_fds(void)
{
    const RpcHeader header = { .program = TEST_PROGRAM,
                               .version = 1,
                               .procedure = TEST_FDS,
                               .type = RPC_TYPE_CALL_WITH_FDS,
                               .serial = 3 };
    XdrBuffer out = { 0 };
    TestServer test;
    TestPacket packet;
    int pipes[2][2];
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    g_assert_cmpint(rpc_packet_build(&out, &header, 2, NULL, NULL), ==, XDR_OK);
    test_send(fd, out.data, out.len);
    xdr_buffer_clear(&out);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pipe2(pipes[i], O_CLOEXEC), ==, 0);
        g_assert_true(test_is_silent(fd));
        send_fd(fd, pipes[i][1]);
    }
    test_receive(fd, &packet);
    g_assert_cmpint(packet.header.type, ==, RPC_TYPE_REPLY_WITH_FDS);
    g_assert_cmpuint(packet.size, ==, RPC_HEADER_SIZE + 4);
    g_assert_cmpuint(rpc_word_read(packet.bytes + RPC_HEADER_SIZE), ==, 2);
    for (int i = 0; i < 2; i++) {
        autofd int back = receive_fd(fd);
        char byte = 'x';
        g_assert_cmpint(write(back, &byte, 1), ==, 1);
        g_assert_cmpint(read(pipes[i][0], &byte, 1), ==, 1);
        fd_close(pipes[i][0]);
        fd_close(pipes[i][1]);
    }
    test_packet_clear(&packet);
    g_free(test_echo(fd, "in step"));
    fd_close(fd);
    test_server_stop(&test);
}

/* Descriptors for a call that wants none are closed, not kept. */
static void test_unwanted_fds(void)
{
    const RpcHeader header = { .program = TEST_PROGRAM,
                               .version = 1,
                               .procedure = TEST_GET_TYPE,
                               .type = RPC_TYPE_CALL_WITH_FDS,
                               .serial = 3 };
    XdrBuffer out = { 0 };
    TestServer test;
    int ends[2];
    char byte;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(rpc_packet_build(&out, &header, 1, NULL, NULL), ==, XDR_OK);
    test_send(fd, out.data, out.len);
    xdr_buffer_clear(&out);
    send_fd(fd, ends[1]);
    fd_close(ends[1]);
    test_reply(fd, 3, NULL, NULL);
    g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
    fd_close(ends[0]);
    fd_close(fd);
    test_server_stop(&test);
}

/* A descriptor on a byte of an ordinary packet goes nowhere and harms nothing. */
static void test_stray_fd(void)
{
    const RpcHeader header = { .program = TEST_PROGRAM, .version = 1, .procedure = TEST_GET_TYPE };
    uint8_t bytes[RPC_HEADER_SIZE];
    TestServer test;
    int ends[2];
    char byte;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    rpc_header_write(bytes, sizeof bytes, &header);
    g_assert_true(fd_send_message(fd, bytes, sizeof bytes, &ends[1], 1));
    fd_close(ends[1]);
    test_reply(fd, 0, NULL, NULL);
    g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
    fd_close(ends[0]);
    fd_close(fd);
    test_server_stop(&test);
}

/* ---- the window ---------------------------------------------------------------------------- */

static void finish_one(TestServer *test)
{
    rpc_call_finish(g_ptr_array_steal_index(test->state.slow, 0), NULL);
}

static void send_keepalive(int fd, int32_t procedure)
{
    const RpcHeader header = {
        .program = KEEPALIVE, .version = 1, .procedure = procedure, .type = RPC_TYPE_MESSAGE
    };
    uint8_t bytes[RPC_HEADER_SIZE];

    rpc_header_write(bytes, sizeof bytes, &header);
    test_send(fd, bytes, sizeof bytes);
}

static int32_t receive_keepalive(int fd)
{
    TestPacket packet;

    test_receive(fd, &packet);
    g_assert_cmpuint(packet.header.program, ==, KEEPALIVE);
    g_assert_cmpint(packet.header.type, ==, RPC_TYPE_MESSAGE);
    g_assert_cmpuint(packet.size, ==, RPC_HEADER_SIZE);
    test_packet_clear(&packet);
    return packet.header.procedure;
}

/* While the window is full pings are answered and the next call waits; it runs when one is done. */
static void test_window(void)
{
    const RpcLimits limits = { .max_clients = 10, .max_client_requests = 2 };
    TestServer test;
    int fd;

    test_server_start(&test, &limits, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    test_call(fd, TEST_SLOW, 1, NULL, NULL);
    test_call(fd, TEST_SLOW, 2, NULL, NULL);
    send_keepalive(fd, 1);
    g_assert_cmpint(receive_keepalive(fd), ==, 2);
    test_call(fd, TEST_GET_TYPE, 3, NULL, NULL);
    test_call(fd, TEST_GET_TYPE, 4, NULL, NULL);
    g_assert_true(test_is_silent(fd));
    g_assert_cmpuint(test.state.slow->len, ==, 2);
    finish_one(&test);
    test_reply(fd, 1, NULL, NULL);
    test_reply(fd, 3, NULL, NULL);
    test_reply(fd, 4, NULL, NULL);
    finish_one(&test);
    test_reply(fd, 2, NULL, NULL);
    fd_close(fd);
    test_server_stop(&test);
}

/* A call may be answered after its client has gone; a client may go while its window is full. */
static void test_gone_client(void)
{
    const RpcLimits limits = { .max_clients = 10, .max_client_requests = 1 };
    TestServer test;
    int fd;

    test_server_start(&test, &limits, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    test_call(fd, TEST_SLOW, 1, NULL, NULL);
    test_call(fd, TEST_SLOW, 2, NULL, NULL);
    test_turn();
    g_assert_cmpuint(test.state.slow->len, ==, 1);
    fd_close(fd);
    test_turn();
    g_assert_cmpuint(test.state.n_closed, ==, 1);
    g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 0);
    g_assert_null(rpc_call_client(test.state.slow->pdata[0]));
    finish_one(&test);
    test_server_stop(&test);
}

/* CONNECT_CLOSE is answered, what comes after it is not, and the connection ends. */
static void test_close(void)
{
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    test_call(fd, TEST_CLOSE, 1, NULL, NULL);
    test_call(fd, TEST_GET_TYPE, 2, NULL, NULL);
    test_reply(fd, 1, NULL, NULL);
    g_assert_true(test_hung_up(fd));
    g_assert_cmpuint(test.state.n_closed, ==, 1);
    fd_close(fd);
    test_server_stop(&test);
}

/* ---- keepalive ----------------------------------------------------------------------------- */

/* Pings go out only once asked for; a client that answers stays, one that does not is cut off. */
static void test_keepalive(void)
{
    const RpcLimits limits = {
        .max_clients = 10, .max_client_requests = 5, .keepalive_interval = 1, .keepalive_count = 1
    };
    const RemoteConnectSupportsFeatureArgs args = { .feature = 10 };
    RemoteConnectSupportsFeatureRet ret;
    TestServer test;
    int fd;
    int quiet;

    test_server_start(&test, &limits, false, RPC_AUTH_NONE);
    quiet = test_connect_open(&test);
    fd = test_connect_open(&test);
    test_call(fd, TEST_SUPPORTS_FEATURE, 1, &remote_connect_supports_feature_args_xdr, &args);
    test_reply(fd, 1, &remote_connect_supports_feature_ret_xdr, &ret);
    g_assert_cmpint(ret.supported, ==, 1);
    g_assert_cmpint(receive_keepalive(fd), ==, 1);
    send_keepalive(fd, 2);
    g_assert_cmpint(receive_keepalive(fd), ==, 1);
    g_assert_true(test_hung_up(fd));
    g_assert_true(test_is_silent(quiet));
    g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 1);
    fd_close(fd);
    fd_close(quiet);
    test_server_stop(&test);
}

/* ---- authentication and limits ------------------------------------------------------------- */

/* Nothing but authentication is answered before it; who has none to do is told so. */
static void test_auth(void)
{
    RemoteAuthListRet ret;
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_POLKIT);
    fd = test_connect(&test);
    test_call(fd, TEST_OPEN, 1, &remote_connect_open_args_xdr, &(RemoteConnectOpenArgs){ 0 });
    test_refused(fd, 1, VIR_ERR_RPC);
    test_call(fd, TEST_AUTH_SASL_INIT, 2, NULL, NULL);
    test_refused(fd, 2, VIR_ERR_AUTH_FAILED);
    test_call(fd, TEST_AUTH_LIST, 3, NULL, NULL);
    test_reply(fd, 3, &remote_auth_list_ret_xdr, &ret);
    g_assert_cmpuint(ret.types.len, ==, 1);
    g_assert_cmpint(ret.types.items[0], ==, getuid() == 0 ? REMOTE_AUTH_NONE : REMOTE_AUTH_POLKIT);
    xdr_clear(&remote_auth_list_ret_xdr, &ret);
    if (getuid() == 0) {
        test_call(fd, TEST_AUTH_POLKIT, 4, NULL, NULL);
        test_refused(fd, 4, VIR_ERR_AUTH_FAILED);
    }
    fd_close(fd);
    test_server_stop(&test);
}

static bool one_closed(void *data)
{
    return ((TestServer *)data)->state.n_closed >= 1;
}

/* Past a limit connections wait to be accepted; they are when somebody leaves or authenticates. */
static void test_accept_limits(void)
{
    const RpcLimits limits = { .max_clients = 2,
                               .max_anonymous_clients = 1,
                               .max_client_requests = 5 };
    TestServer test;
    int fds[3];

    test_server_start(&test, &limits, false, RPC_AUTH_POLKIT);
    for (int i = 0; i < 3; i++)
        fds[i] = test_connect(&test);
    test_turn();
    g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 1);
    if (getuid() == 0) {
        test_call(fds[0], TEST_AUTH_LIST, 1, NULL, NULL);
        test_reply(fds[0], 1, NULL, NULL);
        test_turn();
        g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 2);
        test_call(fds[1], TEST_AUTH_LIST, 1, NULL, NULL);
        test_reply(fds[1], 1, NULL, NULL);
        test_turn();
        g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 2);
    }
    fd_close(fds[0]);
    g_assert_true(test_wait(one_closed, &test));
    test_turn();
    g_assert_cmpuint(rpc_server_n_clients(test.server), ==, getuid() == 0 ? 2 : 1);
    fd_close(fds[1]);
    fd_close(fds[2]);
    test_server_stop(&test);
}

static bool first_replaced(void *data)
{
    return ((TestServer *)data)->state.n_closed >= 1 &&
           rpc_server_n_clients(((TestServer *)data)->server) == 1;
}

/* Who takes the last place for strangers and says nothing loses it after a while. */
static void test_silent_stranger(void)
{
    const RpcLimits limits = { .max_clients = 5,
                               .max_anonymous_clients = 1,
                               .max_client_requests = 5 };
    TestServer test;
    int silent;
    int next;
    bool gone = false;

    test_server_start(&test, &limits, false, RPC_AUTH_POLKIT);
    silent = test_connect(&test);
    next = test_connect(&test);
    g_assert_cmpuint(rpc_server_n_clients(test.server), ==, 1);
    for (int i = 0; i < 4 && !gone; i++)
        gone = test_wait(first_replaced, &test);
    g_assert_true(gone);
    g_assert_true(test_hung_up(silent));
    test_call(next, TEST_AUTH_LIST, 1, NULL, NULL);
    test_reply(next, 1, NULL, NULL);
    fd_close(silent);
    fd_close(next);
    test_server_stop(&test);
}

/* Events come in order; a client that lets them pile up is cut off, its neighbour is not. */
static void test_events(void)
{
    RemoteConnectOpenArgs args = { .flags = 3 };
    TestServer test;
    TestPacket packet;
    int fd;
    int other;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    other = test_connect_open(&test);
    test_call(fd, TEST_EVENTS, 1, &remote_connect_open_args_xdr, &args);
    for (uint32_t i = 0; i < 3; i++) {
        test_receive(fd, &packet);
        g_assert_cmpint(packet.header.type, ==, RPC_TYPE_MESSAGE);
        g_assert_cmpint(packet.header.procedure, ==, TEST_EVENT);
        g_assert_cmpuint(rpc_word_read(packet.bytes + RPC_HEADER_SIZE), ==, i);
        test_packet_clear(&packet);
    }
    test_reply(fd, 1, NULL, NULL);
    args.flags = 1000000;
    test_call(fd, TEST_EVENTS, 2, &remote_connect_open_args_xdr, &args);
    g_assert_true(test_wait(one_closed, &test));
    g_free(test_echo(other, "still here"));
    fd_close(fd);
    fd_close(other);
    test_server_stop(&test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/frames/pieces", test_pieces);
    g_test_add_func("/rpc/frames/large", test_large);
    g_test_add_func("/rpc/frames/bad-lengths", test_bad_lengths);
    g_test_add_func("/rpc/frames/descriptors", test_fds);
    g_test_add_func("/rpc/frames/unwanted-descriptors", test_unwanted_fds);
    g_test_add_func("/rpc/frames/stray-descriptor", test_stray_fd);
    g_test_add_func("/rpc/window/full", test_window);
    g_test_add_func("/rpc/window/gone-client", test_gone_client);
    g_test_add_func("/rpc/close", test_close);
    g_test_add_func("/rpc/keepalive", test_keepalive);
    g_test_add_func("/rpc/auth", test_auth);
    g_test_add_func("/rpc/limits/accept", test_accept_limits);
    g_test_add_func("/rpc/limits/silent-stranger", test_silent_stranger);
    g_test_add_func("/rpc/limits/events", test_events);
    return g_test_run();
}
