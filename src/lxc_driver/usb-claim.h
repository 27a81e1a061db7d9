// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which container has which USB device of the host: a device can be in one of them. */
#pragma once

#include "lxc_driver/domain.h"
#include "plan-xdr.h"

/*
 * Finds the devices of a container that is about to start, and puts into its live definition where
 * they are, or that an optional one is missing; `plan` then is without that, since nobody asks us
 * when the container restarts. Refuses what another container has, which may be starting or
 * stopping as well. From then on they are claimed, until `live` is not the domain's any more.
 */
bool usb_claim(const Domain *domain, DomainDef *live, Plan *plan, GError **err);

/* The container has been restarted, and has looked for them anew. */
void usb_claim_renew(DomainDef *live);
