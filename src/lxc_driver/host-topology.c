// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See host-topology.h. A kernel built without NUMA has no node directory; it counts as one cell
 * with everything in it.
 */
#include "lxc_driver/host-topology.h"

#include <string.h>
#include <unistd.h>

#include "lxc_driver/host.h"

#define NODES "/sys/devices/system/node"
#define CPUS "/sys/devices/system/cpu"
#define KIB 1024ULL

static void cpu_clear(void *data)
{
    HostCpu *cpu = data;

    g_free(cpu->siblings);
}

static void cell_clear(void *data)
{
    HostCell *cell = data;

    g_array_unref(cell->pages);
    g_array_unref(cell->distances);
    g_array_unref(cell->cpus);
}

static void cache_clear(void *data)
{
    HostCache *cache = data;

    g_free(cache->cpus);
}

void host_topology_free(HostTopology *topology)
{
    if (!topology)
        return;
    g_array_unref(topology->cells);
    g_free(topology);
}

static GArray *array_of(size_t size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, (guint)size);

    g_array_set_clear_func(array, clear);
    return array;
}

/* ---- CPUs ---------------------------------------------------------------------------------- */

/* A number of the CPU's topology; 0 where the kernel says nothing or -1. */
static unsigned read_position(const char *root, unsigned cpu, const char *name)
{
    g_autofree char *text = host_read(root, CPUS "/cpu%u/topology/%s", cpu, name);
    gint64 number = text ? g_ascii_strtoll(text, NULL, 10) : 0;

    return number > 0 && number <= UINT16_MAX - 1 ? (unsigned)number : 0;
}

static HostCpu read_cpu(const char *root, unsigned id)
{
    g_autofree char *siblings = host_read(root, CPUS "/cpu%u/topology/thread_siblings_list", id);
    g_autofree char *alone = g_strdup_printf("%u", id);
    g_autoptr(GArray) list = host_list_parse(siblings ? siblings : alone);

    return (HostCpu){
        .id = id,
        .socket = read_position(root, id, "physical_package_id"),
        .die = read_position(root, id, "die_id"),
        .core = read_position(root, id, "core_id"),
        .siblings = host_list_format(list),
        .n_siblings = MAX(list->len, 1),
    };
}

static bool contains(const GArray *list, unsigned number)
{
    for (guint i = 0; i < list->len; i++)
        if (g_array_index(list, unsigned, i) == number)
            return true;
    return false;
}

/* The online CPUs of `wanted`. */
static GArray *read_cpus(const char *root, const GArray *wanted)
{
    GArray *cpus = array_of(sizeof(HostCpu), cpu_clear);
    g_auto(HostCpuMap) map = { 0 };

    host_cpu_map(root, &map);
    for (guint i = 0; i < map.online->len; i++) {
        unsigned id = g_array_index(map.online, unsigned, i);

        if (!wanted || contains(wanted, id)) {
            HostCpu cpu = read_cpu(root, id);
            g_array_append_val(cpus, cpu);
        }
    }
    return cpus;
}

/* ---- memory -------------------------------------------------------------------------------- */

static int compare_pages(const void *a, const void *b)
{
    const HostPages *left = a;
    const HostPages *right = b;

    return left->size < right->size ? -1 : left->size > right->size;
}

/* Huge pages of every size below `dir`, which has a directory hugepages-SIZEkB for each. */
static void read_huge_pages(const char *root, const char *dir, GArray *pages)
{
    g_autofree char *path = g_strconcat(root, dir, NULL);
    g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
    const char *name;

    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *total = g_strdup_printf("%s/%s/nr_hugepages", dir, name);
        g_autofree char *unused = g_strdup_printf("%s/%s/free_hugepages", dir, name);
        HostPages huge = { 0 };

        if (!g_str_has_prefix(name, "hugepages-"))
            continue;
        huge.size = g_ascii_strtoull(name + strlen("hugepages-"), NULL, 10) * KIB;
        (void)host_read_number(root, total, &huge.total); /* 0 when it cannot be read */
        (void)host_read_number(root, unused, &huge.free);
        if (huge.size > 0)
            g_array_append_val(pages, huge);
    }
}

