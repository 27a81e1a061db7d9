// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Streams: data both ways, their four ends, and that a side that does not read costs nothing. */
#include "rpc-test-client.h"

#include "base/error.h"
#include "base/fd.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERIAL 9

typedef struct Fixture {
    TestServer test;
    int fd;
} Fixture;

static void expect_stream(int fd, RpcStatus status, const char *data)
{
    TestPacket packet;

    test_receive(fd, &packet);
    g_assert_cmpint(packet.header.type, ==, RPC_TYPE_STREAM);
    g_assert_cmpint(packet.header.procedure, ==, TEST_STREAM);
    g_assert_cmpuint(packet.header.serial, ==, SERIAL);
    g_assert_cmpint(packet.header.status, ==, status);
    if (data)
        g_assert_cmpmem(packet.bytes + packet.start, packet.size - packet.start, data,
                        strlen(data));
    test_packet_clear(&packet);
}

/* Opens the stream and takes the reply and the backlog off. */
static void set_up(Fixture *f, gconstpointer unused)
{
    test_server_start(&f->test, NULL, false, RPC_AUTH_NONE);
    f->fd = test_connect_open(&f->test);
    test_call(f->fd, TEST_STREAM, SERIAL, NULL, NULL);
    test_reply(f->fd, SERIAL, NULL, NULL);
    expect_stream(f->fd, RPC_STATUS_CONTINUE, "backlog");
}

static void tear_down(Fixture *f, gconstpointer unused)
{
    fd_close(f->fd);
    test_turn();
    g_assert_cmpuint(f->test.state.n_streams, ==, 0);
    test_server_stop(&f->test);
}

static void expect_peer(Fixture *f, const char *data)
{
    char bytes[64] = { 0 };

    test_turn();
    g_assert_cmpint(read(f->test.state.peer, bytes, sizeof bytes), ==, (ssize_t)strlen(data));
    g_assert_cmpstr(bytes, ==, data);
}

/* Data passes both ways and a finish is confirmed. */
static void test_finish(Fixture *f, gconstpointer unused)
{
    g_assert_cmpint(write(f->test.state.peer, "out", 3), ==, 3);
    expect_stream(f->fd, RPC_STATUS_CONTINUE, "out");
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, "");
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, "in");
    expect_peer(f, "in");
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_OK, "");
    expect_stream(f->fd, RPC_STATUS_OK, "");
    g_assert_cmpuint(f->test.state.n_streams, ==, 0);
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, "too late");
    g_assert_true(test_is_silent(f->fd));
}

static void say_peer(Fixture *f, const char *word)
{
    g_assert_cmpint(write(f->test.state.peer, word, strlen(word)), ==, (ssize_t)strlen(word));
}

/* Takes `size` bytes off; in how many packets? */
static unsigned count_packets(int fd, size_t size)
{
    unsigned n = 0;

    while (size > 0) {
        TestPacket packet;
        test_receive(fd, &packet);
        g_assert_cmpuint(packet.size - packet.start, <=, size);
        size -= packet.size - packet.start;
        n++;
        test_packet_clear(&packet);
    }
    return n;
}

/* What comes in parts without a pause is passed on together; an answer to the client is at once. */
static void test_gather(Fixture *f, gconstpointer unused)
{
    bool together = false;

    for (int i = 0; i < 1000 && !together; i++) { /* a slow machine makes pauses of its own */
        say_peer(f, "a");
        (void)count_packets(f->fd, 1);
        say_peer(f, "b");
        together = test_is_silent(f->fd);
        say_peer(f, "c");
        together = count_packets(f->fd, 2) == 1 && together;
    }
    g_assert_true(together);
    for (int i = 0; i < 3; i++) {
        test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, "key");
        expect_peer(f, "key");
        say_peer(f, "key");
        g_assert_false(test_is_silent(f->fd));
        expect_stream(f->fd, RPC_STATUS_CONTINUE, "key");
    }
}

/* An abort is confirmed too; the other side sees the end. */
static void test_abort(Fixture *f, gconstpointer unused)
{
    char byte;

    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_ERROR, "");
    expect_stream(f->fd, RPC_STATUS_OK, "");
    g_assert_cmpuint(f->test.state.n_streams, ==, 0);
    g_assert_cmpint(read(f->test.state.peer, &byte, 1), ==, 0);
}

/* When the other side hangs up the client gets what was left and an end of data, then finishes. */
static void test_hang_up(Fixture *f, gconstpointer unused)
{
    g_assert_cmpint(write(f->test.state.peer, "last words", 10), ==, 10);
    fd_close(fd_steal(&f->test.state.peer));
    expect_stream(f->fd, RPC_STATUS_CONTINUE, "last words");
    expect_stream(f->fd, RPC_STATUS_CONTINUE, "");
    g_assert_cmpuint(f->test.state.n_streams, ==, 1);
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, "into the void");
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_OK, "");
    expect_stream(f->fd, RPC_STATUS_OK, "");
}

