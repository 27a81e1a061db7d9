// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE table of limits: for each PlanKnob the file that says it on v1, the one on v2, and how the
 * number is written there. Where a version means something else by its file (swap without memory,
 * two numbers in one line), the row names a function of cgroup-convert.c. docs/resources.md is made
 * from it.
 */
#include "kernel/cgroup-knob.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "kernel/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIDS_PERCENT 15
#define PIDS_MOST 16384
#define KNOB_TEXT_MAX 65536

typedef struct Knob {
    const char *name; /* for people */
    KnobFile v1;
    KnobFile v2;
} Knob;

/* ---- the table, indexed by PlanKnob ---- */

#define TEXT .set = knob_set_text
#define DEVICE .set = knob_set_device
#define OR_MAX .unlimited = "max"

/* clang-format off */
static const Knob knobs[] = {
    [PLAN_KNOB_MEMORY_HARD] = { N_("memory limit"),
        { "memory", "memory.limit_in_bytes" },
        { "memory", "memory.max", OR_MAX, .set = knob_set_memory } },
    [PLAN_KNOB_MEMORY_SOFT] = { N_("soft memory limit"),
        { "memory", "memory.soft_limit_in_bytes" },
        { "memory", "memory.high", OR_MAX } },
    [PLAN_KNOB_MEMORY_AND_SWAP] = { N_("limit of memory and swap"),
        { "memory", "memory.memsw.limit_in_bytes" },
        { "memory", "memory.swap.max", .set = knob_set_memory_and_swap, .get = knob_get_memory_and_swap } },
    [PLAN_KNOB_CPU_SHARES] = { N_("CPU shares"),
        { "cpu", "cpu.shares", .min = 0, .max = 262144 },
        { "cpu", "cpu.weight", .min = 0, .max = 10000, .set = knob_set_weight } },
    [PLAN_KNOB_CPU_PERIOD] = { N_("CPU period"),
        { "cpu", "cpu.cfs_period_us" },
        { "cpu", "cpu.max", .set = knob_set_period, .get = knob_get_period } },
    [PLAN_KNOB_CPU_QUOTA] = { N_("CPU quota"),
        { "cpu", "cpu.cfs_quota_us" },
        { "cpu", "cpu.max", .set = knob_set_quota, .get = knob_get_quota } },
    [PLAN_KNOB_CPUSET_CPUS] = { N_("processors"),
        { "cpuset", "cpuset.cpus", TEXT },
        { "cpuset", "cpuset.cpus", TEXT } },
    [PLAN_KNOB_CPUSET_MEMS] = { N_("memory nodes"),
        { "cpuset", "cpuset.mems", TEXT },
        { "cpuset", "cpuset.mems", TEXT } },
    [PLAN_KNOB_PIDS_MAX] = { N_("limit of processes"),
        { "pids", "pids.max", OR_MAX },
        { "pids", "pids.max", OR_MAX } },
    [PLAN_KNOB_BLKIO_WEIGHT] = { N_("I/O weight"),
        { "blkio", "blkio.weight", "blkio.bfq.weight" },
        { "io", "io.weight", "io.bfq.weight" } },
    [PLAN_KNOB_BLKIO_DEVICE_WEIGHT] = { N_("I/O weight of a device"),
        { "blkio", "blkio.weight_device", "blkio.bfq.weight_device", DEVICE },
        { "io", "io.weight", "io.bfq.weight", .unlimited = "default", DEVICE } },
    [PLAN_KNOB_BLKIO_DEVICE_READ_IOPS] = { N_("read operations of a device"),
        { "blkio", "blkio.throttle.read_iops_device", DEVICE },
        { "io", "io.max", OR_MAX, .key = "riops=", DEVICE } },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS] = { N_("write operations of a device"),
        { "blkio", "blkio.throttle.write_iops_device", DEVICE },
        { "io", "io.max", OR_MAX, .key = "wiops=", DEVICE } },
    [PLAN_KNOB_BLKIO_DEVICE_READ_BPS] = { N_("read rate of a device"),
        { "blkio", "blkio.throttle.read_bps_device", DEVICE },
        { "io", "io.max", OR_MAX, .key = "rbps=", DEVICE } },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS] = { N_("write rate of a device"),
        { "blkio", "blkio.throttle.write_bps_device", DEVICE },
        { "io", "io.max", OR_MAX, .key = "wbps=", DEVICE } },
    [PLAN_KNOB_MEMORY_MIN] = { N_("memory guarantee"),
        { "memory", NULL },
        { "memory", "memory.min", .set = knob_set_guarantee } },
    [PLAN_KNOB_OOM_GROUP] = { N_("choice to end all processes at once when memory runs out"),
        { "memory", NULL },
        { "memory", "memory.oom.group" } },
    [PLAN_KNOB_HUGETLB] = { N_("limit of huge pages"),
        { "hugetlb", "hugetlb.SIZE.limit_in_bytes", "hugetlb.SIZE.rsvd.limit_in_bytes", .set = knob_set_pages },
        { "hugetlb", "hugetlb.SIZE.max", "hugetlb.SIZE.rsvd.max", .set = knob_set_pages } },
    [PLAN_KNOB_CPUSET_COUNT] = { N_("number of processors"),
        { "cpuset", "cpuset.cpus", .set = knob_set_processor_count },
        { "cpuset", "cpuset.cpus", .set = knob_set_processor_count } },
};
/* clang-format on */

