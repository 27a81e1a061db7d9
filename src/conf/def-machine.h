// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Libvirt's words for a machine: its processor, its clock, its firmware. A container has the
 * host's; apart from the clock's timers all of it is checked and given back without effect.
 */
#pragma once

#include "conf/def-values.h"

/* ---- the processor --------------------------------------------------------------------------- */

typedef struct CpuTopology {
    OptNumber sockets;
    OptNumber dies;
    OptNumber cores;
    OptNumber threads;
} CpuTopology;

typedef struct CpuFeature {
    int policy;
    char *name;
} CpuFeature;

typedef struct CpuFeatureList {
    size_t n;
    CpuFeature **items;
} CpuFeatureList;

typedef struct CpuCache {
    OptNumber level;
    int mode;
} CpuCache;

typedef struct CpuAddressSize {
    int mode;
    OptNumber bits;
} CpuAddressSize;

/* A number with its unit, as an element. */
typedef struct SizeValue {
    OptNumber value;
    char *unit;
} SizeValue;

typedef struct NumaDistance {
    OptNumber cell;
    OptNumber value;
} NumaDistance;

typedef struct NumaDistanceList {
    size_t n;
    NumaDistance **items;
} NumaDistanceList;

typedef struct NumaDistances {
    NumaDistanceList siblings;
} NumaDistances;

typedef struct NumaCache {
    OptNumber level;
    int associativity;
    int policy;
    SizeValue *size;
    SizeValue *line;
} NumaCache;

typedef struct NumaCacheList {
    size_t n;
    NumaCache **items;
} NumaCacheList;

typedef struct NumaCell {
    OptNumber id;
    char *cpus;       /* NULL: none */
    OptNumber memory; /* KiB */
    char *unit;
    int access;
    Choice discard;
    NumaDistances *distances;
    NumaCacheList caches;
} NumaCell;

/* After the check sorted by id, which count from 0. */
typedef struct NumaCellList {
    size_t n;
    NumaCell **items;
} NumaCellList;

/* A latency or a bandwidth between two cells. */
typedef struct NumaLink {
    OptNumber initiator;
    OptNumber target;
    OptNumber cache;
    int access;
    OptNumber value;
    char *unit; /* of a bandwidth */
} NumaLink;

typedef struct NumaLinkList {
    size_t n;
    NumaLink **items;
} NumaLinkList;

typedef struct CpuNuma {
    NumaCellList cells;
    NumaLinkList latencies;
    NumaLinkList bandwidths;
} CpuNuma;

typedef enum CpuMode {
    CPU_MODE_ABSENT, /* as custom, without a model */
    CPU_MODE_CUSTOM,
    CPU_MODE_HOST_MODEL,
    CPU_MODE_HOST_PASSTHROUGH,
    CPU_MODE_MAXIMUM
} CpuMode;

typedef struct CpuDef {
    CpuMode mode;
    int match;
    int check;
    Switch migratable;
    int fallback;
    char *vendor_id;
    char *model;
    char *vendor;
    CpuTopology *topology;
    CpuCache *cache;
    CpuAddressSize *address_size;
    CpuFeatureList features;
    CpuNuma *numa;
} CpuDef;

/* ---- the clock ------------------------------------------------------------------------------- */

typedef enum ClockOffset {
    CLOCK_UTC,
    CLOCK_LOCALTIME,
    CLOCK_VARIABLE,
    CLOCK_TIMEZONE,
    CLOCK_ABSOLUTE
} ClockOffset;

typedef enum TimerName {
    TIMER_ABSENT,
    TIMER_PLATFORM,
    TIMER_PIT,
    TIMER_RTC,
    TIMER_HPET,
    TIMER_TSC,
    TIMER_KVMCLOCK,
    TIMER_HYPERVCLOCK,
    TIMER_ARMVTIMER
} TimerName;

typedef struct ClockTimer {
    TimerName name;
    Choice present;
    int tickpolicy;
    int track;
    OptNumber frequency;
    int mode;
    OptNumber threshold;
    OptNumber slew;
    OptNumber limit;
} ClockTimer;

typedef struct ClockTimerList {
    size_t n;
    ClockTimer **items;
} ClockTimerList;

typedef struct ClockDef {
    ClockOffset offset;
    char *adjustment; /* seconds, or "reset" */
    int basis;
    char *timezone;
    OptNumber start;
    ClockTimerList timers;
} ClockDef;

/* ---- firmware and protection ----------------------------------------------------------------- */

/* An entry of what the firmware says of the machine, or a file for it. */
typedef struct SysinfoEntry {
    char *name;
    char *file;
    char *value;
} SysinfoEntry;

typedef struct SysinfoEntryList {
    size_t n;
    SysinfoEntry **items;
} SysinfoEntryList;

/* One block of entries: <bios>, <system>, a <baseBoard>, <chassis>. */
typedef struct SysinfoBlock {
    SysinfoEntryList entries;
} SysinfoBlock;

typedef struct SysinfoBlockList {
    size_t n;
    SysinfoBlock **items;
} SysinfoBlockList;

typedef struct Sysinfo {
    int type;
    SysinfoBlock bios;
    SysinfoBlock system;
    SysinfoBlockList boards;
    SysinfoBlock chassis;
    StringList oem_strings;
    SysinfoEntryList files; /* of type fwcfg */
} Sysinfo;

typedef struct SysinfoList {
    size_t n;
    Sysinfo **items;
} SysinfoList;

typedef struct PerfEvent {
    int name;
    Choice enabled;
} PerfEvent;

typedef struct PerfEventList {
    size_t n;
    PerfEvent **items;
} PerfEventList;

typedef struct KeyCipher {
    int name;
    Switch state;
} KeyCipher;

typedef struct KeyCipherList {
    size_t n;
    KeyCipher **items;
} KeyCipherList;

typedef struct LaunchSecurity {
    int type;
    Choice kernel_hashes;
    OptNumber cbitpos;
    OptNumber reduced_phys_bits;
    OptNumber policy;
    char *dh_cert;
    char *session;
} LaunchSecurity;
