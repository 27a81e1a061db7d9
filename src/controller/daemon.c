// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See daemon.h. The listening socket itself does not block: who connected may have left again. */
#include "controller/daemon.h"

#include "base/fd.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_daemon(int sock)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

int accept_daemon(int listen_fd)
{
    autofd int sock = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    return sock >= 0 && is_daemon(sock) ? fd_steal(&sock) : -1;
}
