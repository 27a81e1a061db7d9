// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Facts about the host, read from /proc and /sys when asked and never kept. `root` is put in front
 * of every path: "" for the real host, a directory of fixtures in tests.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The contents of a file below `root`, without white space at the end; NULL when it is not there.
 */
char *host_read(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool host_read_number(const char *root, const char *path, uint64_t *ret_number);
/* Of the real host. */
bool host_write_number(const char *path, uint64_t number, GError **err);

/* Lists as the kernel writes them, "0-3,8": arrays of unsigned, ascending. */
GArray *host_list_parse(const char *text);
char *host_list_format(const GArray *list);

/* uname's machine, i386 to i586 counted as i686; static or borrowed until the next uname. */
char *host_arch(void);

/* "6.1.27-foo" as 6001027. */
bool host_kernel_version(const char *release, uint64_t *ret_version, GError **err);

/* Fully qualified where that can be found out. Asks the resolver: may block. */
char *host_name(void);

/* `configured` wins; then the firmware's, unless `source` is "machine-id"; then the machine id. */
char *host_uuid(const char *root, const char *configured, const char *source);
bool host_uuid_is_good(const char *text);

/* Nanoseconds since boot. */
typedef struct HostCpuStats {
    uint64_t kernel, user, idle, iowait;
} HostCpuStats;

#define HOST_ALL_CPUS (-1)
#define HOST_ALL_CELLS (-1)

bool host_cpu_stats(const char *root, int cpu, HostCpuStats *ret_stats, GError **err);

/* Bytes. Of a single cell only total and free are known. */
typedef struct HostMemory {
    uint64_t total, free, buffers, cached;
} HostMemory;

bool host_memory(const char *root, int cell, HostMemory *ret_memory, GError **err);

/* CPUs 0 to n - 1 are there; those in `online` can be used. */
typedef struct HostCpuMap {
    unsigned n;
    GArray *online;
} HostCpuMap;

void host_cpu_map(const char *root, HostCpuMap *ret_map);
void host_cpu_map_clear(HostCpuMap *map);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostCpuMap, host_cpu_map_clear)
