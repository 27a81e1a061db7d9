// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <ip> and <route> of an interface, on either side of it. */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

extern const Record interface_ip_record;
extern const Record interface_route_record;

/* The texts were checked when they were parsed. */
void interface_plan_ip(const InterfaceIp *ip, PlanAddress *address);
void interface_plan_route(const InterfaceRoute *route, PlanRoute *planned);
