// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Limits. lxc.cgroup. is for hosts with the old hierarchies, lxc.cgroup2. for those with the
 * unified one, and LXC takes the one that fits: so both are read, and both are written. Numbers
 * that mean different things there (cpu.shares and cpu.weight) are passed on as they are, which is
 * what the daemon does with them too.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"
#include "conf/lxc-format.h"
#include "conf/value.h"

#define FIELD(name) offsetof(DomainDef, name)
#define KIB 1024
#define MEMORY_DEFAULT_KIB 65536 /* what the stock importer gives */

static OptNumber *number_field(LxcImport *in, const LxcKey *key)
{
    return (OptNumber *)((char *)in->def + key->offset);
}

static const OptNumber *const_number_field(const LxcExport *out, const LxcKey *key)
{
    return (const OptNumber *)((const char *)out->def + key->offset);
}

static bool is_unlimited(const char *text)
{
    return strcmp(text, "max") == 0 || strcmp(text, "-1") == 0;
}

/* So much memory is no limit, says libvirt. */
#define NO_LIMIT (INT64_MAX / KIB)

/* ---- memory ---------------------------------------------------------------------------------- */

static bool read_memory(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    OptNumber *field = number_field(in, key);
    int64_t bytes = 0;

    *field = (OptNumber){ 0 };
    if (is_unlimited(line->value))
        return true;
    if (!lxc_parse_bytes(line->value, &bytes, err))
        return false;
    if (bytes == 0)
        return fail(err, LXC_BAD_VALUE, _("a domain needs some memory"));
    *field = (OptNumber){ .set = true, .value = bytes / KIB + (bytes % KIB != 0) };
    field->set = field->value < NO_LIMIT;
    return true;
}

static bool read_hard_limit(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    if (!read_memory(in, key, line, err))
        return false;
    in->unlimited = !in->def->memtune.hard_limit.set;
    return true;
}

static void write_kib(LxcExport *out, const char *key, int64_t kib)
{
    if (kib >= NO_LIMIT)
        lxc_put(out, key, g_str_has_prefix(key, "lxc.cgroup2.") ? "max" : "-1");
    else
        lxc_put_format(out, key, "%" G_GINT64_FORMAT "K", kib);
}

static void write_memory(LxcExport *out, const LxcKey *key)
{
    const OptNumber *field = const_number_field(out, key);

    if (field->set)
        write_kib(out, key->key, field->value);
}

static int64_t hard_limit(const DomainDef *def)
{
    return def->memtune.hard_limit.set ? def->memtune.hard_limit.value : (int64_t)def->memory_kib;
}

static void write_hard_limit(LxcExport *out, const LxcKey *key)
{
    write_kib(out, key->key, hard_limit(out->def));
}

/* v2 counts swap alone. */
static bool read_swap(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    int64_t bytes = 0;

    in->swap = (OptNumber){ 0 };
    if (is_unlimited(line->value))
        return true;
    if (!lxc_parse_bytes(line->value, &bytes, err))
        return false;
    in->swap = (OptNumber){ .set = true, .value = bytes };
    return true;
}

static void write_swap(LxcExport *out, const LxcKey *key)
{
    const OptNumber *sum = &out->def->memtune.swap_hard_limit;

    if (sum->set)
        write_kib(out, key->key, MAX(sum->value - hard_limit(out->def), 0));
}

/* A domain counts memory and swap together. */
static void add_swap(LxcImport *in)
{
    int64_t kib = in->swap.value / KIB + (in->swap.value % KIB != 0);
    int64_t memory = (int64_t)in->def->memory_kib;

    if (in->swap.set && kib < NO_LIMIT - memory)
        in->def->memtune.swap_hard_limit = (OptNumber){ true, memory + kib };
}

void lxc_cgroup_finish(LxcImport *in)
{
    DomainDef *def = in->def;
    MemTune *tune = &def->memtune;

    if (tune->hard_limit.set) {
        def->memory_kib = (uint64_t)tune->hard_limit.value;
    } else if (in->unlimited) {
        def->memory_kib = NO_LIMIT;
    } else {
        def->memory_kib = MEMORY_DEFAULT_KIB;
        native_note(in->result,
                    _("no limit on memory is given, but a domain has one: it is %d MiB here"),
                    MEMORY_DEFAULT_KIB / KIB);
    }
    if (!tune->swap_hard_limit.set)
        add_swap(in);
}

/* ---- processors and processes ---------------------------------------------------------------- */

static bool read_bandwidth(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    CpuTune *tune = &in->def->cputune;
    g_auto(GStrv) words = g_strsplit(line->value, " ", 2);
    OptNumber quota = { .set = strcmp(words[0], "max") != 0 }, period = { .set = words[1] };

    if (quota.set && !lxc_parse_number(words[0], 1, INT64_MAX, &quota.value, err))
        return false;
    if (period.set && !lxc_parse_number(words[1], 1, INT64_MAX, &period.value, err))
        return false;
    tune->quota = quota;
    tune->period = period;
    return true;
}

static void write_bandwidth(LxcExport *out, const LxcKey *key)
{
    const CpuTune *tune = &out->def->cputune;
    g_autofree char *quota = NULL;

    if (!tune->quota.set && !tune->period.set)
        return;
    quota = tune->quota.value > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, tune->quota.value)
                                  : g_strdup("max");
    if (tune->period.set)
        lxc_put_format(out, key->key, "%s %" G_GINT64_FORMAT, quota, tune->period.value);
    else
        lxc_put(out, key->key, quota);
}

