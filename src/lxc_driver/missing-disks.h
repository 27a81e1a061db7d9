// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Disks with startupPolicy='optional' that are not there when a container starts. */
#pragma once

#include "lxc_driver/domain.h"

/* Takes them out of the live definition, and says so by an event. */
void missing_disks_drop(const Domain *domain, DomainDef *live);
