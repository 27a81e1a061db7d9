// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * File descriptors with one owner. `autofd int fd = -1;` closes at the end of the scope unless the
 * descriptor was handed on with fd_steal. Uses libc only, so that the resident monitor can link it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void fd_close(int fd);                                     /* keeps errno; -1 is fine */
void fd_autoclose(int *fd);                                /* for the attribute below */
int fd_steal(int *fd);                                     /* returns *fd and sets it to -1 */
bool fd_read_full(int fd, void *data, size_t size);        /* false: errno, or 0 at end of file */
bool fd_write_full(int fd, const void *data, size_t size); /* false: errno */
bool fd_set_nonblocking(int fd, bool on);
bool fd_set_cloexec(int fd, bool on);

/* Sends one message of at most 64 KiB with up to 32 descriptors over a SOCK_SEQPACKET socket. */
bool fd_send_message(int sock, const void *data, size_t size, const int *fds, size_t n_fds);

/*
 * Receives one such message. Returns its size, 0 at end of file, -1 with errno. `ret_fds` has room
 * for 32; all that came are close-on-exec and belong to the caller.
 */
ssize_t fd_receive_message(int sock, void *data, size_t size, int *ret_fds, size_t *ret_n_fds);

#define FD_MESSAGE_MAX 65536
#define FD_MESSAGE_FDS_MAX 32

#define autofd __attribute__((cleanup(fd_autoclose)))
