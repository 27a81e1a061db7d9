// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE table of limits: for each PlanKnob the file that says it on v1, the one on v2, and how the
 * number is written there. Where v2 means something else by its file (swap without memory, two
 * numbers in one line), the row names a function.
 */
#include "kernel/cgroup.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"
#include "kernel/devices.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* v1 says "no limit" with the largest whole number of pages. */
#define V1_UNLIMITED (INT64_MAX - 0xffff)
#define DEFAULT_PERIOD 100000

typedef struct KnobFile KnobFile;

struct KnobFile {
    const char *controller;
    const char *file;
    const char *other_file; /* where the first is not there: another I/O scheduler's; may be NULL */
    const char *unlimited;  /* how -1 is written; NULL: as a number */
    const char *key;        /* per device: what stands before the number; NULL: only the number */
    /* Instead of "write the number": NULL for most. */
    bool (*set)(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                const PlanSetting *setting, GError **err);
    bool (*get)(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret,
                GError **err);
};

typedef struct Knob {
    const char *name; /* for people */
    KnobFile v1;
    KnobFile v2;
} Knob;

/* ---- writing ---- */

static const char *file_name(const Hierarchy *hierarchy, const KnobFile *file)
{
    if (file->other_file && !group_has_file(hierarchy, file->file))
        return file->other_file;
    return file->file;
}

static bool write_number(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                         const PlanSetting *setting, GError **err)
{
    g_autofree char *text = NULL;

    (void)cgroup;
    if (setting->number < 0 && file->unlimited)
        text = g_strdup(file->unlimited);
    else
        text = g_strdup_printf("%" PRId64, setting->number);
    return group_write(hierarchy, file_name(hierarchy, file), text, err);
}

static bool write_text(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                       const PlanSetting *setting, GError **err)
{
    (void)cgroup;
    return group_write(hierarchy, file->file, setting->text, err);
}

/* "8:0 1048576" on v1, "8:0 rbps=1048576" on v2. A throttle of 0 is none. */
static bool write_device(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                         const PlanSetting *setting, GError **err)
{
    g_autofree char *text = NULL;
    struct stat info;

    (void)cgroup;
    if (stat(setting->text, &info) < 0)
        return fail_errno(err, errno, _("cannot find device '%s'"), setting->text);
    if (!S_ISBLK(info.st_mode))
        return fail(err, ERR(LXC, INVALID_ARG), _("'%s' is not a block device"), setting->text);
    if (setting->number <= 0 && file->unlimited)
        text = g_strdup_printf("%u:%u %s%s", major(info.st_rdev), minor(info.st_rdev),
                               file->key ? file->key : "", file->unlimited);
    else
        text = g_strdup_printf("%u:%u %s%" PRId64, major(info.st_rdev), minor(info.st_rdev),
                               file->key ? file->key : "", setting->number);
    return group_write(hierarchy, file_name(hierarchy, file), text, err);
}

/* ---- reading ---- */

static int64_t parse_number(const char *text)
{
    int64_t number;

    if (g_str_has_prefix(text, "default "))
        text += strlen("default ");
    number = !strcmp(text, "max") ? -1 : g_ascii_strtoll(text, NULL, 10);
    return number >= V1_UNLIMITED ? -1 : number;
}

static bool read_number(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                        int64_t *ret, GError **err)
{
    g_autofree char *text = NULL;

    (void)cgroup;
    if (!group_read(hierarchy, file_name(hierarchy, file), &text, err))
        return false;
    *ret = parse_number(text);
    return true;
}

/* ---- v2: memory ---- */

static bool read_file_number(const Hierarchy *hierarchy, const char *name, int64_t *ret,
                             GError **err)
{
    KnobFile file = { .file = name };

    return read_number(NULL, hierarchy, &file, ret, err);
}

static bool write_file_number(const Hierarchy *hierarchy, const char *name, int64_t number,
                              GError **err)
{
    KnobFile file = { .file = name, .unlimited = "max" };
    PlanSetting setting = { .number = number };

    return write_number(NULL, hierarchy, &file, &setting, err);
}

static bool get_memory_and_swap(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                                int64_t *ret, GError **err)
{
    int64_t memory;
    int64_t swap;

    (void)cgroup;
    if (!read_file_number(hierarchy, "memory.max", &memory, err) ||
        !read_file_number(hierarchy, file->file, &swap, err))
        return false;
    *ret = memory < 0 || swap < 0 || memory > INT64_MAX - swap ? -1 : memory + swap;
    return true;
}

