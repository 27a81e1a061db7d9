// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the init of a whole system finds besides: control groups that it may divide, and what
 * systemd calls the interface of containers (/run in memory, /run/host, credentials).
 */
#pragma once

#include "conf/domain-def.h"

/* Completes the plan of `def` before it is carried out. */
void system_plan(const DomainDef *def, Plan *plan);
