// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A domain's definition from a file, read as the daemon would read it. */
#pragma once

#include <sys/utsname.h>

#include "conf/domain-def.h"

/* "-" is standard input. `flags`: DOMAIN_DEF_VALIDATE or none. */
bool definition_read(const char *path, DomainDefFlags flags, Plan **ret_plan, GError **err);

/* A file, or with "-" standard input, as text. */
bool definition_read_text(const char *path, char **ret_text, GError **err);
/* This host as the daemon would see it; points into `names`. */
bool definition_host(struct utsname *names, DomainDefHost *ret_host, GError **err);