/* ---- writing ---- */

static const char *file_name(const Hierarchy *hierarchy, const KnobFile *file)
{
    if (file->other_file && !group_has_file(hierarchy, file->file))
        return file->other_file;
    return file->file;
}

bool knob_write(const Hierarchy *hierarchy, const char *file, const char *text, GError **err)
{
    g_autofree char *seen = g_build_filename(hierarchy->dir, GROUP_INNER, file, NULL);
    bool is_early = false;

    /* No more than what the group above has is taken by some: a limit that grows waits for it. */
    if (!path_write(AT_FDCWD, seen, text))
        is_early = errno != ENOENT;
    if (!group_write(hierarchy, file, text, err))
        return false;
    if (is_early)
        (void)path_write(AT_FDCWD, seen, text); /* only to be seen */
    return true;
}

static bool write_number(const Hierarchy *hierarchy, const KnobFile *file,
                         const PlanSetting *setting, GError **err)
{
    g_autofree char *text = NULL;

    if (setting->number < 0 && file->unlimited)
        text = g_strdup(file->unlimited);
    else
        text = g_strdup_printf("%" PRId64, setting->number);
    return knob_write(hierarchy, file_name(hierarchy, file), text, err);
}

static bool read_number(const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret,
                        GError **err)
{
    return knob_read_number(hierarchy, file_name(hierarchy, file), ret, err);
}

/* ---- a knob and this host ---- */

static const KnobFile *column_of(PlanKnob knob, const Hierarchy *hierarchy)
{
    return hierarchy->unified ? &knobs[knob].v2 : &knobs[knob].v1;
}

static Hierarchy *find_hierarchy(const Cgroup *cgroup, PlanKnob knob)
{
    Hierarchy *hierarchy = cgroup_find(cgroup, knobs[knob].v1.controller);

    return hierarchy ? hierarchy : cgroup_find(cgroup, knobs[knob].v2.controller);
}

static bool fail_absent(PlanKnob knob, GError **err)
{
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("no cgroup controller '%s' on this host, which the %s needs"),
                knobs[knob].v1.controller, _(knobs[knob].name));
}

Hierarchy *knob_locate(const Cgroup *cgroup, PlanKnob knob, GError **err)
{
    Hierarchy *hierarchy = NULL;

    if ((unsigned)knob >= G_N_ELEMENTS(knobs)) {
        (void)fail(err, ERR(LXC, INTERNAL_ERROR), _("unknown limit %d"), (int)knob);
        return NULL;
    }
    hierarchy = find_hierarchy(cgroup, knob);
    if (!hierarchy)
        (void)fail_absent(knob, err);
    return hierarchy;
}

static bool has_some_file(const Hierarchy *hierarchy, const KnobFile *file)
{
    return group_has_file(hierarchy, file->file) ||
           (file->other_file && group_has_file(hierarchy, file->other_file));
}