/* v2 limits swap by itself: what the sum leaves beside the memory. */
static bool set_memory_and_swap(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                                const PlanSetting *setting, GError **err)
{
    int64_t memory;
    int64_t swap = setting->number;

    (void)cgroup;
    if (!read_file_number(hierarchy, "memory.max", &memory, err))
        return false;
    if (swap >= 0 && memory >= 0)
        swap = swap > memory ? swap - memory : 0;
    return write_file_number(hierarchy, file->file, swap, err);
}

/* The sum of memory and swap stays what it was when the memory changes. */
static bool set_memory(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                       const PlanSetting *setting, GError **err)
{
    static const KnobFile swap = { .file = "memory.swap.max" };
    PlanSetting sum = { .number = -1 };

    if (group_has_file(hierarchy, swap.file) &&
        !get_memory_and_swap(cgroup, hierarchy, &swap, &sum.number, err))
        return false;
    if (!write_file_number(hierarchy, file->file, setting->number, err))
        return false;
    return sum.number < 0 || set_memory_and_swap(cgroup, hierarchy, &swap, &sum, err);
}

/* ---- v2: cpu.max is "QUOTA PERIOD" ---- */

static bool read_bandwidth(const Hierarchy *hierarchy, int64_t *ret_quota, int64_t *ret_period,
                           GError **err)
{
    g_autofree char *text = NULL;
    char *space;

    if (!group_read(hierarchy, "cpu.max", &text, err))
        return false;
    space = strchr(text, ' ');
    *ret_period = space ? g_ascii_strtoll(space + 1, NULL, 10) : DEFAULT_PERIOD;
    if (space)
        *space = '\0';
    *ret_quota = parse_number(text);
    return true;
}

static bool write_bandwidth(const Hierarchy *hierarchy, int64_t quota, int64_t period, GError **err)
{
    g_autofree char *text = quota < 0 ? g_strdup_printf("max %" PRId64, period)
                                      : g_strdup_printf("%" PRId64 " %" PRId64, quota, period);

    return group_write(hierarchy, "cpu.max", text, err);
}

static bool set_quota(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                      const PlanSetting *setting, GError **err)
{
    int64_t quota;
    int64_t period;

    (void)cgroup;
    (void)file;
    return read_bandwidth(hierarchy, &quota, &period, err) &&
           write_bandwidth(hierarchy, setting->number > 0 ? setting->number : -1, period, err);
}

static bool set_period(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                       const PlanSetting *setting, GError **err)
{
    int64_t quota;
    int64_t period;

    (void)cgroup;
    (void)file;
    return read_bandwidth(hierarchy, &quota, &period, err) &&
           write_bandwidth(hierarchy, quota, setting->number, err);
}

static bool get_quota(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                      int64_t *ret, GError **err)
{
    int64_t period;

    (void)cgroup;
    (void)file;
    return read_bandwidth(hierarchy, ret, &period, err);
}

static bool get_period(Cgroup *cgroup, const Hierarchy *hierarchy, const KnobFile *file,
                       int64_t *ret, GError **err)
{
    int64_t quota;

    (void)cgroup;
    (void)file;
    return read_bandwidth(hierarchy, &quota, ret, err);
}

/* ---- the table, indexed by PlanKnob ---- */

