// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The tables of procedures, ready to become RpcPrograms. Each is sorted by number. */
#pragma once

#include "rpc/program.h"

extern const RpcProcedure remote_procedures[]; /* program REMOTE_PROGRAM */
extern const size_t n_remote_procedures;

extern const RpcProcedure lxc_procedures[]; /* program LXC_PROGRAM */
extern const size_t n_lxc_procedures;

extern const RpcProcedure qemu_procedures[]; /* program QEMU_PROGRAM */
extern const size_t n_qemu_procedures;