/* Controllers that few ask for are not offered to every group of v2. */
static bool check_file(const Hierarchy *hierarchy, const KnobFile *file, GError **err)
{
    if (strstr(file->file, "SIZE") || has_some_file(hierarchy, file))
        return true;
    if (hierarchy->unified)
        group_enable(hierarchy, file->controller);
    if (hierarchy->unified && has_some_file(hierarchy, file))
        return true;
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("the kernel of this host has no '%s'"),
                file->other_file ? file->other_file : file->file);
}

static bool check_range(const KnobFile *file, const PlanSetting *setting, const Hierarchy *where,
                        GError **err)
{
    if ((!file->min && !file->max) ||
        (setting->number >= file->min && setting->number <= file->max))
        return true;
    return fail(
        err, ERR(LXC, CONFIG_UNSUPPORTED),
        _("cgroup v%d, which this host has, takes %" PRId64 " to %" PRId64 ", and not %" PRId64),
        where->unified ? 2 : 1, file->min, file->max, setting->number);
}

static bool set_file(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err)
{
    return check_range(file, setting, hierarchy, err) && check_file(hierarchy, file, err) &&
           (file->set ? file->set : write_number)(hierarchy, file, setting, err);
}

bool knob_set_in(const Hierarchy *hierarchy, const PlanSetting *setting, GError **err)
{
    const KnobFile *file = column_of(setting->knob, hierarchy);
    const char *name = _(knobs[setting->knob].name);

    if (!file->file)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cgroup v1, which this host has, has no %s"), name);
    return set_file(hierarchy, file, setting, err) || fail_while(err, _("cannot set the %s"), name);
}

bool cgroup_set(Cgroup *cgroup, const PlanSetting *setting, GError **err)
{
    const Hierarchy *hierarchy = knob_locate(cgroup, setting->knob, err);

    return hierarchy && knob_set_in(hierarchy, setting, err);
}

bool cgroup_get(Cgroup *cgroup, PlanKnob knob, int64_t *ret_number, GError **err)
{
    const Hierarchy *hierarchy = knob_locate(cgroup, knob, err);
    const KnobFile *file = hierarchy ? column_of(knob, hierarchy) : NULL;

    return file && (file->get ? file->get : read_number)(hierarchy, file, ret_number, err);
}

bool cgroup_knob_files(PlanKnob knob, CgroupKnobFiles *ret)
{
    const Knob *row = &knobs[knob];

    if ((unsigned)knob >= G_N_ELEMENTS(knobs))
        return false;
    *ret = (CgroupKnobFiles){
        .name = row->name,
        .v1 = {row->v1.file,  row->v1.other_file, row->v1.key},
        .v2 = { row->v2.file, row->v2.other_file, row->v2.key}
    };
    return true;
}

/* ---- all of a plan ---- */

static int64_t read_sysctl(const char *path)
{
    g_autofree char *text = path_read_kernel(path, 32);

    return text ? strtoll(text, NULL, 10) : INT64_MAX;
}

/* As systemd has it for containers, or less where the host itself is small. */
static int64_t default_pids(void)
{
    int64_t pids =
        MIN(read_sysctl("/proc/sys/kernel/pid_max"), read_sysctl("/proc/sys/kernel/threads-max"));

    return MIN(PIDS_MOST, pids / 100 * PIDS_PERCENT);
}

/* Nobody's fork bomb may take all processes of the host. */
static bool set_default_pids(Cgroup *cgroup, GError **err)
{
    const PlanSetting setting = { .knob = PLAN_KNOB_PIDS_MAX, .number = default_pids() };
    const Hierarchy *pids = cgroup_find(cgroup, "pids");

    return !pids || !group_has_file(pids, "pids.max") || cgroup_set(cgroup, &setting, err);
}

bool cgroup_apply_settings(Cgroup *cgroup, const PlanCgroup *plan, GError **err)
{
    bool has_pids = false;

    for (uint32_t i = 0; i < plan->settings.len; i++) {
        has_pids |= plan->settings.items[i].knob == PLAN_KNOB_PIDS_MAX;
        if (!cgroup_set(cgroup, &plan->settings.items[i], err))
            return false;
    }
    return has_pids || set_default_pids(cgroup, err);
}

/* ---- a group below that is made anew ---- */

