// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The daemon's listening sockets: those systemd made for us, found by name, or our own, with the
 * modes and the group of the configuration.
 */
#pragma once

#include "lxc_driver/daemon-config.h"
#include "lxc_driver/paths.h"
#include "rpc/server.h"

typedef struct Sockets Sockets;

/* Listening when it returns true. */
bool sockets_open(const Paths *paths, const Config *config, Sockets **ret_sockets, GError **err);

/* Hands the descriptors to the server. */
bool sockets_serve(Sockets *sockets, RpcServer *server, GError **err);

/* Removes the files of those we made. */
void sockets_free(Sockets *sockets);
