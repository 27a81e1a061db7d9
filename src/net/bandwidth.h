// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * How much a link carries. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* Puts the plan's limits on the host end `host`. */
bool bandwidth_limit(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err);

/* What was made besides the host end, which takes its own limits along. Fine when it is gone. */
bool bandwidth_outlives_namespace(const PlanLink *plan);
bool bandwidth_unlimit(Rtnl *rtnl, const PlanLink *plan, GError **err);