/* These hold in the very group. The others are only to be seen: the group above holds them. */
static bool is_rate(const char *file)
{
    return g_str_has_prefix(file, "blkio.throttle.");
}

/* The kernel takes a line at a time, as it shows them. */
static bool copy_down(const Hierarchy *hierarchy, const char *file, GError **err)
{
    g_autofree char *above = g_build_filename(hierarchy->dir, file, NULL);
    g_autofree char *below = g_build_filename(hierarchy->dir, GROUP_INNER, file, NULL);
    g_autofree char *text = path_read_kernel(above, KNOB_TEXT_MAX);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++)
        if (**line && !path_write(AT_FDCWD, below, *line) && is_rate(file) && errno != ENOENT)
            return fail_errno(err, errno, _("cannot write '%s' to '%s'"), *line, below);
    return true;
}

/* "hugetlb.SIZE.max" is one for each size. */
static bool copy_sizes(const Hierarchy *hierarchy, const char *file, GError **err)
{
    g_autoptr(GDir) dir = g_dir_open(hierarchy->dir, 0, NULL);
    g_auto(GStrv) parts = g_strsplit(file, "SIZE", 2);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_prefix(name, parts[0]) && g_str_has_suffix(name, parts[1]) &&
            !copy_down(hierarchy, name, err))
            return false;
    return true;
}

static bool copy_file(const Hierarchy *hierarchy, const char *file, GError **err)
{
    if (!file)
        return true;
    return (strstr(file, "SIZE") ? copy_sizes : copy_down)(hierarchy, file, err);
}

bool cgroup_copy_settings(const Cgroup *cgroup, GError **err)
{
    for (unsigned knob = 0; knob < G_N_ELEMENTS(knobs); knob++) {
        const Hierarchy *hierarchy = find_hierarchy(cgroup, (PlanKnob)knob);
        const KnobFile *file = hierarchy ? column_of((PlanKnob)knob, hierarchy) : NULL;

        if (file && (!copy_file(hierarchy, file->file, err) ||
                     !copy_file(hierarchy, file->other_file, err)))
            return false;
    }
    return true;
}

bool cgroup_apply_devices(Cgroup *cgroup, const PlanDeviceRule *rules, size_t n_rules, GError **err)
{
    const Hierarchy *hierarchy = cgroup_find(cgroup, "devices");

    if (!hierarchy)
        hierarchy = cgroup_find_unified(cgroup);
    if (!hierarchy)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("no cgroup hierarchy on this host can limit the use of devices"));
    /* What a killed controller left: v1 takes a whole list only while no group is below. */
    return (hierarchy->unified || cgroup_remove_below(cgroup, err)) &&
           devices_apply(hierarchy, rules, n_rules, err);
}

/* ---- use ---- */

bool cgroup_memory_usage(Cgroup *cgroup, uint64_t *ret_bytes, GError **err)
{
    const Hierarchy *hierarchy = cgroup_find(cgroup, "memory");
    int64_t number;

    if (!hierarchy)
        return fail_absent(PLAN_KNOB_MEMORY_HARD, err);
    if (!knob_read_number(hierarchy,
                          hierarchy->unified ? "memory.current" : "memory.usage_in_bytes", &number,
                          err))
        return false;
    *ret_bytes = (uint64_t)number;
    return true;
}

bool cgroup_cpu_time(Cgroup *cgroup, uint64_t *ret_ns, GError **err)
{
    const Hierarchy *hierarchy = cgroup_find(cgroup, "cpuacct");
    g_autofree char *text = NULL;

    if (hierarchy) {
        if (!group_read(hierarchy, "cpuacct.usage", &text, err))
            return false;
        *ret_ns = g_ascii_strtoull(text, NULL, 10);
        return true;
    }
    hierarchy = cgroup_find_unified(cgroup);
    if (!hierarchy)
        return fail_absent(PLAN_KNOB_CPU_SHARES, err);
    /* Every v2 group has cpu.stat, with or without the controller; "usage_usec N" comes first. */
    if (!group_read(hierarchy, "cpu.stat", &text, err))
        return false;
    *ret_ns = g_ascii_strtoull(text + strcspn(text, " "), NULL, 10) * 1000;
    return true;
}