static void read_memory(const char *root, const char *huge_dir, HostCell *cell)
{
    HostPages plain = { .size = (uint64_t)sysconf(_SC_PAGESIZE) };
    HostMemory memory = { 0 };
    uint64_t huge_total = 0;

    (void)host_memory(root, (int)cell->id, &memory, NULL); /* 0 when it cannot be read */
    cell->memory = memory.total;
    cell->free = memory.free;
    cell->pages = array_of(sizeof(HostPages), NULL);
    read_huge_pages(root, huge_dir, cell->pages);
    for (guint i = 0; i < cell->pages->len; i++) {
        const HostPages *huge = &g_array_index(cell->pages, HostPages, i);
        huge_total += huge->size * huge->total;
    }
    plain.total = (cell->memory - MIN(cell->memory, huge_total)) / plain.size;
    plain.free = cell->free / plain.size;
    g_array_append_val(cell->pages, plain);
    g_array_sort(cell->pages, compare_pages);
}

static GArray *read_distances(const char *root, unsigned id)
{
    g_autofree char *text = host_read(root, NODES "/node%u/distance", id);
    GArray *distances = array_of(sizeof(unsigned), NULL);
    g_auto(GStrv) words = g_strsplit(text ? text : "10", " ", -1);

    for (size_t i = 0; words[i]; i++) {
        unsigned distance = (unsigned)g_ascii_strtoull(words[i], NULL, 10);
        if (distance > 0)
            g_array_append_val(distances, distance);
    }
    return distances;
}

/* ---- cells --------------------------------------------------------------------------------- */

static HostCell read_cell(const char *root, unsigned id)
{
    g_autofree char *cpu_list = host_read(root, NODES "/node%u/cpulist", id);
    g_autofree char *huge_dir = g_strdup_printf(NODES "/node%u/hugepages", id);
    g_autoptr(GArray) cpus = host_list_parse(cpu_list ? cpu_list : "");
    HostCell cell = { .id = id };

    cell.cpus = read_cpus(root, cpus);
    cell.distances = read_distances(root, id);
    read_memory(root, huge_dir, &cell);
    return cell;
}

static HostCell read_only_cell(const char *root)
{
    HostCell cell = { .id = 0 };

    cell.cpus = read_cpus(root, NULL);
    cell.distances = read_distances(root, 0);
    read_memory(root, "/sys/kernel/mm/hugepages", &cell);
    return cell;
}

HostTopology *host_topology_new(const char *root)
{
    g_autofree char *online = host_read(root, NODES "/online");
    g_autoptr(GArray) ids = host_list_parse(online ? online : "");
    HostTopology *topology = g_new0(HostTopology, 1);

    topology->cells = array_of(sizeof(HostCell), cell_clear);
    for (guint i = 0; i < ids->len; i++) {
        HostCell cell = read_cell(root, g_array_index(ids, unsigned, i));
        g_array_append_val(topology->cells, cell);
    }
    if (ids->len == 0) {
        HostCell cell = read_only_cell(root);
        g_array_append_val(topology->cells, cell);
    }
    return topology;
}

/* ---- caches -------------------------------------------------------------------------------- */

/* "32768K", "16M" */
static uint64_t parse_size(const char *text)
{
    char *unit = NULL;
    uint64_t size = g_ascii_strtoull(text, &unit, 10);

    return size * (*unit == 'K' ? KIB : *unit == 'M' ? KIB * KIB : 1);
}

static const char *cache_type(const char *text)
{
    if (strcmp(text, "Data") == 0)
        return "data";
    return strcmp(text, "Instruction") == 0 ? "code" : "both";
}