static bool read_cpus(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    char *list = NULL;

    if (!cpu_list_normalize(line->value, &list, err))
        return false;
    g_free(in->def->cpuset);
    in->def->cpuset = list;
    return true;
}

static bool read_nodes(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    NumaTune *numa = &in->def->numatune;
    char *list = NULL;

    if (!cpu_list_normalize(line->value, &list, err))
        return false;
    g_free(numa->nodeset);
    numa->nodeset = list;
    return true;
}

static void write_nodes(LxcExport *out, const LxcKey *key)
{
    const NumaTune *numa = &out->def->numatune;

    if (numa->nodeset && (numa->mode == NUMA_MODE_STRICT || numa->mode == NUMA_MODE_RESTRICTIVE))
        lxc_put(out, key->key, numa->nodeset);
    else if (numa->nodeset)
        lxc_put_comment(out, "%s: %s", key->key, numa->nodeset);
}

static bool read_processes(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    if (!is_unlimited(line->value))
        return lxc_read_number(in, key, line, err);
    *number_field(in, key) = (OptNumber){ 0 };
    return true;
}

/* ---- where the group is ---------------------------------------------------------------------- */

static bool read_partition(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_autofree char *path = g_strdup(line->value);
    char *start = path + strspn(path, "/");

    g_strdelimit(start, "\n", ' ');
    g_free(in->def->partition);
    in->def->partition = g_strconcat("/", start, NULL);
    return true;
}

static void write_partition(LxcExport *out, const LxcKey *key)
{
    const char *path = out->def->partition;

    if (path)
        lxc_put(out, key->key, path + strspn(path, "/"));
}

#define LIMIT FIELD(memtune.hard_limit)
#define SHARES FIELD(cputune.shares)

/* The second generation first: where the numbers differ, those of the first are the domain's own.
 */
/* clang-format off */
const LxcKey lxc_cgroup_keys[] = {
    { "lxc.cgroup.dir",                           read_partition, write_partition,       .says = "resource/partition" },
    { "lxc.cgroup2.memory.max",                   read_hard_limit, write_hard_limit,      LIMIT, .says = "memory memtune/hard_limit" },
    { "lxc.cgroup2.memory.high",                  read_memory,    write_memory,          FIELD(memtune.soft_limit),
                                                  .says = "memtune/soft_limit memtune/soft_limit/@unit" },
    { "lxc.cgroup2.memory.min",                   read_memory,    write_memory,          FIELD(memtune.min_guarantee),
                                                  .says = "memtune/min_guarantee memtune/min_guarantee/@unit" },
    { "lxc.cgroup2.memory.swap.max",              read_swap,      write_swap,            .says = "memtune/swap_hard_limit memtune/swap_hard_limit/@unit" },
    { "lxc.cgroup2.memory.oom.group",             lxc_read_choice, lxc_write_choice,     FIELD(extension.oom_group),
                                                  .says = "virtlxcd:container/virtlxcd:oom/@group" },
    { "lxc.cgroup2.cpu.weight",                   lxc_read_number, lxc_write_number,     SHARES, 1, 10000 },
    { "lxc.cgroup2.cpu.max",                      read_bandwidth, write_bandwidth,       .says = "cputune/period cputune/quota" },
    { "lxc.cgroup2.cpuset.cpus",                  read_cpus,      lxc_write_string,      FIELD(cpuset), .says = "vcpu/@cpuset" },
    { "lxc.cgroup2.cpuset.mems",                  read_nodes,     write_nodes,           .says = "numatune/memory/@mode=strict numatune/memory/@nodeset" },
    { "lxc.cgroup2.pids.max",                     read_processes, lxc_write_number,      FIELD(extension.pids_limit), 1, 4194304,
                                                  .says = "virtlxcd:container/virtlxcd:pids/@limit" },
    { "lxc.cgroup.memory.limit_in_bytes",         read_hard_limit, write_hard_limit,      LIMIT },
    { "lxc.cgroup.memory.soft_limit_in_bytes",    read_memory,    write_memory,          FIELD(memtune.soft_limit) },
    { "lxc.cgroup.memory.memsw.limit_in_bytes",   read_memory,    write_memory,          FIELD(memtune.swap_hard_limit) },
    { "lxc.cgroup.cpu.shares",                    lxc_read_number, lxc_write_number,     SHARES, 0, INT64_MAX, .says = "cputune/shares" },
    { "lxc.cgroup.cpu.cfs_period_us",             lxc_read_number, lxc_write_number,     FIELD(cputune.period) },
    { "lxc.cgroup.cpu.cfs_quota_us",              lxc_read_number, lxc_write_number,     FIELD(cputune.quota) },
    { "lxc.cgroup.cpuset.cpus",                   read_cpus,      lxc_write_string,      FIELD(cpuset) },
    { "lxc.cgroup.cpuset.mems",                   read_nodes,     write_nodes },
    { "lxc.cgroup.pids.max",                      read_processes, lxc_write_number,      FIELD(extension.pids_limit), 1, 4194304 },
    { NULL },
};
/* clang-format on */
