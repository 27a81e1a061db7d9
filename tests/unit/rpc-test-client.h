// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A server with the tests' program in this very thread, and a client that turns its main loop while
 * it waits. Everything a test does is thus in one order, always the same.
 */
#pragma once

#include "rpc-test-program.h"

#include "remote-xdr.h"
#include "rpc/packet.h"

typedef struct TestServer {
    TestState state;
    RpcProgram *program;
    RpcServer *server;
    char *dir;
    char *path;
} TestServer;

/* A packet as the client got it. */
typedef struct TestPacket {
    RpcHeader header;
    uint8_t *bytes; /* all of it */
    size_t size;
    size_t start; /* of the payload */
} TestPacket;

/* NULL limits: generous ones. */
void test_server_start(TestServer *test, const RpcLimits *limits, bool readonly, RpcAuth auth);
void test_server_stop(TestServer *test);

int test_connect(TestServer *test);                /* and waits until it is accepted */
int test_connect_open(TestServer *test);           /* and calls TEST_OPEN */
void test_turn(void);                              /* lets the server do all it can do now */
bool test_wait(bool (*until)(void *), void *data); /* false: nothing of it within five seconds */

void test_send(int fd, const void *bytes, size_t size); /* turning the loop */
void test_call(int fd, int32_t procedure, uint32_t serial, const XdrType *type, const void *args);
void test_stream(int fd, int32_t procedure, uint32_t serial, RpcStatus status, const char *data);

void test_receive(int fd, TestPacket *ret_packet);
void test_packet_clear(TestPacket *packet);
bool test_is_silent(int fd); /* nothing to read, and still connected */
bool test_hung_up(int fd);   /* waits for it */

/* Receives the reply to `serial`, which must be OK, and decodes it. */
void test_reply(int fd, uint32_t serial, const XdrType *type, void *ret);

/* Receives the reply to `serial`, which must be an error. Clear with xdr_clear. */
void test_error(int fd, uint32_t serial, RemoteError *ret_error);

/* An error of this code is the answer to `serial`. */
void test_refused(int fd, uint32_t serial, int code);

/* Calls TEST_ECHO; the answer is the caller's. */
char *test_echo(int fd, const char *text);
