// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Host ends of links as ports of Open vSwitch. Private to src/net.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

bool openvswitch_wants(const PlanLink *plan);

/* `uuid` is the container's, which the switch's controller may want to know. */
bool openvswitch_plug(const PlanLink *plan, const char *host_name, const uint8_t uuid[16],
                      GError **err);

/* The switch keeps a port although its device is gone. Fine when there is none. */
bool openvswitch_unplug(const char *host_name, GError **err);
