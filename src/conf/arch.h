// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Architectures, called as libvirt calls them, and which of them a host can run containers of. */
#pragma once

#include <stdbool.h>

bool arch_is_known(const char *name);
/* 32 or 64. */
int arch_word_size(const char *name);
/* The 32-bit architecture whose programs a host of this one runs as well; NULL: none. */
const char *arch_partner(const char *host);
bool arch_runs(const char *host, const char *arch);
