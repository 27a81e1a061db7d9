// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * IP addresses and routes of one device. Private to src/net.
 */
#pragma once

#include "net/device.h"

bool address_add(Rtnl *rtnl, const Device *device, const PlanAddress *address, GError **err);

/* The device must be up. */
bool route_add(Rtnl *rtnl, const Device *device, const PlanRoute *route, GError **err);
