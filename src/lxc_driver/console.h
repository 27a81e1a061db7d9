// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Clients' streams on a container's consoles. Several clients may look at one console; the
 * controller gets it back when the last has gone. When the container ends, all streams end.
 */
#pragma once

#include "lxc_driver/domain.h"

/* Defers `call` and answers it when the console is there. `alias` NULL: the first console. */
bool console_open(Domain *domain, RpcCall *call, const char *alias, unsigned flags, GError **err);
