// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See rpc-test-client.h. */
#include "rpc-test-client.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const RpcLimits generous = { .max_clients = 100,
                                    .max_anonymous_clients = 20,
                                    .max_client_requests = 5,
                                    .keepalive_interval = 5,
                                    .keepalive_count = 5 };

static struct sockaddr_un address_of(const TestServer *test)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_strlcpy(address.sun_path, test->path, sizeof address.sun_path);
    return address;
}

void test_server_start(TestServer *test, const RpcLimits *limits, bool readonly, RpcAuth auth)
{
    g_autoptr(GError) err = NULL;
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    test_state_init(&test->state);
    test->program = test_program_new(&test->state);
    test->server = rpc_server_new(limits ? limits : &generous,
                                  (const RpcProgram *const[]){ test->program }, 1, "/nonexistent");
    test->dir = g_dir_make_tmp("rpc-XXXXXX", NULL);
    test->path = g_build_filename(test->dir, "sock", NULL);
    address = address_of(test);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 100), ==, 0);
    g_assert_true(rpc_server_add_socket(test->server, fd, readonly, auth, &err));
    rpc_server_start(test->server);
}

void test_server_stop(TestServer *test)
{
    rpc_server_free(test->server);
    test_state_clear(&test->state);
    g_assert_cmpuint(test->state.n_streams, ==, 0);
    (void)g_unlink(test->path);
    (void)g_rmdir(test->dir);
    g_free(test->program);
    g_free(test->path);
    g_free(test->dir);
}

void test_turn(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

bool test_wait(bool (*until)(void *), void *data)
{
    int64_t end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

    while (!until(data)) {
        if (g_get_monotonic_time() > end)
            return false;
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
    return true;
}

int test_connect(TestServer *test)
{
    struct sockaddr_un address = address_of(test);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    test_turn();
    return fd;
}

int test_connect_open(TestServer *test)
{
    const RemoteConnectOpenArgs args = { .name = (char *)"lxc:///system" };
    int fd = test_connect(test);

    test_call(fd, TEST_OPEN, 0, &remote_connect_open_args_xdr, &args);
    test_reply(fd, 0, NULL, NULL);
    return fd;
}

typedef struct Ready {
    int fd;
    short events;
} Ready;

static bool is_ready(void *data)
{
    const Ready *ready = data;
    struct pollfd poll_fd = { .fd = ready->fd, .events = ready->events };

    return poll(&poll_fd, 1, 0) == 1;
}

void test_send(int fd, const void *bytes, size_t size)
{
    Ready ready = { fd, POLLOUT };

    for (const char *at = bytes; size > 0;) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_assert_true(test_wait(is_ready, &ready));
            continue;
        }
        at += n;
        size -= (size_t)n;
    }
}

static void send_packet(int fd, const RpcHeader *header, const XdrType *type, const void *value)
{
    XdrBuffer out = { 0 };

    g_assert_cmpint(rpc_packet_build(&out, header, 0, type, value), ==, XDR_OK);
    test_send(fd, out.data, out.len);
    xdr_buffer_clear(&out);
}

void test_call(int fd, int32_t procedure, uint32_t serial, const XdrType *type, const void *args)
{
    const RpcHeader header = {
        .program = TEST_PROGRAM, .version = 1, .procedure = procedure, .serial = serial
    };

    send_packet(fd, &header, type, args);
}

void test_stream(int fd, int32_t procedure, uint32_t serial, RpcStatus status, const char *data)
{
    const RpcHeader header = { .program = TEST_PROGRAM,
                               .version = 1,
                               .procedure = procedure,
                               .type = RPC_TYPE_STREAM,
                               .serial = serial,
                               .status = status };
    uint8_t bytes[RPC_HEADER_SIZE];

    rpc_header_write(bytes, sizeof bytes + strlen(data), &header);
    test_send(fd, bytes, sizeof bytes);
    test_send(fd, data, strlen(data));
}

static bool read_some(int fd, void *into, size_t size)
{
    Ready ready = { fd, POLLIN };

    for (char *at = into; size > 0;) {
        ssize_t n;
        g_assert_true(test_wait(is_ready, &ready));
        n = recv(fd, at, size, 0);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

void test_receive(int fd, TestPacket *ret_packet)
{
    uint8_t length[RPC_LENGTH_SIZE];

    g_assert_true(read_some(fd, length, sizeof length));
    ret_packet->size = rpc_word_read(length);
    g_assert_cmpuint(ret_packet->size, >=, RPC_HEADER_SIZE);
    ret_packet->bytes = g_malloc(ret_packet->size);
    memcpy(ret_packet->bytes, length, sizeof length);
    g_assert_true(
        read_some(fd, ret_packet->bytes + sizeof length, ret_packet->size - sizeof length));
    rpc_header_read(ret_packet->bytes, &ret_packet->header);
    ret_packet->start = RPC_HEADER_SIZE;
}

void test_packet_clear(TestPacket *packet)
{
    g_free(packet->bytes);
}

bool test_is_silent(int fd)
{
    Ready ready = { fd, POLLIN };

    test_turn();
    return !is_ready(&ready);
}

bool test_hung_up(int fd)
{
    char byte;

    return !read_some(fd, &byte, 1);
}

static void decode(const TestPacket *packet, const XdrType *type, void *ret)
{
    if (type)
        g_assert_cmpint(xdr_decode(type, packet->bytes + packet->start,
                                   packet->size - packet->start, ret, NULL),
                        ==, XDR_OK);
}

void test_reply(int fd, uint32_t serial, const XdrType *type, void *ret)
{
    TestPacket packet;

    test_receive(fd, &packet);
    g_assert_cmpuint(packet.header.serial, ==, serial);
    g_assert_cmpint(packet.header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpint(packet.header.status, ==, RPC_STATUS_OK);
    decode(&packet, type, ret);
    test_packet_clear(&packet);
}

void test_error(int fd, uint32_t serial, RemoteError *ret_error)
{
    TestPacket packet;

    test_receive(fd, &packet);
    g_assert_cmpuint(packet.header.serial, ==, serial);
    g_assert_cmpint(packet.header.status, ==, RPC_STATUS_ERROR);
    decode(&packet, &remote_error_xdr, ret_error);
    test_packet_clear(&packet);
}

void test_refused(int fd, uint32_t serial, int code)
{
    RemoteError error;

    test_error(fd, serial, &error);
    g_assert_cmpint(error.code, ==, code);
    xdr_clear(&remote_error_xdr, &error);
}

char *test_echo(int fd, const char *text)
{
    const RemoteDomainDefineXmlArgs args = { .xml = (char *)text };
    RemoteConnectGetUriRet ret;
    char *answer;

    test_call(fd, TEST_ECHO, 77, &remote_domain_define_xml_args_xdr, &args);
    test_reply(fd, 77, &remote_connect_get_uri_ret_xdr, &ret);
    answer = g_strdup(ret.uri);
    xdr_clear(&remote_connect_get_uri_ret_xdr, &ret);
    return answer;
}
