// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Memory, CPU, NUMA and block tuning: what their rows cannot say alone.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define MEMORY_UNLIMITED_KIB 9007199254740991
#define CPU_PERIOD_MIN 1000
#define CPU_PERIOD_MAX 1000000
#define CPU_QUOTA_MIN 1000
#define CPU_QUOTA_MAX 17592186044415

/* clang-format off */
static const Row blkio_device_rows[] = {
    { "path",            ROW_STRING, offsetof(BlkioDevice, path),        .flags = ROW_NOT_EMPTY,
                         .missing = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "weight",          ROW_NUMBER, offsetof(BlkioDevice, weight),      .min = 0,
                         .max = UINT32_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "read_iops_sec",   ROW_NUMBER, offsetof(BlkioDevice, read_iops),   .min = 0,
                         .max = UINT32_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "write_iops_sec",  ROW_NUMBER, offsetof(BlkioDevice, write_iops),  .min = 0,
                         .max = UINT32_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "read_bytes_sec",  ROW_NUMBER, offsetof(BlkioDevice, read_bytes),  .min = 0,
                         .max = INT64_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "write_bytes_sec", ROW_NUMBER, offsetof(BlkioDevice, write_bytes), .min = 0,
                         .max = INT64_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { NULL },
};
/* clang-format on */

const Record blkio_device_record = { "device", sizeof(BlkioDevice), blkio_device_rows };

static bool check_blkio(const BlkioTune *tune, GError **err)
{
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < tune->devices.n; i++)
        if (!g_hash_table_add(paths, tune->devices.items[i]->path))
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("<blkiotune> names the device '%s' twice"), tune->devices.items[i]->path);
    return true;
}

static void forget_unlimited(OptNumber *limit)
{
    if (limit->value >= MEMORY_UNLIMITED_KIB)
        limit->set = false;
}

static bool check_cpu(const CpuTune *tune, GError **err)
{
    int64_t period = tune->period.value, quota = tune->quota.value;

    if (tune->period.set && (period < CPU_PERIOD_MIN || period > CPU_PERIOD_MAX))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the CPU period %" PRId64 " is not between %d and %d"), period,
                    CPU_PERIOD_MIN, CPU_PERIOD_MAX);
    if (tune->quota.set && quota > 0 && (quota < CPU_QUOTA_MIN || quota > CPU_QUOTA_MAX))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the CPU quota %" PRId64 " is not between %d and %" PRId64), quota,
                    CPU_QUOTA_MIN, (gint64)CPU_QUOTA_MAX);
    if (tune->quota.set && quota < -1)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the CPU quota %" PRId64 " is below -1, which means no quota"), quota);
    return true;
}

/* An automatic placement needs a balancing daemon that knows nothing of containers. */
static bool check_numa(DomainDef *def, GError **err)
{
    NumaTune *numa = &def->numatune;

    numa->set = numa->nodeset || numa->placement || numa->mode != NUMA_MODE_STRICT;
    if (numa->placement == 2 || def->vcpu_placement == VCPU_PLACEMENT_AUTO)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("placement 'auto' is not supported in a container"));
    if (numa->set && !numa->nodeset)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("<numatune><memory> lacks a nodeset"));
    return true;
}

bool resources_check(DomainDef *def, GError **err)
{
    if (!def->current_memory_kib || def->current_memory_kib > def->memory_kib)
        def->current_memory_kib = def->memory_kib;
    forget_unlimited(&def->memtune.hard_limit);
    forget_unlimited(&def->memtune.soft_limit);
    forget_unlimited(&def->memtune.min_guarantee);
    forget_unlimited(&def->memtune.swap_hard_limit);
    return check_blkio(&def->blkiotune, err) && check_cpu(&def->cputune, err) &&
           check_numa(def, err);
}
