// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Capabilities of the calling process, by the kernel's own calls. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Takes everything that is not in `keep` from the bounding set, for good. False: errno. */
bool capability_bound(uint64_t keep);

/* Effective and permitted become what we have of `keep`, inheritable and ambient nothing. False:
 * errno. */
bool capability_set(uint64_t keep);
