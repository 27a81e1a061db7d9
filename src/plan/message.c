// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See message.h. */
#include "plan/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Indexed by ControlKind; NULL: a kind without a body, or none of ours. */
static const XdrType *const bodies[] = {
    [CONTROL_START] = &control_start_xdr,
    [CONTROL_LINKS_DONE] = &control_error_xdr,
    [CONTROL_CONSOLE_OPEN] = &control_console_xdr,
    [CONTROL_CONSOLE_CLOSE] = &control_console_xdr,
    [CONTROL_KILL] = NULL,
    [CONTROL_LINKS] = &control_running_xdr,
    [CONTROL_RUNNING] = &control_running_xdr,
    [CONTROL_FAILED] = &control_error_xdr,
    [CONTROL_REBOOTED] = &control_running_xdr,
    [CONTROL_EXITED] = &control_exited_xdr,
    [CONTROL_CONSOLE_OPENED] = &control_console_xdr,
    [CONTROL_GO] = NULL,
    [CONTROL_TREE] = NULL,
    [CONTROL_MOUNT] = NULL,
    [CONTROL_CALLS] = NULL,
    [CONTROL_READY] = NULL,
};
#define N_KINDS (sizeof bodies / sizeof *bodies)

bool message_send(int sock, ControlKind kind, const void *body, const int *fds, size_t n_fds)
{
    uint32_t word = htonl((uint32_t)kind);
    XdrBuffer packet = { 0 };
    bool sent;

    packet.data = malloc(sizeof word);
    if (!packet.data)
        return false;
    memcpy(packet.data, &word, sizeof word);
    packet.len = packet.allocated = sizeof word;
    if (bodies[kind] && xdr_encode(bodies[kind], body, &packet) != XDR_OK) {
        xdr_buffer_clear(&packet);
        errno = EMSGSIZE;
        return false;
    }
    sent = fd_send_message(sock, packet.data, packet.len, fds, n_fds);
    xdr_buffer_clear(&packet);
    return sent;
}

static bool decode(Message *message, const uint8_t *data, size_t size)
{
    uint32_t word;

    if (size < sizeof word)
        return false;
    memcpy(&word, data, sizeof word);
    word = ntohl(word);
    if (word < CONTROL_START || word >= N_KINDS)
        return false;
    if (bodies[word] && xdr_decode(bodies[word], data + sizeof word, size - sizeof word,
                                   &message->body, NULL) != XDR_OK)
        return false;
    message->kind = (ControlKind)word;
    return true;
}

int message_receive(int sock, Message *ret_message)
{
    uint8_t data[FD_MESSAGE_MAX]; /* from malloc it would leave holes in the daemon's memory */
    Message message = { 0 };
    ssize_t n;

    /* A peer that closed without reading all is told first, once; what it sent is there still. */
    do {
        n = fd_receive_message(sock, data, sizeof data, message.fds, &message.n_fds);
    } while (n < 0 && errno == ECONNRESET);
    if (n > 0 && !decode(&message, data, (size_t)n)) {
        message_clear(&message);
        errno = EBADMSG;
        n = -1;
    }
    if (n == 0)
        message_clear(&message); /* an empty packet may bring descriptors */
    if (n > 0)
        *ret_message = message;
    return n > 0 ? 1 : (int)n;
}

int message_take_fd(Message *message, size_t index)
{
    return index < message->n_fds ? fd_steal(&message->fds[index]) : -1;
}

void message_clear(Message *message)
{
    if (message->kind && bodies[message->kind])
        xdr_clear(bodies[message->kind], &message->body);
    for (size_t i = 0; i < message->n_fds; i++)
        fd_close(message->fds[i]);
    memset(message, 0, sizeof *message);
}
