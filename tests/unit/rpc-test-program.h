// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A small program for the RPC server's tests: the start of the main program with the numbers the
 * real one has, so that the same client works against the daemon, and from TEST_ECHO on procedures
 * that show one behaviour each.
 */
#pragma once

#include "rpc/call.h"
#include "rpc/server.h"

#define TEST_PROGRAM 0x20008086u

enum {
    TEST_OPEN = 1,
    TEST_CLOSE = 2,
    TEST_GET_TYPE = 3,
    TEST_SUPPORTS_FEATURE = 60,
    TEST_AUTH_LIST = 66,
    TEST_AUTH_SASL_INIT = 67,
    TEST_AUTH_POLKIT = 70,
    TEST_EVENT = 318,
    TEST_ECHO = 9001,    /* xml -> uri; refused on a read-only connection */
    TEST_SLOW = 9002,    /* answered by TEST_RELEASE */
    TEST_RELEASE = 9003, /* answers all of TEST_SLOW */
    TEST_FDS = 9004,     /* gives back the descriptors that came */
    TEST_STREAM = 9005,  /* opens a stream on one end of a socket pair; see test_state.peer */
    TEST_FAIL = 9006,    /* fails with the code in `flags` */
    TEST_DOMAIN = 9007,  /* needs a running domain */
    TEST_NONE = 9008,    /* nobody implements it */
    TEST_EVENTS = 9009,  /* sends as many events as `flags` says */
    TEST_FLAGS = 9010,   /* understands flag 1, which a read-only connection may not use */
    TEST_FLOOD = 9011,   /* a stream that never ends */
};

typedef struct TestState {
    GPtrArray *slow;     /* calls that wait for TEST_RELEASE */
    unsigned n_closed;   /* clients that went */
    unsigned n_streams;  /* streams that are open */
    int peer;            /* the other end of the last TEST_STREAM, or -1 */
    bool readonly;       /* what is_readonly answers besides the socket's */
    uint8_t running[16]; /* the uuid of the one running domain; all others do not exist */
} TestState;

void test_state_init(TestState *state);
void test_state_clear(TestState *state);

/* The program with `state` as its data; freed with g_free. */
RpcProgram *test_program_new(TestState *state);
