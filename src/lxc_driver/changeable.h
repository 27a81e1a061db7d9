// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which directories of the host containers can change, as far as a plan has to know. */
#pragma once

#include "lxc_driver/domain.h"
#include "plan-xdr.h"

/*
 * Notes in plan->changeable what is above a source of the plan's and can be changed by the
 * container itself or by another one that is defined.
 */
void changeable_note(const Domain *domain, const DomainDef *live, Plan *plan);
