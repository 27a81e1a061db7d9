// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Who is at the other end of a socket. A pid alone names nobody for long: together with the time
 * the process was started at it cannot be taken over by another process.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef struct RpcPeer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
} RpcPeer;

/* As the kernel noted it at connect. Nobody (uid and gid -1, pid 0) for a socket that has no peer.
 */
void rpc_peer_read(int fd, RpcPeer *ret_peer);

/* In clock ticks since boot; 0 when the process is gone. */
uint64_t rpc_process_start_time(pid_t pid);