/* A client that goes away takes its streams along. */
static void test_gone_client(Fixture *f, gconstpointer unused)
{
    fd_close(fd_steal(&f->fd));
    test_turn();
    g_assert_cmpuint(f->test.state.n_streams, ==, 0);
}

/* A console has no holes: the stream fails, the connection stays. */
static void test_hole(Fixture *f, gconstpointer unused)
{
    const RpcHeader header = { .program = TEST_PROGRAM,
                               .version = 1,
                               .procedure = TEST_STREAM,
                               .type = RPC_TYPE_STREAM_HOLE,
                               .serial = SERIAL,
                               .status = RPC_STATUS_CONTINUE };
    uint8_t bytes[RPC_HEADER_SIZE + 12] = { 0 };

    rpc_header_write(bytes, sizeof bytes, &header);
    test_send(f->fd, bytes, sizeof bytes);
    test_refused(f->fd, SERIAL, VIR_ERR_OPERATION_UNSUPPORTED);
    g_assert_cmpuint(f->test.state.n_streams, ==, 0);
    test_call(f->fd, TEST_GET_TYPE, 10, NULL, NULL);
    test_reply(f->fd, 10, NULL, NULL);
}

/* A finish is confirmed only when all that came before it has been taken. */
static void test_finish_waits(Fixture *f, gconstpointer unused)
{
    g_autofree char *data = g_strnfill(600000, 'd');
    char taken[65536];
    size_t sum = 0;
    ssize_t n;

    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, data);
    test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_OK, "");
    g_assert_true(test_is_silent(f->fd));
    while ((n = read(f->test.state.peer, taken, sizeof taken)) > 0) {
        sum += (size_t)n;
        test_turn();
    }
    g_assert_cmpuint(sum, ==, 600000);
    expect_stream(f->fd, RPC_STATUS_OK, "");
}

/* A side that takes nothing makes the stream fail; the client's other calls are not held up. */
static void test_stuck_peer(Fixture *f, gconstpointer unused)
{
    g_autofree char *data = g_strnfill(200000, 'd');

    for (int i = 0; i < 30; i++)
        test_stream(f->fd, TEST_STREAM, SERIAL, RPC_STATUS_CONTINUE, data);
    test_refused(f->fd, SERIAL, VIR_ERR_OPERATION_FAILED);
    test_call(f->fd, TEST_GET_TYPE, 10, NULL, NULL);
    test_reply(f->fd, 10, NULL, NULL);
}

/* While the client does not read, the source is not read either; then everything arrives. */
static void test_slow_client(Fixture *f, gconstpointer unused)
{
    static const char zeros[65536];
    size_t written = 0;
    size_t received = 0;
    ssize_t n;

    while ((n = write(f->test.state.peer, zeros, sizeof zeros)) > 0) {
        written += (size_t)n;
        test_turn();
    }
    g_assert_cmpuint(written, <, 4u << 20);
    while (received < written) {
        TestPacket packet;
        test_receive(f->fd, &packet);
        g_assert_cmpuint(packet.size, <=, RPC_HEADER_SIZE + RPC_STREAM_CHUNK);
        received += packet.size - RPC_HEADER_SIZE;
        test_packet_clear(&packet);
    }
    g_assert_cmpuint(received, ==, written);
    g_assert_true(test_is_silent(f->fd));
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as every daemon does */
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rpc/stream/finish", Fixture, NULL, set_up, test_finish, tear_down);
    g_test_add("/rpc/stream/gather", Fixture, NULL, set_up, test_gather, tear_down);
    g_test_add("/rpc/stream/abort", Fixture, NULL, set_up, test_abort, tear_down);
    g_test_add("/rpc/stream/hang-up", Fixture, NULL, set_up, test_hang_up, tear_down);
    g_test_add("/rpc/stream/gone-client", Fixture, NULL, set_up, test_gone_client, tear_down);
    g_test_add("/rpc/stream/hole", Fixture, NULL, set_up, test_hole, tear_down);
    g_test_add("/rpc/stream/finish-waits", Fixture, NULL, set_up, test_finish_waits, tear_down);
    g_test_add("/rpc/stream/stuck-peer", Fixture, NULL, set_up, test_stuck_peer, tear_down);
    g_test_add("/rpc/stream/slow-client", Fixture, NULL, set_up, test_slow_client, tear_down);
    return g_test_run();
}
