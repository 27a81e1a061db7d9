// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What device-filesystem.c, which reads them, and filesystem-plan.c have in common. */
#pragma once

#include "conf/compile.h"

#define FILESYSTEM_IS(type) (1u << FILESYSTEM_##type)

/* The target as the kernel is asked for it: absolute, without empty and "." parts. */
char *filesystem_target(const Filesystem *fs);
bool filesystem_is_root(const Filesystem *fs);
/* NULL: the host's root is the container's. */
const Filesystem *filesystem_find_root(const DomainDef *def);
/* "loop", "nbd", ...; NULL: none is said. */
const char *filesystem_driver_word(FilesystemDriverType type);

/* filesystem-plan.c: the plan of a class. */
bool filesystem_plan(const void *device, PlanBuilder *builder, GError **err);
