// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Links on top of a device of the host. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* As link_create, of kind DIRECT; there is no host end. */
bool direct_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err);
