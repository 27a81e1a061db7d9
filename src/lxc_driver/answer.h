// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Small helpers for writing replies. */
#pragma once

#include "lxc_driver/domain.h"
#include "remote-xdr.h"

/* How a domain is named on the wire; `ret` is zeroed before. */
void answer_domain(const Domain *domain, RemoteNonnullDomain *ret);

/* Some replies spell text as words, the terminating NUL included. */
void answer_chars(const char *text, uint32_t *ret_len, int8_t **ret_items);
