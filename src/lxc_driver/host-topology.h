// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * How the host's CPUs and memory hang together: NUMA cells, sockets, cores, threads, page sizes,
 * caches. Read from /sys below `root` (see host.h) each time, since CPUs and memory come and go.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct HostCpu {
    unsigned id;
    unsigned socket;
    unsigned die;
    unsigned core;
    char *siblings; /* threads of the same core, as a list */
    unsigned n_siblings;
} HostCpu;

typedef struct HostPages {
    uint64_t size; /* bytes */
    uint64_t total;
    uint64_t free;
} HostPages;

typedef struct HostCell {
    unsigned id;
    uint64_t memory; /* bytes */
    uint64_t free;
    GArray *pages;     /* HostPages, ascending by size; the first are the plain ones */
    GArray *distances; /* unsigned; to cell i of this topology */
    GArray *cpus;      /* HostCpu, the ones online */
} HostCell;

typedef struct HostCache {
    unsigned id;
    unsigned level;
    uint64_t size;
    const char *type; /* "both", "data", "code" */
    char *cpus;
} HostCache;

typedef struct HostTopology {
    GArray *cells; /* HostCell, at least one */
} HostTopology;

HostTopology *host_topology_new(const char *root);
void host_topology_free(HostTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostTopology, host_topology_free)

/* The caches that CPUs share, level 3 and above, by level and id. */
GArray *host_caches(const char *root);

/* virNodeInfo's figures. nodes * sockets * cores * threads is the number of CPUs. */
typedef struct HostInfo {
    uint64_t memory; /* bytes */
    unsigned cpus;
    unsigned mhz;
    unsigned nodes;
    unsigned sockets; /* per node */
    unsigned cores;   /* per socket */
    unsigned threads; /* per core */
} HostInfo;

void host_info(const char *root, HostInfo *ret_info);
