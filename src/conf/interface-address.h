// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <ip> and <route> of an interface, on either side of it. */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

extern const Record interface_ip_record;
extern const Record interface_route_record;

/* To the container's side of the link, or to the host's. */
typedef enum LinkSide { LINK_INSIDE, LINK_ON_HOST } LinkSide;

/* They were checked when they were parsed. */
void interface_plan_addresses(const InterfaceIpList *ips, const InterfaceRouteList *routes,
                              PlanLink *link, LinkSide side);
