// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Where memory is taken from: set_mempolicy(2). */
#pragma once

#include <stdbool.h>

#include "plan-xdr.h"

/* For the calling process and all it will start. False: errno. Uses libc only. */
bool numa_set_policy(const PlanNuma *numa);
