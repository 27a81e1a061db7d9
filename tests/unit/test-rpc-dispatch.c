// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What is refused before a handler runs, in which words, and what an error looks like. */
#include "rpc-test-client.h"

#include "base/error.h"
#include "base/fd.h"

#include <string.h>

/* ---- dispatch ------------------------------------------------------------------------------ */

/* Numbers nobody knows, of programs and procedures, are refused and the connection stays. */
static void test_unknown(void)
{
    static const int32_t procedures[] = { 0, -1, 4, TEST_EVENT, 99999, G_MAXINT32, G_MININT32 };
    RpcHeader header = { .program = TEST_PROGRAM + 1, .version = 1, .procedure = 1, .serial = 8 };
    uint8_t bytes[RPC_HEADER_SIZE];
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    for (size_t i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autofree char *text = g_strdup_printf("unknown procedure: %d", procedures[i]);
        RemoteError error;
        test_call(fd, procedures[i], 7, NULL, NULL);
        test_error(fd, 7, &error);
        g_assert_cmpint(error.code, ==, VIR_ERR_RPC);
        g_assert_cmpint(error.domain, ==, VIR_FROM_RPC);
        g_assert_cmpstr(error.message, ==, text);
        xdr_clear(&remote_error_xdr, &error);
    }
    rpc_header_write(bytes, sizeof bytes, &header);
    test_send(fd, bytes, sizeof bytes);
    test_refused(fd, 8, VIR_ERR_RPC);
    header.program = TEST_PROGRAM;
    header.version = 2;
    rpc_header_write(bytes, sizeof bytes, &header);
    test_send(fd, bytes, sizeof bytes);
    test_refused(fd, 8, VIR_ERR_RPC);
    header.version = 1;
    header.status = RPC_STATUS_CONTINUE;
    rpc_header_write(bytes, sizeof bytes, &header);
    test_send(fd, bytes, sizeof bytes);
    test_refused(fd, 8, VIR_ERR_RPC);
    fd_close(fd);
    test_server_stop(&test);
}

/* Packets that are no calls and belong to nothing are dropped without an answer. */
static void test_dropped(void)
{
    static const int32_t types[] = {
        RPC_TYPE_REPLY, RPC_TYPE_MESSAGE, RPC_TYPE_STREAM, RPC_TYPE_STREAM_HOLE, 7, -1
    };
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        const RpcHeader header = {
            .program = TEST_PROGRAM, .version = 1, .procedure = TEST_GET_TYPE, .type = types[i]
        };
        uint8_t bytes[RPC_HEADER_SIZE];
        rpc_header_write(bytes, sizeof bytes, &header);
        test_send(fd, bytes, sizeof bytes);
        g_assert_true(test_is_silent(fd));
    }
    g_free(test_echo(fd, "still here"));
    fd_close(fd);
    test_server_stop(&test);
}

static void call_domain(int fd, uint32_t serial, uint8_t uuid)
{
    RemoteDomainGetStateArgs args = { .dom.name = (char *)"any", .dom.id = -1 };

    memset(args.dom.uuid, uuid, sizeof args.dom.uuid);
    test_call(fd, TEST_DOMAIN, serial, &remote_domain_get_state_args_xdr, &args);
}

/* What a row demands is checked before its handler runs. */
static void test_checks(void)
{
    const RemoteConnectOpenArgs bit = { .flags = 1 };
    RemoteDomainGetStateRet state;
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect(&test);
    test_call(fd, TEST_GET_TYPE, 1, NULL, NULL);
    test_refused(fd, 1, VIR_ERR_INTERNAL_ERROR);
    fd_close(fd);
    fd = test_connect_open(&test);
    call_domain(fd, 2, 0xff);
    test_refused(fd, 2, VIR_ERR_NO_DOMAIN);
    call_domain(fd, 3, 1);
    test_refused(fd, 3, VIR_ERR_OPERATION_INVALID);
    call_domain(fd, 4, 7);
    test_reply(fd, 4, &remote_domain_get_state_ret_xdr, &state);
    g_assert_cmpint(state.state, ==, 1);
    test_call(fd, TEST_FLAGS, 5, &remote_connect_open_args_xdr, &bit);
    test_reply(fd, 5, NULL, NULL);
    test.state.readonly = true;
    test_call(fd, TEST_FLAGS, 6, &remote_connect_open_args_xdr, &bit);
    test_refused(fd, 6, VIR_ERR_OPERATION_DENIED);
    test_call(fd, TEST_FLAGS, 7, &remote_connect_open_args_xdr, &(RemoteConnectOpenArgs){ 0 });
    test_reply(fd, 7, NULL, NULL);
    fd_close(fd);
    test_server_stop(&test);
}

