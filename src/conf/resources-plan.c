// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * From resources to knobs of the container's control group. What the kernel would refuse in a word,
 * or would take and turn into something else, is refused here in a sentence.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* What every version of the kernel and every scheduler takes. */
#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

/* ---- memory ---------------------------------------------------------------------------------- */

static void add_kib(PlanBuilder *builder, PlanKnob knob, const OptNumber *number)
{
    if (number->set)
        plan_set_text(builder, knob, "", number->value * 1024);
}

/* The limits in their order: none of them makes sense above, or the last one below, the hard one.
 */
static bool check_order(const MemTune *tune, int64_t hard, GError **err)
{
    if (tune->soft_limit.set && tune->soft_limit.value > hard)
        return fail(
            err, UNSUPPORTED,
            _("<soft_limit> of %" PRId64 " KiB is more than the memory limit of %" PRId64 " KiB"),
            tune->soft_limit.value, hard);
    if (tune->min_guarantee.set && tune->min_guarantee.value > hard)
        return fail(err, UNSUPPORTED,
                    _("<min_guarantee> of %" PRId64 " KiB is more than the memory limit of %" PRId64
                      " KiB"),
                    tune->min_guarantee.value, hard);
    if (tune->swap_hard_limit.set && tune->swap_hard_limit.value < hard)
        return fail(err, UNSUPPORTED,
                    _("<swap_hard_limit> of %" PRId64 " KiB, which is memory and swap together, "
                      "is less than the memory limit of %" PRId64 " KiB"),
                    tune->swap_hard_limit.value, hard);
    return true;
}

static bool plan_memory(PlanBuilder *builder, GError **err)
{
    const MemTune *tune = &builder->def->memtune;
    OptNumber hard = { .set = true, .value = (int64_t)builder->def->memory_kib };

    if (tune->hard_limit.set)
        hard = tune->hard_limit;
    if (!check_order(tune, hard.value, err))
        return false;
    add_kib(builder, PLAN_KNOB_MEMORY_HARD, &hard);
    add_kib(builder, PLAN_KNOB_MEMORY_SOFT, &tune->soft_limit);
    add_kib(builder, PLAN_KNOB_MEMORY_AND_SWAP, &tune->swap_hard_limit);
    if (tune->min_guarantee.value > 0) /* nothing is what everybody has, on v1 too */
        add_kib(builder, PLAN_KNOB_MEMORY_MIN, &tune->min_guarantee);
    return true;
}

/* ---- block devices --------------------------------------------------------------------------- */

typedef struct BlkioKnob {
    PlanKnob knob;
    size_t offset; /* in BlkioDevice */
} BlkioKnob;

static const BlkioKnob blkio_knobs[] = {
    {PLAN_KNOB_BLKIO_DEVICE_WEIGHT,      offsetof(BlkioDevice, weight)     },
    { PLAN_KNOB_BLKIO_DEVICE_READ_IOPS,  offsetof(BlkioDevice, read_iops)  },
    { PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS, offsetof(BlkioDevice, write_iops) },
    { PLAN_KNOB_BLKIO_DEVICE_READ_BPS,   offsetof(BlkioDevice, read_bytes) },
    { PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS,  offsetof(BlkioDevice, write_bytes)},
};

static bool check_weight(const OptNumber *weight, const char *device, GError **err)
{
    if (!weight->set || (weight->value >= WEIGHT_MIN && weight->value <= WEIGHT_MAX))
        return true;
    if (!device)
        return fail(err, UNSUPPORTED,
                    _("<weight> of <blkiotune> is %" PRId64 ", not between %d and %d"),
                    weight->value, WEIGHT_MIN, WEIGHT_MAX);
    return fail(
        err, UNSUPPORTED,
        _("<weight> of the device '%s' in <blkiotune> is %" PRId64 ", not between %d and %d"),
        device, weight->value, WEIGHT_MIN, WEIGHT_MAX);
}

static bool plan_blkio(PlanBuilder *builder, GError **err)
{
    const BlkioTune *tune = &builder->def->blkiotune;

    if (!check_weight(&tune->weight, NULL, err))
        return false;
    plan_set_number(builder, PLAN_KNOB_BLKIO_WEIGHT, &tune->weight);
    for (size_t i = 0; i < tune->devices.n; i++) {
        const BlkioDevice *device = tune->devices.items[i];

        if (!check_weight(&device->weight, device->path, err))
            return false;
        for (size_t j = 0; j < G_N_ELEMENTS(blkio_knobs); j++) {
            const OptNumber *number = (const void *)((const char *)device + blkio_knobs[j].offset);

            if (number->set)
                plan_set_text(builder, blkio_knobs[j].knob, device->path, number->value);
        }
    }
    return true;
}

/* ---- the group ------------------------------------------------------------------------------- */

/* The group is made below the root of every hierarchy; ".." would lead out of it. */
static bool check_partition(const char *partition, GError **err)
{
    g_auto(GStrv) parts = NULL;

    if (*partition != '/')
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the resource partition '%s' does not begin with '/'"), partition);
    parts = g_strsplit(partition, "/", -1);
    if (g_strv_contains((const char *const *)parts, "..") ||
        g_strv_contains((const char *const *)parts, ".") || strchr(partition, '\n'))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the resource partition '%s' is not a plain path"), partition);
    return true;
}

bool resources_plan(PlanBuilder *builder, GError **err)
{
    const DomainDef *def = builder->def;
    PlanCgroup *cgroup = &builder->plan->cgroup;
    const char *partition = def->partition ? def->partition : builder->host->default_partition;

    if (def->extension.scope)
        partition = def->extension.scope;
    if (!check_partition(partition, err))
        return false;
    cgroup->partition = g_strdup(partition);
    cgroup->name = g_strdup(def->name);
    return plan_memory(builder, err) && cpu_plan(builder, err) && numatune_plan(builder, err) &&
           plan_blkio(builder, err);
}