static const Knob knobs[] = {
    [PLAN_KNOB_MEMORY_HARD] = {N_("memory limit"),
                               { "memory", "memory.limit_in_bytes" },
                               { "memory", "memory.max", .unlimited = "max", .set = set_memory }                                                },
    [PLAN_KNOB_MEMORY_SOFT] = { N_("soft memory limit"),
                               { "memory", "memory.soft_limit_in_bytes" },
                               { "memory", "memory.high", .unlimited = "max" }                                                                  },
    [PLAN_KNOB_MEMORY_AND_SWAP] = { N_("limit of memory and swap"),
                               { "memory", "memory.memsw.limit_in_bytes" },
                               { "memory", "memory.swap.max", .set = set_memory_and_swap,
                                      .get = get_memory_and_swap }                                                                              },
    [PLAN_KNOB_CPU_SHARES] = { N_("CPU shares"),                                               { "cpu", "cpu.shares" }, { "cpu", "cpu.weight" }},
    [PLAN_KNOB_CPU_PERIOD] = { N_("CPU period"),
                               { "cpu", "cpu.cfs_period_us" },
                               { "cpu", "cpu.max", .set = set_period, .get = get_period }                                                       },
    [PLAN_KNOB_CPU_QUOTA] = { N_("CPU quota"),
                               { "cpu", "cpu.cfs_quota_us" },
                               { "cpu", "cpu.max", .set = set_quota, .get = get_quota }                                                         },
    [PLAN_KNOB_CPUSET_CPUS] = { N_("processors"),
                               { "cpuset", "cpuset.cpus", .set = write_text },
                               { "cpuset", "cpuset.cpus", .set = write_text }                                                                   },
    [PLAN_KNOB_CPUSET_MEMS] = { N_("memory nodes"),
                               { "cpuset", "cpuset.mems", .set = write_text },
                               { "cpuset", "cpuset.mems", .set = write_text }                                                                   },
    [PLAN_KNOB_PIDS_MAX] = { N_("limit of processes"),
                               { "pids", "pids.max", .unlimited = "max" },
                               { "pids", "pids.max", .unlimited = "max" }                                                                       },
    [PLAN_KNOB_BLKIO_WEIGHT] = { N_("I/O weight"),
                               { "blkio", "blkio.weight", "blkio.bfq.weight" },
                               { "io", "io.weight", "io.bfq.weight" }                                                                           },
    [PLAN_KNOB_BLKIO_DEVICE_WEIGHT] = { N_("I/O weight of a device"),
                               { "blkio", "blkio.weight_device", "blkio.bfq.weight_device",
                                          .set = write_device },
                               { "io", "io.weight", "io.bfq.weight", "default",
                                          .set = write_device }                                                                                 },
    [PLAN_KNOB_BLKIO_DEVICE_READ_IOPS] = { N_("read operations of a device"),
                               { "blkio", "blkio.throttle.read_iops_device",
                                             .set = write_device },
                               { "io", "io.max", .unlimited = "max",
                                             .key = "riops=", .set = write_device }                                                             },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS] = { N_("write operations of a device"),
                               { "blkio", "blkio.throttle.write_iops_device",
                                              .set = write_device },
                               { "io", "io.max", .unlimited = "max",
                                              .key = "wiops=", .set = write_device }                                                            },
    [PLAN_KNOB_BLKIO_DEVICE_READ_BPS] = { N_("read rate of a device"),
                               { "blkio", "blkio.throttle.read_bps_device",
                                            .set = write_device },
                               { "io", "io.max", .unlimited = "max",
                                            .key = "rbps=", .set = write_device }                                                               },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS] = { N_("write rate of a device"),
                               { "blkio", "blkio.throttle.write_bps_device",
                                             .set = write_device },
                               { "io", "io.max", .unlimited = "max",
                                             .key = "wbps=", .set = write_device }                                                              },
    [PLAN_KNOB_MEMORY_MIN] = { N_("memory guarantee"),
                               { "memory", NULL },
                               { "memory", "memory.min" }                                                                                       },
    [PLAN_KNOB_OOM_GROUP] = { N_("choice to end all processes at once when memory runs out"),
                               { "memory", NULL },
                               { "memory", "memory.oom.group" }                                                                                 },
};

/* The hierarchy and the column that this host has for a knob. */
static const Hierarchy *locate(Cgroup *cgroup, PlanKnob knob, const KnobFile **ret_file)
{
    const Knob *row = &knobs[knob];
    const Hierarchy *hierarchy = cgroup_find(cgroup, row->v1.controller);

    if (!hierarchy)
        hierarchy = cgroup_find(cgroup, row->v2.controller);
    if (hierarchy)
        *ret_file = hierarchy->unified ? &row->v2 : &row->v1;
    return hierarchy;
}

static bool fail_absent(PlanKnob knob, GError **err)
{
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("no cgroup controller '%s' on this host, which the %s needs"),
                knobs[knob].v1.controller, _(knobs[knob].name));
}

bool cgroup_set(Cgroup *cgroup, const PlanSetting *setting, GError **err)
{
    const KnobFile *file = NULL;
    const Hierarchy *hierarchy = NULL;

    if ((unsigned)setting->knob < G_N_ELEMENTS(knobs))
        hierarchy = locate(cgroup, setting->knob, &file);
    else
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("unknown limit %d"), (int)setting->knob);
    if (!hierarchy)
        return fail_absent(setting->knob, err);
    if (!file->file)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cgroup v1, which this host has, has no %s"), _(knobs[setting->knob].name));
    if ((file->set ? file->set : write_number)(cgroup, hierarchy, file, setting, err))
        return true;
    return fail_while(err, _("cannot set the %s"), _(knobs[setting->knob].name));
}

bool cgroup_get(Cgroup *cgroup, PlanKnob knob, int64_t *ret_number, GError **err)
{
    const KnobFile *file = NULL;
    const Hierarchy *hierarchy = locate(cgroup, knob, &file);

    if (!hierarchy)
        return fail_absent(knob, err);
    return (file->get ? file->get : read_number)(cgroup, hierarchy, file, ret_number, err);
}

bool cgroup_apply_settings(Cgroup *cgroup, const PlanCgroup *plan, GError **err)
{
    for (uint32_t i = 0; i < plan->settings.len; i++) {
        if (!cgroup_set(cgroup, &plan->settings.items[i], err))
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
    if (!read_file_number(hierarchy,
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