/* The read-only socket is read-only whatever the driver thinks. */
static void test_readonly_socket(void)
{
    const RemoteDomainDefineXmlArgs args = { .xml = (char *)"x" };
    RemoteError error;
    TestServer test;
    int fd;

    test_server_start(&test, NULL, true, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    test_call(fd, TEST_ECHO, 1, &remote_domain_define_xml_args_xdr, &args);
    test_error(fd, 1, &error);
    g_assert_cmpint(error.code, ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(error.domain, ==, VIR_FROM_DOMAIN);
    xdr_clear(&remote_error_xdr, &error);
    fd_close(fd);
    test_server_stop(&test);
}

/* ---- errors -------------------------------------------------------------------------------- */

typedef struct ErrorCase {
    int32_t procedure;
    uint32_t flags;
    int code;
    int from;
    const char *message;
    const char *str1;
    const char *str2;
    int int1;
    int int2;
} ErrorCase;

static const ErrorCase error_cases[] = {
    {TEST_FAIL,   VIR_ERR_XML_ERROR,    VIR_ERR_XML_ERROR,    VIR_FROM_LXC,             "XML error: a detail",
     "XML error: %s",                                                                                                                                                         "a detail",                 -1,     -1},
    { TEST_FAIL,  VIR_ERR_DOM_EXIST,    VIR_ERR_DOM_EXIST,    VIR_FROM_LXC,
     "domain a detail exists already",                                                                         "domain %s exists already",                                    "a detail",                 -1,     -1},
    { TEST_FAIL,  VIR_ERR_SYSTEM_ERROR, VIR_ERR_SYSTEM_ERROR, VIR_FROM_LXC,
     "cannot find 'it': No such file or directory",                                                            "%s",
     "cannot find 'it': No such file or directory",                                                                                                                                                       ENOENT, -1},
    { TEST_NONE,  0,                    VIR_ERR_NO_SUPPORT,   VIR_FROM_DOMAIN_SNAPSHOT,
     "this function is not supported by the connection driver: virDomainSnapshotNothing",                      "this function is not supported by the connection driver: %s", "virDomainSnapshotNothing", -1,
     -1                                                                                                                                                                                                             },
    { TEST_FLAGS, 0x13,                 VIR_ERR_INVALID_ARG,  VIR_FROM_LXC,
     "unsupported flags (0x12) in function virDomainFlags",                                                    "virDomainFlags",                                              "flags",                    0,      0 },
    { TEST_FAIL,  60000,                60000,                VIR_FROM_LXC,             "a detail",            "%s",                                                          "a detail",                 -1,     -1},
};

/* Every field of an error is what libvirt's own server would have put there. */
static void test_error_fields(void)
{
    TestServer test;
    int fd;

    test_server_start(&test, NULL, false, RPC_AUTH_NONE);
    fd = test_connect_open(&test);
    for (size_t i = 0; i < G_N_ELEMENTS(error_cases); i++) {
        const ErrorCase *c = &error_cases[i];
        const RemoteConnectOpenArgs args = { .flags = c->flags };
        RemoteError error;
        test_call(fd, c->procedure, 1, &remote_connect_open_args_xdr, &args);
        test_error(fd, 1, &error);
        g_assert_cmpint(error.code, ==, c->code);
        g_assert_cmpint(error.domain, ==, c->from);
        g_assert_cmpint(error.level, ==, VIR_ERR_ERROR);
        g_assert_cmpstr(error.message, ==, c->message);
        g_assert_cmpstr(error.str1, ==, c->str1);
        g_assert_cmpstr(error.str2, ==, c->str2);
        g_assert_null(error.str3);
        g_assert_cmpint(error.int1, ==, c->int1);
        g_assert_cmpint(error.int2, ==, c->int2);
        xdr_clear(&remote_error_xdr, &error);
    }
    fd_close(fd);
    test_server_stop(&test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/dispatch/unknown", test_unknown);
    g_test_add_func("/rpc/dispatch/dropped", test_dropped);
    g_test_add_func("/rpc/dispatch/checks", test_checks);
    g_test_add_func("/rpc/dispatch/readonly-socket", test_readonly_socket);
    g_test_add_func("/rpc/errors/fields", test_error_fields);
    return g_test_run();
}
