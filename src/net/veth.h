// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Links of two ends: one inside, one on the host. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* As link_create, link_outlives_namespace and link_remove; of kind BRIDGE, ETHERNET or UNPLUGGED.
 */
bool veth_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err);
bool veth_outlives_namespace(const PlanLink *plan);
bool veth_remove(const PlanLink *plan, GError **err);
