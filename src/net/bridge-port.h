// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Host ends of links as ports of Linux bridges. Private to src/net.
 */
#pragma once

#include "net/device.h"

/* The bridge of the plan, if it can do what the plan asks of it. */
bool bridge_find(Rtnl *rtnl, const PlanLink *plan, Device *ret_bridge, GError **err);

/* For a message that changes the port: no packets from and to other isolated ports. */
void bridge_port_put_isolated(NlMsg *msg);

/* The port carries the plan's VLANs and no other; without VLANs what the bridge gives its ports. */
bool bridge_port_sort_vlans(Rtnl *rtnl, const PlanLink *plan, const Device *port, GError **err);
