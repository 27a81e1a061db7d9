// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a container may use, and the finer words of libvirt for how a machine would: pages, pins of
 * virtual processors, schedulers, shares of caches.
 */
#pragma once

#include "conf/def-values.h"

/* ---- memory ---------------------------------------------------------------------------------- */

typedef struct HugePage {
    OptNumber size; /* KiB */
    char *unit;     /* "KiB" */
    char *nodeset;  /* NULL: all cells */
} HugePage;

typedef struct HugePageList {
    size_t n;
    HugePage **items;
} HugePageList;

typedef struct HugePages {
    HugePageList pages;
} HugePages;

typedef struct MemoryBacking {
    HugePages *hugepages;
    bool nosharepages;
    bool locked;
    int source;
    int access;
    int allocation;
    OptNumber threads;
    bool discard;
} MemoryBacking;

/* So much memory, or more, is no limit. */
#define MEMORY_UNLIMITED_KIB 9007199254740991

/* KiB; not set means unlimited. */
typedef struct MemTune {
    OptNumber hard_limit;
    OptNumber soft_limit;
    OptNumber min_guarantee;
    OptNumber swap_hard_limit; /* memory and swap together */
} MemTune;

/* ---- block devices --------------------------------------------------------------------------- */

typedef struct BlkioDevice {
    char *path;
    OptNumber weight;
    OptNumber read_iops;
    OptNumber write_iops;
    OptNumber read_bytes;
    OptNumber write_bytes;
} BlkioDevice;

typedef struct BlkioDeviceList {
    size_t n;
    BlkioDevice **items;
} BlkioDeviceList;

typedef struct BlkioTune {
    OptNumber weight;
    BlkioDeviceList devices;
} BlkioTune;

/* ---- processors ------------------------------------------------------------------------------ */

typedef enum VcpuPlacement { VCPU_PLACEMENT_STATIC, VCPU_PLACEMENT_AUTO } VcpuPlacement;

/* How many threads a pool of I/O threads has. */
typedef struct ThreadPool {
    OptNumber min;
    OptNumber max;
} ThreadPool;

typedef struct IoThread {
    OptNumber id;
    ThreadPool pool;
} IoThread;

typedef struct IoThreadList {
    size_t n;
    IoThread **items;
} IoThreadList;

typedef struct CpuPin {
    OptNumber id; /* of a virtual processor or an I/O thread */
    char *cpuset;
} CpuPin;

typedef struct CpuPinList {
    size_t n;
    CpuPin **items;
} CpuPinList;

/* Once checked there is one for each virtual processor or I/O thread. */
typedef struct Scheduler {
    char *ids;
    int policy;
    OptNumber priority;
} Scheduler;

typedef struct SchedulerList {
    size_t n;
    Scheduler **items;
} SchedulerList;

typedef struct CacheShare {
    OptNumber id;
    OptNumber level;
    int type;
    OptNumber size;
    char *unit; /* the largest one that the size is a multiple of */
} CacheShare;

typedef struct CacheShareList {
    size_t n;
    CacheShare **items;
} CacheShareList;

typedef struct ResourceMonitor {
    OptNumber level; /* of a cache */
    char *vcpus;
} ResourceMonitor;

typedef struct ResourceMonitorList {
    size_t n;
    ResourceMonitor **items;
} ResourceMonitorList;

typedef struct NodeBandwidth {
    OptNumber id;
    OptNumber bandwidth; /* percent */
} NodeBandwidth;

typedef struct NodeBandwidthList {
    size_t n;
    NodeBandwidth **items;
} NodeBandwidthList;

/* What a group of virtual processors gets: of the caches, or of the memory bandwidth. */
typedef struct ResourceGroup {
    char *vcpus;
    CacheShareList caches;
    NodeBandwidthList nodes;
    ResourceMonitorList monitors;
} ResourceGroup;

typedef struct ResourceGroupList {
    size_t n;
    ResourceGroup **items;
} ResourceGroupList;

/*
 * Periods and quotas are microseconds; a negative quota is no limit. The emulator of a container is
 * what serves it from outside.
 */
typedef struct CpuTune {
    OptNumber shares;
    OptNumber period;
    OptNumber quota;
    OptNumber global_period;
    OptNumber global_quota;
    OptNumber emulator_period;
    OptNumber emulator_quota;
    OptNumber iothread_period;
    OptNumber iothread_quota;
    CpuPinList vcpupins;
    CpuPin *emulatorpin;
    CpuPinList iothreadpins;
    Scheduler *emulatorsched;
    SchedulerList vcpuscheds;
    SchedulerList iothreadscheds;
    ResourceGroupList cachetunes;
    ResourceGroupList memorytunes;
} CpuTune;

/* ---- NUMA ------------------------------------------------------------------------------------ */

typedef enum NumaMode {
    NUMA_MODE_ABSENT,
    NUMA_MODE_STRICT,
    NUMA_MODE_PREFERRED,
    NUMA_MODE_INTERLEAVE,
    NUMA_MODE_RESTRICTIVE
} NumaMode;

typedef enum NumaPlacement {
    NUMA_PLACEMENT_ABSENT,
    NUMA_PLACEMENT_STATIC,
    NUMA_PLACEMENT_AUTO
} NumaPlacement;

typedef struct MemNode {
    OptNumber cell;
    NumaMode mode;
    char *nodeset;
} MemNode;

typedef struct MemNodeList {
    size_t n;
    MemNode **items;
} MemNodeList;

typedef struct NumaTune {
    NumaMode mode; /* NUMA_MODE_ABSENT: wherever the host likes */
    char *nodeset; /* NULL: likewise, or with automatic placement */
    NumaPlacement placement;
    MemNodeList memnodes;
} NumaTune;
