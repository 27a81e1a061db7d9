// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The handlers of the five authentication procedures, which every program table that has them
 * names. They are the only ones called before a client is authenticated.
 */
#pragma once

#include "rpc/program.h"

RpcHandler rpc_on_auth_list;
RpcHandler rpc_on_auth_polkit;
RpcHandler rpc_on_auth_sasl_init;
RpcHandler rpc_on_auth_sasl_start;
RpcHandler rpc_on_auth_sasl_step;
