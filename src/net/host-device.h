// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Devices of the host that move into a container. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* As link_create, of kind HOST; there is no host end. */
bool host_device_give(const PlanLink *plan, const LinkHome *home, char **ret_host_name,
                      GError **err);
