// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * An error as it leaves the daemon. Clients show `message` and hand the other fields to programs,
 * which compare them: str1 is the code's template, str2 the detail that was put into it.
 */
#pragma once

#include "base/error.h"
#include "rpc/packet.h"

/* Builds the packet with status ERROR that answers `request`: of the given type, REPLY or STREAM.
 */
void rpc_error_build(XdrBuffer *out, const RpcHeader *request, RpcType type, const GError *err);

/* The origin (VIR_FROM_*) libvirt's API layer gives to errors of its public function `api`. */
int rpc_api_origin(const char *api);
