// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Memory. `memory` is the most a container may ever have, `currentMemory` what it may have now; the
 * latter is the limit of its group. Live changes go to the kernel first: what it refuses changes
 * nothing here.
 */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/cgroup-work.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/status.h"
#include "remote-xdr.h"

#include <inttypes.h>
#include <libvirt/libvirt.h>

static bool set_maximum(Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    DomainDef *config;

    if (impact & VIR_DOMAIN_AFFECT_LIVE)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot change the maximum memory of the running domain '%s'"), domain->name);
    config = domain_def_unfold(domain->config);
    config->memory_kib = kib;
    config->current_memory_kib = MIN(config->current_memory_kib, kib);
    domain_save_config(domain, config, domain_saved_end_job, job_hold(domain));
    return true;
}

static bool check_below_maximum(const Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    uint64_t maximum = UINT64_MAX;

    if (impact & VIR_DOMAIN_AFFECT_LIVE)
        maximum = MIN(maximum, domain_live(domain)->memory_kib);
    if (impact & VIR_DOMAIN_AFFECT_CONFIG)
        maximum = MIN(maximum, domain_config(domain)->memory_kib);
    if (kib > maximum)
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("cannot set the memory of domain '%s' above its maximum of %" PRIu64 " KiB"),
                    domain->name, maximum);
    return true;
}

/* The last step: what is changed is the definition for the next start. */
static void save_current(Job *job, uint64_t kib)
{
    DomainDef *config = domain_def_unfold(job_domain(job)->config);

    config->current_memory_kib = kib;
    domain_save_config(job_domain(job), config, domain_saved_end_job, job);
}

/* A smaller limit makes the kernel look for memory to take away, which may last. */
static bool write_limit(Cgroup *cgroup, const CgroupWork *work, GError **err)
{
    const PlanSetting setting = { .knob = PLAN_KNOB_MEMORY_HARD,
                                  .number = (int64_t)(work->value * 1024) };

    return cgroup_set(cgroup, &setting, err);
}

static void limit_written(Job *job, const CgroupWork *work, GError *problem)
{
    g_autoptr(GError) why = problem;
    Domain *domain = job_domain(job);
    DomainDef *live;
    GError *err = NULL;

    if (why) {
        (void)fail(&err, ERR(LXC, OPERATION_FAILED), _("cannot set the memory of domain '%s': %s"),
                   domain->name, why->message);
        job_end(job, err);
        return;
    }
    live = domain_def_unfold(domain->live);
    live->current_memory_kib = work->value;
    domain_set_live(domain, live);
    status_save_or_log(domain);
    if (work->flags & VIR_DOMAIN_AFFECT_CONFIG)
        save_current(job, work->value);
    else
        job_end(job, NULL);
}

static bool set_current(Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    const CgroupWork work = {
        .make = write_limit, .made = limit_written, .value = kib, .flags = impact
    };

    if (!check_below_maximum(domain, kib, impact, err))
        return false;
    if (impact & VIR_DOMAIN_AFFECT_LIVE)
        return cgroup_work_begin(domain, &work, err);
    save_current(job_hold(domain), kib);
    return true;
}

static bool set_memory(Domain *domain, uint64_t kib, unsigned flags, GError **err)
{
    unsigned impact;

    if (kib == 0)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("the memory of a domain must not be zero"));
    if (kib > G_MAXINT64 / 1024)
        return fail(err, ERR(NONE, OVERFLOW), _("the memory size %" PRIu64 " KiB is too large"),
                    kib);
    if (!domain_impact(domain, flags, &impact, err))
        return false;
    if (flags & VIR_DOMAIN_MEM_MAXIMUM)
        return set_maximum(domain, kib, impact, err);
    return set_current(domain, kib, impact, err);
}

static bool set_memory_live(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetMemoryArgs *args = args_;

    return set_memory(rpc_call_domain(call), args->memory, VIR_DOMAIN_AFFECT_LIVE, err);
}

static bool set_memory_flags(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetMemoryFlagsArgs *args = args_;

    return set_memory(rpc_call_domain(call), args->memory, args->flags, err);
}

static bool set_max_memory(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetMaxMemoryArgs *args = args_;

    return set_memory(rpc_call_domain(call), args->memory, VIR_DOMAIN_MEM_MAXIMUM, err);
}

bool on_domain_set_memory(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_memory_live, err);
}

bool on_domain_set_memory_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_memory_flags, err);
}

bool on_domain_set_max_memory(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_max_memory, err);
}
