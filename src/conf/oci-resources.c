// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * linux.resources of config.json: limits. One row for each serves both ways.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/oci.h"

#define DEVICE_FOLDER "/dev/block/" /* MAJOR:MINOR in it are links to the nodes */
#define PIDS_MAX 4194304            /* the kernel has no more, so more is no limit */

/* ---- tables ---------------------------------------------------------------------------------- */

typedef struct Limit {
    const char *group;
    const char *member;
    PlanKnob knob;
    bool is_text;  /* char * rather than OptNumber */
    int64_t scale; /* bytes in the definition's unit */
    size_t offset; /* in DomainDef; 0: OciImport.memory */
} Limit;

#define FIELD(name) offsetof(DomainDef, name)
#define DEVICE_FIELD(name) offsetof(BlkioDevice, name)

/* clang-format off */
static const Limit limits[] = {
    { "memory",  "limit",       PLAN_KNOB_MEMORY_HARD,     false, 1,    0 },
    { "memory",  "reservation", PLAN_KNOB_MEMORY_SOFT,     false, 1024, FIELD(memtune.soft_limit) },
    { "memory",  "swap",        PLAN_KNOB_MEMORY_AND_SWAP, false, 1024, FIELD(memtune.swap_hard_limit) },
    { "cpu",     "shares",      PLAN_KNOB_CPU_SHARES,      false, 1,    FIELD(cputune.shares) },
    { "cpu",     "quota",       PLAN_KNOB_CPU_QUOTA,       false, 1,    FIELD(cputune.quota) },
    { "cpu",     "period",      PLAN_KNOB_CPU_PERIOD,      false, 1,    FIELD(cputune.period) },
    { "cpu",     "cpus",        PLAN_KNOB_CPUSET_CPUS,     true,  1,    FIELD(cpuset) },
    { "cpu",     "mems",        PLAN_KNOB_CPUSET_MEMS,     true,  1,    FIELD(numatune.nodeset) },
    { "pids",    "limit",       PLAN_KNOB_PIDS_MAX,        false, 1,    FIELD(extension.pids_limit) },
    { "blockIO", "weight",      PLAN_KNOB_BLKIO_WEIGHT,    false, 1,    FIELD(blkiotune.weight) },
};
/* clang-format on */

/* Lists of devices below blockIO. */
typedef struct DeviceLimit {
    const char *member;
    const char *value;
    PlanKnob knob;
    size_t offset; /* in BlkioDevice */
} DeviceLimit;

/* clang-format off */
static const DeviceLimit device_limits[] = {
    { "weightDevice",            "weight", PLAN_KNOB_BLKIO_DEVICE_WEIGHT,     DEVICE_FIELD(weight) },
    { "throttleReadBpsDevice",   "rate",   PLAN_KNOB_BLKIO_DEVICE_READ_BPS,   DEVICE_FIELD(read_bytes) },
    { "throttleWriteBpsDevice",  "rate",   PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS,  DEVICE_FIELD(write_bytes) },
    { "throttleReadIOPSDevice",  "rate",   PLAN_KNOB_BLKIO_DEVICE_READ_IOPS,  DEVICE_FIELD(read_iops) },
    { "throttleWriteIOPSDevice", "rate",   PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS, DEVICE_FIELD(write_iops) },
};
/* clang-format on */

/* ---- reading: limits ------------------------------------------------------------------------- */

/* Zero and less stand for no limit; a domain's memory has to say so. */
static bool read_number(OciImport *import, const OciValue *value, const Limit *limit, GError **err)
{
    OptNumber number = { 0 };
    OptNumber *field =
        limit->offset ? (void *)((char *)import->def + limit->offset) : &import->memory;

    if (!oci_number(value, &number, err))
        return false;
    if (limit->knob == PLAN_KNOB_MEMORY_HARD && number.value < 0)
        *field = number;
    if (number.value <= 0 || (limit->knob == PLAN_KNOB_PIDS_MAX && number.value > PIDS_MAX))
        return true;
    field->set = true;
    field->value = number.value / limit->scale + (number.value % limit->scale > 0);
    return true;
}

static bool read_text(OciImport *import, const OciValue *value, const Limit *limit, GError **err)
{
    char **field = (void *)((char *)import->def + limit->offset);
    const char *text = NULL;

    if (!oci_string(value, &text, err))
        return false;
    if (!*text)
        return true;
    g_free(*field);
    *field = g_strdup(text);
    return true;
}

static bool read_limit(OciImport *import, const OciValue *value, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        const Limit *limit = &limits[i];

        if (strcmp(limit->group, value->parent->name) != 0 ||
            strcmp(limit->member, value->name) != 0)
            continue;
        return limit->is_text ? read_text(import, value, limit, err)
                              : read_number(import, value, limit, err);
    }
    if (!oci_is_empty(value))
        oci_note(import, value);
    return true;
}

static bool read_group(OciImport *import, const OciValue *value, GError **err)
{
    return oci_each_member(import, value, read_limit, err);
}

typedef struct Throttle {
    OptNumber major;
    OptNumber minor;
    OptNumber weight;
    OptNumber rate;
} Throttle;

/* clang-format off */
static const OciMember throttle_members[] = {
    { "major",  OCI_NUMBER, offsetof(Throttle, major) },
    { "minor",  OCI_NUMBER, offsetof(Throttle, minor) },
    { "weight", OCI_NUMBER, offsetof(Throttle, weight) },
    { "rate",   OCI_NUMBER, offsetof(Throttle, rate) },
    { NULL },
};
/* clang-format on */

static BlkioDevice *get_device(BlkioDeviceList *devices, const char *path)
{
    BlkioDevice *device = NULL;

    for (size_t i = 0; i < devices->n; i++)
        if (strcmp(devices->items[i]->path, path) == 0)
            return devices->items[i];
    device = g_new0(BlkioDevice, 1);
    device->path = g_strdup(path);
    record_list_append(devices, device);
    return device;
}

