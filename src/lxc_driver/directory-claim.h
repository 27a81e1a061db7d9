// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which container has which directory of the host for itself alone. */
#pragma once

#include "lxc_driver/domain.h"

/*
 * Refuses what another container has, which may be starting or stopping as well: what an overlay is
 * written to, and a directory with a limit on its space.
 */
bool directory_claim_check(const Domain *domain, const DomainDef *live, GError **err);
