// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Disks with startupPolicy='optional', which are left out of a start where they are not there. */
#pragma once

#include "conf/domain-def.h"

/* What is not there, and who is told of each that is left out. */
typedef struct OptionalDisks {
    GHashTable *missing; /* set of paths on the host; NULL: not known yet */
    void (*left_out)(const char *source, const char *target, const void *data);
    const void *data;
} OptionalDisks;

/* Paths on the host of those that may be missing, copied; to be unreffed. */
GPtrArray *domain_def_optional_disks(const DomainDef *def);

/* Of volumes those that the storage daemon did not know. */
void domain_def_leave_out_disks(DomainDef *live, const OptionalDisks *ask);
