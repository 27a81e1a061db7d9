// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a plan asks for and this host has not. The facts come with the call, so that this is as pure
 * as the rest; a fact that is not known is not held against anybody.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* ---- controllers ----------------------------------------------------------------------------- */

typedef struct KnobFact {
    HostLack lack;
    const char *controller;
    const char *element; /* where the user asked for it */
} KnobFact;

#define MEMORY HOST_LACKS_MEMORY_CONTROLLER, "memory"
#define CPU HOST_LACKS_CPU_CONTROLLER, "cpu"
#define CPUSET HOST_LACKS_CPUSET_CONTROLLER, "cpuset"
#define BLKIO HOST_LACKS_BLKIO_CONTROLLER, "blkio"

/* clang-format off */
static const KnobFact knob_facts[] = {
    [PLAN_KNOB_MEMORY_HARD]            = { MEMORY, "<memory>" },
    [PLAN_KNOB_MEMORY_SOFT]            = { MEMORY, "<memtune>" },
    [PLAN_KNOB_MEMORY_AND_SWAP]        = { MEMORY, "<memtune>" },
    [PLAN_KNOB_CPU_SHARES]             = { CPU,    "<cputune>" },
    [PLAN_KNOB_CPU_PERIOD]             = { CPU,    "<cputune>" },
    [PLAN_KNOB_CPU_QUOTA]              = { CPU,    "<cputune>" },
    [PLAN_KNOB_CPUSET_CPUS]            = { CPUSET, "<vcpu>/<vcpupin>" },
    [PLAN_KNOB_CPUSET_MEMS]            = { CPUSET, "<numatune>" },
    [PLAN_KNOB_PIDS_MAX]               = { HOST_LACKS_PIDS_CONTROLLER, "pids", "<virtlxcd:pids>" },
    [PLAN_KNOB_BLKIO_WEIGHT]           = { BLKIO,  "<blkiotune>" },
    [PLAN_KNOB_BLKIO_DEVICE_WEIGHT]    = { BLKIO,  "<blkiotune>" },
    [PLAN_KNOB_BLKIO_DEVICE_READ_IOPS] = { BLKIO,  "<blkiotune>" },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_IOPS] = { BLKIO, "<blkiotune>" },
    [PLAN_KNOB_BLKIO_DEVICE_READ_BPS]  = { BLKIO,  "<blkiotune>" },
    [PLAN_KNOB_BLKIO_DEVICE_WRITE_BPS] = { BLKIO,  "<blkiotune>" },
    [PLAN_KNOB_MEMORY_MIN]             = { MEMORY, "<memtune>" },
    [PLAN_KNOB_OOM_GROUP]              = { MEMORY, "<virtlxcd:oom>" },
    [PLAN_KNOB_HUGETLB]                = { HOST_LACKS_HUGETLB_CONTROLLER, "hugetlb", "<virtlxcd:hugepages>" },
    [PLAN_KNOB_CPUSET_COUNT]           = { CPUSET, "<virtlxcd:vcpus>" },
};
/* clang-format on */

static bool check_controllers(const PlanSetting *settings, uint32_t n, unsigned lacks, GError **err)
{
    for (uint32_t i = 0; i < n; i++) {
        const KnobFact *fact = &knob_facts[settings[i].knob];

        if (lacks & fact->lack)
            return fail(err, UNSUPPORTED,
                        _("%s needs the cgroup controller '%s', which this host lacks"),
                        fact->element, fact->controller);
    }
    return true;
}

static bool check_all_controllers(const PlanBuilder *builder, GError **err)
{
    const PlanCgroup *cgroup = &builder->plan->cgroup;
    unsigned lacks = builder->host->lacks;

    return check_controllers(cgroup->settings.items, cgroup->settings.len, lacks, err) &&
           check_controllers(cgroup->servants.items, cgroup->servants.len, lacks, err);
}

/* ---- CPUs and nodes -------------------------------------------------------------------------- */

static bool check_cpus(const PlanSetting *setting, const char *element, unsigned n_cpus,
                       GError **err)
{
    if (setting->knob != PLAN_KNOB_CPUSET_CPUS || !n_cpus || cpu_list_last(setting->text) < n_cpus)
        return true;
    return fail(err, UNSUPPORTED,
                _("%s with the CPUs '%s' names the CPU %u, but the last CPU of this host is %u"),
                element, setting->text, cpu_list_last(setting->text), n_cpus - 1);
}

static bool check_nodes(const char *list, unsigned n_nodes, GError **err)
{
    if (!n_nodes || cpu_list_last(list) < n_nodes)
        return true;
    return fail(err, UNSUPPORTED,
                _("<numatune> with the nodes '%s' names the node %u, but the last node of this "
                  "host is %u"),
                list, cpu_list_last(list), n_nodes - 1);
}

static bool check_places(const PlanBuilder *builder, GError **err)
{
    const Plan *plan = builder->plan;
    const DomainDefHost *host = builder->host;

    for (uint32_t i = 0; i < plan->cgroup.settings.len; i++) {
        const PlanSetting *setting = &plan->cgroup.settings.items[i];

        if (!check_cpus(setting, knob_facts[setting->knob].element, host->n_cpus, err))
            return false;
        if (setting->knob == PLAN_KNOB_CPUSET_MEMS &&
            !check_nodes(setting->text, host->n_nodes, err))
            return false;
    }
    for (uint32_t i = 0; i < plan->cgroup.servants.len; i++)
        if (!check_cpus(&plan->cgroup.servants.items[i], "<emulatorpin>", host->n_cpus, err))
            return false;
    return !plan->init.numa.nodes || check_nodes(plan->init.numa.nodes, host->n_nodes, err);
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static bool check_namespaces(const PlanBuilder *builder, GError **err)
{
    unsigned spaces = builder->plan->namespaces, lacks = builder->host->lacks;

    if (spaces & PLAN_NS_USER && lacks & HOST_LACKS_USER_NAMESPACES)
        return fail(err, UNSUPPORTED,
                    _("an id map needs user namespaces, which this host's kernel lacks"));
    if (spaces & PLAN_NS_TIME && lacks & HOST_LACKS_TIME_NAMESPACES)
        return fail(err, UNSUPPORTED,
                    _("<virtlxcd:time> needs time namespaces, which this host's kernel lacks"));
    return true;
}

static bool check_image(PlanImageDriver driver, const char *source, const DomainDefHost *host,
                        GError **err)
{
    if (driver != PLAN_IMAGE_NBD || !(host->lacks & HOST_LACKS_NBD))
        return true;
    return fail(err, UNSUPPORTED,
                _("the image '%s' needs network block devices, which this host's kernel lacks"),
                source);
}

static bool check_images(const PlanBuilder *builder, GError **err)
{
    const Plan *plan = builder->plan;

    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (!check_image(plan->mounts.items[i].image, plan->mounts.items[i].source, builder->host,
                         err))
            return false;
    for (uint32_t i = 0; i < plan->host_nodes.len; i++)
        if (!check_image(plan->host_nodes.items[i].image, plan->host_nodes.items[i].source,
                         builder->host, err))
            return false;
    return true;
}

bool host_facts_check(const PlanBuilder *builder, GError **err)
{
    return check_namespaces(builder, err) && check_all_controllers(builder, err) &&
           check_places(builder, err) && check_images(builder, err);
}
