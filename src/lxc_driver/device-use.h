// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which containers use a network device of the host, and whether one more can. */
#pragma once

#include "lxc_driver/domain.h"
#include "plan-xdr.h"

/*
 * OPERATION_INVALID, with the name of the other, when the device that `link` of `domain` wants is
 * inside another container, passed through to it, or shared by it and wanted whole. Containers that
 * run use devices, and those whose start has come past this check.
 */
bool device_use_check(const Domain *domain, const PlanLink *link, GError **err);
