// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * From processors to knobs: shares, bandwidth and places. A container is not divided into virtual
 * processors: what each of them may do, all of the container may do together.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"

#define DEFAULT_PERIOD 100000 /* the kernel's */

static unsigned vcpus_of(const DomainDef *def)
{
    return def->vcpu_current.set ? (unsigned)def->vcpu_current.value : def->vcpus;
}

/* ---- bandwidth ------------------------------------------------------------------------------- */

typedef struct Bandwidth {
    OptNumber period;
    OptNumber quota;
} Bandwidth;

/* Processors; a negative number is all of them. */
static double processors_of(const Bandwidth *bandwidth)
{
    int64_t period = bandwidth->period.set ? bandwidth->period.value : DEFAULT_PERIOD;

    if (!bandwidth->quota.set || bandwidth->quota.value < 0)
        return -1;
    return (double)bandwidth->quota.value / (double)period;
}

static bool is_given(const Bandwidth *bandwidth)
{
    return bandwidth->period.set || bandwidth->quota.set;
}

/* Each is a limit of the whole container, so the least holds. */
static void restrict_to(Bandwidth *bandwidth, const Bandwidth *other)
{
    double present = processors_of(bandwidth);
    double wanted = processors_of(other);

    if ((wanted >= 0 && (present < 0 || wanted < present)) || !is_given(bandwidth))
        *bandwidth = *other;
}

static void plan_bandwidth(PlanBuilder *builder)
{
    const DomainDef *def = builder->def;
    const CpuTune *tune = &def->cputune;
    Bandwidth bandwidth = { tune->period, tune->quota };

    restrict_to(&bandwidth, &(Bandwidth){ tune->global_period, tune->global_quota });
    if (def->extension.vcpus_limit == VCPUS_LIMIT_QUOTA)
        restrict_to(&bandwidth, &(Bandwidth){
                                    .quota = {true, (int64_t)vcpus_of(def) * DEFAULT_PERIOD}
        });
    plan_set_number(builder, PLAN_KNOB_CPU_PERIOD, &bandwidth.period);
    plan_set_number(builder, PLAN_KNOB_CPU_QUOTA, &bandwidth.quota);
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Where any of the virtual processors may run. Pins are sorted; who has none is where <vcpu> says,
 * or anywhere: NULL. */
static char *list_of_pins(const DomainDef *def)
{
    g_autoptr(CpuSet) cpus = cpu_set_new(NULL);
    const CpuPinList *pins = &def->cputune.vcpupins;
    unsigned n_vcpus = vcpus_of(def);
    unsigned n_pinned = 0;

    for (size_t i = 0; i < pins->n && pins->items[i]->id.value < n_vcpus; i++, n_pinned++) {
        g_autoptr(CpuSet) one = cpu_set_new(pins->items[i]->cpuset);
        cpu_set_add(cpus, one);
    }
    if (n_pinned < n_vcpus) {
        g_autoptr(CpuSet) rest = def->cpuset ? cpu_set_new(def->cpuset) : NULL;
        if (!rest)
            return NULL;
        cpu_set_add(cpus, rest);
    }
    return cpu_set_list(cpus);
}

static void plan_places(PlanBuilder *builder)
{
    g_autofree char *cpus = list_of_pins(builder->def);

    if (cpus)
        plan_set_text(builder, PLAN_KNOB_CPUSET_CPUS, cpus, 0);
    if (builder->def->extension.vcpus_limit == VCPUS_LIMIT_CPUSET)
        plan_set_text(builder, PLAN_KNOB_CPUSET_COUNT, "", (int64_t)vcpus_of(builder->def));
}

/* ---- who serves the container ---------------------------------------------------------------- */

static void serve(PlanBuilder *builder, PlanKnob knob, const OptNumber *number, const char *text)
{
    if (number && !number->set)
        return;
    *PLAN_ADD(&builder->plan->cgroup.servants) =
        (PlanSetting){ .knob = knob, .number = number ? number->value : 0, .text = g_strdup(text) };
}

static void plan_servants(PlanBuilder *builder)
{
    const CpuTune *tune = &builder->def->cputune;

    serve(builder, PLAN_KNOB_CPU_PERIOD, &tune->emulator_period, "");
    serve(builder, PLAN_KNOB_CPU_QUOTA, &tune->emulator_quota, "");
    if (tune->emulatorpin)
        serve(builder, PLAN_KNOB_CPUSET_CPUS, NULL, tune->emulatorpin->cpuset);
}

bool cpu_plan(PlanBuilder *builder, GError **err)
{
    const DomainDef *def = builder->def;

    if (def->vcpu_placement == VCPU_PLACEMENT_AUTO)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("placement 'auto' of <vcpu> needs numad, which knows nothing of containers; "
                      "name the CPUs"));
    plan_set_number(builder, PLAN_KNOB_CPU_SHARES, &def->cputune.shares);
    plan_bandwidth(builder);
    plan_places(builder);
    plan_servants(builder);
    return true;
}
