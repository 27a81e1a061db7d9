// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <memtune>, <blkiotune>, <resource>: limits and shares; and the checks that hold the parts of a
 * definition about resources against each other. What the kernel will be asked is in
 * resources-plan.c.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define APPID_MAX 128

static void forget_zero(OptNumber *number)
{
    if (!number->value)
        number->set = false;
}

/* ---- <memtune> ------------------------------------------------------------------------------- */

#define KIB .scale = 1024

/* clang-format off */
static const Row memtune_rows[] = {
    { "hard_limit",      ROW_SIZE, offsetof(MemTune, hard_limit),      KIB },
    { "soft_limit",      ROW_SIZE, offsetof(MemTune, soft_limit),      KIB },
    { "min_guarantee",   ROW_SIZE, offsetof(MemTune, min_guarantee),   KIB },
    { "swap_hard_limit", ROW_SIZE, offsetof(MemTune, swap_hard_limit), KIB },
    { NULL },
};
/* clang-format on */

static bool check_memtune(void *object, const Reader *reader, GError **err)
{
    for (const Row *row = memtune_rows; row->path; row++) {
        OptNumber *limit = row_field(row, object);

        if (limit->value >= MEMORY_UNLIMITED_KIB)
            limit->set = false;
    }
    return true;
}

const Record memtune_record = { "memtune", sizeof(MemTune), memtune_rows, .check = check_memtune };

/* ---- <blkiotune> ----------------------------------------------------------------------------- */

#define NUMBER(largest, code) .min = 0, .max = largest, .bad = ERR(DOMAIN, code)

/* clang-format off */
static const Row device_rows[] = {
    { "path",            ROW_STRING, offsetof(BlkioDevice, path),        .flags = ROW_NOT_EMPTY,
                         .missing = UNSUPPORTED },
    { "weight",          ROW_NUMBER, offsetof(BlkioDevice, weight),      NUMBER(UINT32_MAX, CONFIG_UNSUPPORTED) },
    { "read_iops_sec",   ROW_NUMBER, offsetof(BlkioDevice, read_iops),   NUMBER(UINT32_MAX, CONFIG_UNSUPPORTED) },
    { "write_iops_sec",  ROW_NUMBER, offsetof(BlkioDevice, write_iops),  NUMBER(UINT32_MAX, CONFIG_UNSUPPORTED) },
    { "read_bytes_sec",  ROW_NUMBER, offsetof(BlkioDevice, read_bytes),  NUMBER(INT64_MAX, CONFIG_UNSUPPORTED) },
    { "write_bytes_sec", ROW_NUMBER, offsetof(BlkioDevice, write_bytes), NUMBER(INT64_MAX, CONFIG_UNSUPPORTED) },
    { NULL },
};
/* clang-format on */

static bool check_device(void *object, const Reader *reader, GError **err)
{
    for (const Row *row = device_rows + 1; row->path; row++)
        forget_zero(row_field(row, object));
    return true;
}

static const Record device_record = { "device", sizeof(BlkioDevice), device_rows,
                                      .check = check_device };

/* clang-format off */
static const Row blkiotune_rows[] = {
    { "weight", ROW_NUMBER, offsetof(BlkioTune, weight),  NUMBER(UINT32_MAX, XML_ERROR) },
    { "device", ROW_LIST,   offsetof(BlkioTune, devices), .record = &device_record },
    { NULL },
};
/* clang-format on */

static bool limits_device(const BlkioDevice *device)
{
    return device->weight.set || device->read_iops.set || device->write_iops.set ||
           device->read_bytes.set || device->write_bytes.set;
}

/* A device of which nothing is said is left out. */
static bool check_blkiotune(void *object, const Reader *reader, GError **err)
{
    BlkioTune *tune = object;
    BlkioDeviceList *devices = &tune->devices;
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
    size_t n = 0;

    forget_zero(&tune->weight);
    for (size_t i = 0; i < devices->n; i++)
        if (!g_hash_table_add(paths, devices->items[i]->path))
            return fail(err, UNSUPPORTED, _("<blkiotune> names the device '%s' twice"),
                        devices->items[i]->path);
    for (size_t i = 0; i < devices->n; i++)
        if (limits_device(devices->items[i]))
            devices->items[n++] = devices->items[i];
        else
            record_free(&device_record, devices->items[i]);
    devices->n = n;
    return true;
}

const Record blkiotune_record = { "blkiotune", sizeof(BlkioTune), blkiotune_rows,
                                  .check = check_blkiotune };

/* ---- <resource> ------------------------------------------------------------------------------ */

/* The fields are those of the whole definition. */
/* clang-format off */
static const Row resource_rows[] = {
    { "partition",           ROW_STRING, offsetof(DomainDef, partition),          ROW_NOT_EMPTY },
    { "fibrechannel/@appid", ROW_STRING, offsetof(DomainDef, fibrechannel_appid), ROW_NOT_EMPTY | ROW_KEPT },
    { NULL },
};
/* clang-format on */

static bool check_resource(void *object, const Reader *reader, GError **err)
{
    const DomainDef *def = object;
    const char *appid = def->fibrechannel_appid;

    if (!def->partition && !appid)
        return fail(err, ERR(NONE, INTERNAL_ERROR),
                    _("<resource> has neither a <partition> nor a <fibrechannel appid='...'>"));
    if (appid && strlen(appid) > APPID_MAX)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("the application id '%.20s...' is longer than %d characters"), appid,
                    APPID_MAX);
    for (const char *at = appid; at && *at; at++)
        if (!g_ascii_isprint(*at))
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("the application id '%s' is not plain ASCII"), appid);
    return true;
}

const Record resource_record = { "resource", sizeof(DomainDef), resource_rows,
                                 .check = check_resource };

/* ---- the whole ------------------------------------------------------------------------------- */

static bool check_vcpus(DomainDef *def, GError **err)
{
    OptNumber *current = &def->vcpu_current;

    if (!def->vcpus)
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("<vcpu> cannot be 0"));
    if (current->set && current->value > def->vcpus)
        return fail(err, UNSUPPORTED, _("<vcpu> has %" PRId64 " current virtual processors of %u"),
                    current->value, def->vcpus);
    if (current->value == def->vcpus)
        current->set = false;
    return true;
}

bool resources_check(DomainDef *def, const Reader *reader, GError **err)
{
    if (!check_vcpus(def, err) || !iothreads_check(def, err) || !cpu_numa_check(def, err))
        return false;
    if (!def->current_memory_kib || def->current_memory_kib > def->memory_kib)
        def->current_memory_kib = def->memory_kib;
    return memory_backing_check(def, err) && cpu_pins_check(def, reader, err) &&
           cachetunes_check(def, reader, err) && numatune_check(def, err);
}
