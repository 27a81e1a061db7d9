// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What controller-images.c and controller-spawn.c share. */
#pragma once

#include "lxc_driver/controller-link.h"

struct ControllerImages {
    int controller_fd;
    int monitor_fd;
    int view_fd;
    int image_fd;
};

/*
 * Starts a controller process, which waits for its order. *ret_sock is the daemon's end of the
 * talk, non-blocking; *ret_pidfd stands for the child *ret_pid.
 */
bool controller_spawn(const ControllerLaunch *launch, int *ret_sock, pid_t *ret_pid, int *ret_pidfd,
                      GError **err);

bool controller_order(const ControllerLaunch *launch, int sock, GError **err);

/* "UUID.sock", the caller's. */
char *controller_socket_name(const uint8_t uuid[16]);

/* What to connect to, below a directory of any depth: sun_path has room for 108 bytes only. */
struct sockaddr_un;
void controller_socket_address(int state_dir_fd, const char *name, struct sockaddr_un *ret_address);