static int compare_caches(const void *a, const void *b)
{
    const HostCache *left = a;
    const HostCache *right = b;

    if (left->level != right->level)
        return left->level < right->level ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

static bool has_cache(const GArray *caches, unsigned level, const char *type, const char *cpus)
{
    for (guint i = 0; i < caches->len; i++) {
        const HostCache *cache = &g_array_index(caches, HostCache, i);
        if (cache->level == level && strcmp(cache->type, type) == 0 &&
            strcmp(cache->cpus, cpus) == 0)
            return true;
    }
    return false;
}

static void add_cache(const char *root, const char *dir, unsigned level, GArray *caches)
{
    g_autofree char *type = host_read(root, "%s/type", dir);
    g_autofree char *size = host_read(root, "%s/size", dir);
    g_autofree char *id = host_read(root, "%s/id", dir);
    g_autofree char *cpus = host_read(root, "%s/shared_cpu_list", dir);
    HostCache cache = { .level = level };

    if (!type || !size || !id || !cpus || has_cache(caches, level, cache_type(type), cpus))
        return;
    cache.type = cache_type(type);
    cache.id = (unsigned)g_ascii_strtoull(id, NULL, 10);
    cache.size = parse_size(size);
    cache.cpus = g_steal_pointer(&cpus);
    g_array_append_val(caches, cache);
}

/* False when the CPU has no further cache. */
static bool read_cache(const char *root, unsigned cpu, unsigned index, GArray *caches)
{
    g_autofree char *dir = g_strdup_printf(CPUS "/cpu%u/cache/index%u", cpu, index);
    g_autofree char *text = host_read(root, "%s/level", dir);
    const unsigned level = text ? (unsigned)g_ascii_strtoull(text, NULL, 10) : 0;

    if (level >= 3)
        add_cache(root, dir, level, caches);
    return text != NULL;
}

GArray *host_caches(const char *root)
{
    GArray *caches = array_of(sizeof(HostCache), cache_clear);
    g_auto(HostCpuMap) map = { 0 };

    host_cpu_map(root, &map);
    for (guint i = 0; i < map.online->len; i++)
        for (unsigned index = 0;
             read_cache(root, g_array_index(map.online, unsigned, i), index, caches); index++)
            continue;
    g_array_sort(caches, compare_caches);
    return caches;
}

/* ---- virNodeInfo --------------------------------------------------------------------------- */

/* How many different values there are of what `key` makes of the cell's CPUs. */
static unsigned count_distinct(const HostCell *cell, uint64_t (*key)(const HostCpu *cpu))
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (guint i = 0; i < cell->cpus->len; i++) {
        uint64_t value = key(&g_array_index(cell->cpus, HostCpu, i));
        g_hash_table_add(seen, g_memdup2(&value, sizeof value));
    }
    return g_hash_table_size(seen);
}

static uint64_t socket_key(const HostCpu *cpu)
{
    return cpu->socket;
}

static uint64_t core_key(const HostCpu *cpu)
{
    return (uint64_t)cpu->socket << 40 | (uint64_t)cpu->die << 20 | cpu->core;
}

static unsigned read_mhz(const char *root)
{
    g_autofree char *text = host_read(root, "/proc/cpuinfo");
    const char *at = text ? strstr(text, "cpu MHz") : NULL;

    at = at ? strchr(at, ':') : NULL;
    return at ? (unsigned)g_ascii_strtod(at + 1, NULL) : 0;
}

static void count_cell(const HostCell *cell, HostInfo *info)
{
    unsigned sockets = count_distinct(cell, socket_key);
    unsigned cores = count_distinct(cell, core_key);

    info->cpus += cell->cpus->len;
    info->sockets = MAX(info->sockets, sockets);
    info->cores = MAX(info->cores, sockets > 0 ? cores / sockets : 0);
    for (guint i = 0; i < cell->cpus->len; i++)
        info->threads = MAX(info->threads, g_array_index(cell->cpus, HostCpu, i).n_siblings);
}

void host_info(const char *root, HostInfo *ret_info)
{
    g_autoptr(HostTopology) topology = host_topology_new(root);
    HostInfo info = { .mhz = read_mhz(root), .nodes = topology->cells->len };
    HostMemory memory = { 0 };

    for (guint i = 0; i < topology->cells->len; i++)
        count_cell(&g_array_index(topology->cells, HostCell, i), &info);
    /* Cells of different shape, or CPUs offline: clients multiply, so tell them a plain shape. */
    if (info.nodes * info.sockets * info.cores * info.threads != info.cpus) {
        info.nodes = 1;
        info.sockets = 1;
        info.cores = info.cpus;
        info.threads = 1;
    }
    /* Not the cells' sum: memory that comes and goes with a guest's needs is in no cell yet. */
    (void)host_memory(root, HOST_ALL_CELLS, &memory, NULL); /* 0 when it cannot be read */
    info.memory = memory.total;
    *ret_info = info;
}
