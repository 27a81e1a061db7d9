// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* From a call's packet to its handler; program.h says which checks are made in which order. */
#pragma once

#include "rpc/client.h"

void rpc_dispatch(RpcClient *client, RpcPacket *packet);

/* Where `program`'s args keep what the checks need; one per procedure. */
struct RpcFields *rpc_fields_new(const RpcProgram *program);
