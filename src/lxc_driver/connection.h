// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the driver remembers of one client: whether it opened the hypervisor connection, whether it
 * may only read. Made on first use, gone with the client; then everything that was bound to the
 * client (its event registrations, the containers it wanted destroyed with it) goes too.
 */
#pragma once

#include "lxc_driver/driver.h"

typedef struct Connection {
    bool open;            /* CONNECT_OPEN was called */
    bool readonly;        /* by its socket or by its own wish */
    int next_callback_id; /* for its event registrations; never used twice */
} Connection;

Connection *connection_of(RpcClient *client);

/* What dispatch asks of this driver. */
extern const RpcProgramHooks connection_hooks;
