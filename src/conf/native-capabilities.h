// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Capabilities as other formats say them: sets of bits 1 << CAP_*. A definition says a policy and
 * what differs from it, by the names that libvirt has.
 */
#pragma once

#include "conf/native.h"

/* "CAP_NET_ADMIN" or "net_admin", in any case; -1: no such capability. */
int native_capability_number(const char *name);
/* "net_admin"; NULL: nobody has named it yet. */
const char *native_capability_name(int number);
/* All that the kernel has. */
uint64_t native_capability_all(void);

/*
 * Makes the domain say `set` with as few words as possible. Those that libvirt has no name for
 * follow the policy; where that is not what they should do, it is noted.
 */
void native_capabilities_say(NativeResult *result, uint64_t set);
