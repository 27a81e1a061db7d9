// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* All types of all .x files, for tests that try every one or look one up by its name. */
#pragma once

#include "base/xdr.h"

/* Each ends with NULL; written by xdrgen.py. */
extern const XdrType *const remote_types[];
extern const XdrType *const plan_types[];
extern const XdrType *const control_types[];

static const XdrType *const *const all_types[] = { remote_types, plan_types, control_types };
