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

#define NEEDS(fact) (1u << FACT_##fact)
#define NEEDS_MEMORY                                                                               \
    (NEEDS(MEMORY_LIMIT) | NEEDS(MEMORY_USAGE) | NEEDS(MEMORY_STAT) | NEEDS(SWAP_LIMIT) |          \
     NEEDS(BOTH_LIMIT) | NEEDS(SWAP_USAGE) | NEEDS(HOST_MEMINFO))
#define NEEDS_LOAD (NEEDS(CPU_USAGE) | NEEDS(TASKS) | NEEDS(PRESSURE_CPU) | NEEDS(PRESSURE_IO))
#define NEEDS_PROCESSORS (NEEDS(HOST_STAT) | NEEDS(CPU_QUOTA) | NEEDS(CPU_PERIOD) | NEEDS(CPU_SET))

ViewNeeds content_needs(ViewKind kind);

/* The whole of a file that is no directory. */
void content_make(ViewNode node, const Facts *facts, Text *out);

/* ---- memory.c ---- */
typedef struct MemorySum {
    uint64_t total; /* bytes */
    uint64_t unused;
    uint64_t shared;
    uint64_t swap_total;
    uint64_t swap_unused;
} MemorySum;

MemorySum memory_sum_up(const Facts *facts);
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
#define LOAD_BITS 20    /* 1 is 1 << LOAD_BITS in FactLoad, */
#define SI_LOAD_BITS 16 /* and so in sysinfo(2) */

void load_catch_up(const Facts *facts); /* facts->load is that of now */
uint64_t load_tasks(const Facts *facts);
void load_make_loadavg(const Facts *facts, Text *out);
