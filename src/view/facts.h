// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the files of the view are made from: texts of the container's control groups and of the
 * host's /proc, and a few numbers. Who gathers them touches the system; who makes files of them
 * (memory.c, processors.c, activity.c) does not, so that tests give them texts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum FactName {
    FACT_HOST_MEMINFO,
    FACT_HOST_VMSTAT,
    FACT_HOST_CPUINFO,
    FACT_HOST_STAT,
    FACT_HOST_DISKSTATS,
    FACT_HOST_KERNEL_MAX,
    FACT_HOST_PRESSURE_CPU,
    FACT_HOST_PRESSURE_IO,
    FACT_HOST_PRESSURE_MEMORY,
    /* Of the groups. Limits are one line per group, from the container's own to the top. */
    FACT_MEMORY_LIMIT,
    FACT_MEMORY_USAGE,
    FACT_MEMORY_STAT,
    FACT_KERNEL_MEMORY, /* v1 only */
    FACT_SWAP_LIMIT,    /* v2 only: of swap; */
    FACT_BOTH_LIMIT,    /* v1 only: of memory and swap */
    FACT_SWAP_USAGE,    /* v2 only */
    FACT_CPU_QUOTA,     /* v2: with the period behind it */
    FACT_CPU_PERIOD,    /* v1 only */
    FACT_CPU_SET,
    FACT_CPU_USAGE, /* v1: user and system of each processor, in ns; v2: of all, in us */
    FACT_IO,        /* v1: bytes only */
    FACT_IO_COUNTS, /* v1 only */
    FACT_TASKS,
    FACT_PRESSURE_CPU,
    FACT_PRESSURE_IO,
    FACT_PRESSURE_MEMORY,
    FACT_NAMES
} FactName;

/* What the container's tasks are doing at the moment. */
typedef struct FactTasks {
    unsigned running;
    unsigned blocked;
    unsigned total; /* as far as they were looked at */
} FactTasks;

/* What the load was when it was last asked for; it outlives the server. All 0: never asked for. */
typedef struct FactLoad {
    uint64_t when;       /* microseconds on the container's clock */
    uint64_t work;       /* microseconds that tasks ran or waited until then */
    uint64_t average[3]; /* over 1, 5 and 15 minutes: see load.c */
} FactLoad;

typedef struct Facts {
    const char *texts[FACT_NAMES]; /* NULL: there is no such file; the gatherer's */
    const char *usage_before;      /* FACT_CPU_USAGE as it was when the container started; or "" */
    uint64_t clock;                /* microseconds since the container started */
    int64_t born;                  /* that start on the host's boot clock, in seconds */
    uint64_t page;                 /* bytes */
    uint64_t hertz;                /* what /proc/stat counts in */
    bool limits_processors;        /* else all of the host's are the container's */
    FactTasks tasks;
    FactLoad *load; /* NULL where nobody asks for it */
} Facts;
