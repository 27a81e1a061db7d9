// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Disks with startupPolicy='optional', which are left out of a start where they are not there. */
#pragma once

#include "conf/domain-def.h"

/* How the host is asked, and who is told of each that is left out. */
typedef struct OptionalDisks {
    bool (*is_missing)(const char *path);
    void (*left_out)(const char *source, const char *target, const void *data);
    const void *data;
} OptionalDisks;

/* Of volumes those that the storage daemon did not know. */
void domain_def_leave_out_disks(DomainDef *live, const OptionalDisks *ask);
