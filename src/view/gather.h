// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Facts as they are at this moment, from the host's /proc and the container's groups. */
#pragma once

#include "control-xdr.h"
#include "view/content.h"

typedef struct Gatherer {
    const ControlView *view; /* borrowed */
    FactLoad *load;          /* borrowed; other servers' too, */
    int load_fd;             /* which they see to one at a time by a lock on this file */
    FactTasks tasks;         /* as they were */
    uint64_t tasks_seen;     /* then, on the container's clock; 0: never */
} Gatherer;

/* The file that `node` is; text_clear it. `failed` is set where it could not be made. */
Text gather_file(Gatherer *gatherer, ViewNode node);

/* What sysinfo(2) fills in; the same. */
Text gather_sysinfo(Gatherer *gatherer, bool narrow);

/* How many processors are shown. */
unsigned gather_processors(Gatherer *gatherer);
