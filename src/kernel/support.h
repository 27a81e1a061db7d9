// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What a plan can say and this version cannot carry out. Such a plan is refused before it begins.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "plan-xdr.h"

/* False: CONFIG_UNSUPPORTED, naming the first such thing. */
bool support_check(const Plan *plan, GError **err);
