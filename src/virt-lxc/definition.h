// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A domain's definition from a file, read as the daemon would read it. */
#pragma once

#include "conf/domain-def.h"

/* "-" is standard input. `flags`: DOMAIN_DEF_VALIDATE or none. */
bool definition_read(const char *path, DomainDefFlags flags, Plan **ret_plan, GError **err);
