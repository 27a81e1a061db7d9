// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See peer.h. */
#include "rpc/peer.h"

#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void rpc_peer_read(int fd, RpcPeer *ret_peer)
{
    struct ucred cred;
    socklen_t size = sizeof cred;

    *ret_peer = (RpcPeer){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0)
        *ret_peer = (RpcPeer){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
}

/* The 22nd field of /proc/PID/stat; the second, a name in brackets, may contain anything. */
uint64_t rpc_process_start_time(pid_t pid)
{
    char path[32];
    char text[1024];
    char *at;
    autofd int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (n <= 0)
        return 0;
    text[n] = '\0';
    at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at, ' ');
        if (at)
            at++;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}
