// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The files of the view, made from facts. A file whose facts are not there stays as empty as they
 * leave it; nothing is ever wrapped around: what would be negative is 0.
 */
#pragma once

#include "view/facts.h"
#include "view/node.h"
#include "view/text.h"

/* Facts that a file is made from: bits of 1 << FactName, and what costs more than reading. */
typedef struct ViewNeeds {
    uint32_t facts;
    bool tasks;
} ViewNeeds;

ViewNeeds content_needs(ViewKind kind);

/* The whole of a file that is no directory. */
void content_make(ViewNode node, const Facts *facts, Text *out);

/* ---- memory.c ---- */
void memory_make_meminfo(const Facts *facts, Text *out);
void memory_make_vmstat(const Facts *facts, Text *out);
void memory_make_swaps(const Facts *facts, Text *out);

/* ---- processors.c ---- */
unsigned processors_count(const Facts *facts);
void processors_make_cpuinfo(const Facts *facts, Text *out);
void processors_make_stat(const Facts *facts, Text *out);
void processors_make_uptime(const Facts *facts, Text *out);
void processors_add_list(const Facts *facts, Text *out);                      /* "0-3\n" */
void processors_add_mask(unsigned first, unsigned n, unsigned of, Text *out); /* "f\n" */

/* ---- disks.c ---- */
typedef struct DiskTotals {
    uint64_t read; /* bytes */
    uint64_t written;
} DiskTotals;

DiskTotals disks_total(const Facts *facts);
void disks_make_diskstats(const Facts *facts, Text *out);

/* ---- load.c ---- */
void load_make_loadavg(const Facts *facts, Text *out);
