// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Sending and receiving the messages of control.x. The table in message.c says which struct belongs
 * to which kind. Uses libc only: the resident monitor links it.
 */
#pragma once

#include "base/fd.h"
#include "control-xdr.h"

#include <stdbool.h>
#include <stddef.h>

/* One received message. What `fds` still holds when it is cleared gets closed. */
typedef struct Message {
    ControlKind kind;
    union {
        ControlStart start;
        ControlError error;
        ControlRunning running;
        ControlExited exited;
        ControlConsole console;
    } body;
    int fds[FD_MESSAGE_FDS_MAX];
    size_t n_fds;
} Message;

/* `body` is the struct of `kind`, NULL for a kind without one. False: errno. */
bool message_send(int sock, ControlKind kind, const void *body, const int *fds, size_t n_fds);

/* Returns 1, 0 at end of file, -1 with errno (EBADMSG: not one of ours). */
int message_receive(int sock, Message *ret_message);

/* The descriptor at `index` becomes the caller's; -1 when it did not come. */
int message_take_fd(Message *message, size_t index);

void message_clear(Message *message);