static bool read_throttle(OciImport *import, const OciValue *value, GError **err)
{
    Throttle throttle = { 0 };
    const DeviceLimit *limit = device_limits;
    BlkioDevice *device = NULL;
    g_autofree char *path = NULL;

    if (!oci_members(import, value, throttle_members, &throttle, err))
        return false;
    path = g_strdup_printf(DEVICE_FOLDER "%" PRId64 ":%" PRId64, throttle.major.value,
                           throttle.minor.value);
    while (strcmp(limit->member, value->parent->name) != 0)
        limit++;
    device = get_device(&import->def->blkiotune.devices, path);
    *(OptNumber *)(void *)((char *)device + limit->offset) =
        throttle.weight.set ? throttle.weight : throttle.rate;
    return true;
}

static bool read_blkio_member(OciImport *import, const OciValue *value, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(device_limits); i++)
        if (strcmp(device_limits[i].member, value->name) == 0)
            return oci_each(import, value, read_throttle, err);
    return read_limit(import, value, err);
}

static bool read_blkio(OciImport *import, const OciValue *value, GError **err)
{
    return oci_each_member(import, value, read_blkio_member, err);
}

/* ---- reading: the whole ---------------------------------------------------------------------- */

/* clang-format off */
static const OciMember resource_members[] = {
    { "memory",  OCI_READ, .read = read_group },
    { "cpu",     OCI_READ, .read = read_group },
    { "pids",    OCI_READ, .read = read_group },
    { "blockIO", OCI_READ, .read = read_blkio },
    { "hugepageLimits", OCI_READ, .read = oci_read_hugepages },
    { "devices", OCI_EACH, .read = oci_read_device_rule },
    { NULL },
};
/* clang-format on */

bool oci_read_resources(OciImport *import, const OciValue *value, GError **err)
{
    return oci_members(import, value, resource_members, NULL, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static const PlanSetting *find_setting(const Plan *plan, PlanKnob knob)
{
    for (uint32_t i = 0; i < plan->cgroup.settings.len; i++)
        if (plan->cgroup.settings.items[i].knob == knob)
            return &plan->cgroup.settings.items[i];
    return NULL;
}

static int64_t number_or_none(const Limit *limit, int64_t number)
{
    bool is_none =
        limit->knob == PLAN_KNOB_MEMORY_HARD && number / 1024 >= (int64_t)MEMORY_UNLIMITED_KIB;

    return is_none ? -1 : number;
}

/* The group's own limits; opens the group with the first. */
static bool write_limits(OciExport *export, const char *group)
{
    OciWriter *json = &export->json;
    bool opened = false;

    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        const PlanSetting *setting = find_setting(export->plan, limits[i].knob);

        if (!setting || strcmp(limits[i].group, group) != 0)
            continue;
        if (!opened)
            oci_put_open(json, group, '{');
        opened = true;
        if (limits[i].is_text)
            oci_put_string(json, limits[i].member, setting->text);
        else
            oci_put_number(json, limits[i].member, number_or_none(&limits[i], setting->number));
    }
    return opened;
}

static void write_group(OciExport *export, const char *group)
{
    if (write_limits(export, group))
        oci_put_close(&export->json, '}');
}

/* Only numbers can be written, and only a path that has them tells them. */
static bool parse_device(const char *path, unsigned *ret_major, unsigned *ret_minor)
{
    int end = 0;

    return g_str_has_prefix(path, DEVICE_FOLDER) &&
           sscanf(path + strlen(DEVICE_FOLDER), "%u:%u%n", ret_major, ret_minor, &end) == 2 &&
           !path[strlen(DEVICE_FOLDER) + (size_t)end];
}

static void write_throttle(OciExport *export, const DeviceLimit *limit, const PlanSetting *setting)
{
    OciWriter *json = &export->json;
    unsigned major, minor;

    if (!parse_device(setting->text, &major, &minor))
        return;
    oci_put_open(json, NULL, '{');
    oci_put_number(json, "major", major);
    oci_put_number(json, "minor", minor);
    oci_put_number(json, limit->value, setting->number);
    oci_put_close(json, '}');
}

static void write_blkio(OciExport *export)
{
    const PlanCgroup *group = &export->plan->cgroup;
    OciWriter *json = &export->json;

    if (!write_limits(export, "blockIO"))
        oci_put_open(json, "blockIO", '{');
    for (size_t i = 0; i < G_N_ELEMENTS(device_limits); i++) {
        if (!find_setting(export->plan, device_limits[i].knob))
            continue;
        oci_put_open(json, device_limits[i].member, '[');
        for (uint32_t j = 0; j < group->settings.len; j++)
            if (group->settings.items[j].knob == device_limits[i].knob)
                write_throttle(export, &device_limits[i], &group->settings.items[j]);
        oci_put_close(json, ']');
    }
    oci_put_close(json, '}');
}

static void note_devices(OciExport *export)
{
    const BlkioDeviceList *list = &export->def->blkiotune.devices;
    unsigned major, minor;

    for (size_t i = 0; i < list->n; i++)
        if (!parse_device(list->items[i]->path, &major, &minor))
            oci_export_note(export, _("the limits of the device '%s' are not written"),
                            list->items[i]->path);
}

void oci_write_resources(OciExport *export)
{
    oci_put_open(&export->json, "resources", '{');
    write_group(export, "memory");
    write_group(export, "cpu");
    write_group(export, "pids");
    write_blkio(export);
    oci_write_hugepages(export);
    oci_write_device_rules(export);
    oci_put_close(&export->json, '}');
    note_devices(export);
}
