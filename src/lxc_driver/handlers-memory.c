// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Memory. `memory` is the most a container may ever have, `currentMemory` what it may have now; the
 * latter is the limit of its group. Live changes go to the kernel first: what it refuses changes
 * nothing here.
 */
#include "base/error.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/status.h"
#include "remote-xdr.h"

#include <inttypes.h>
#include <libvirt/libvirt.h>

static bool write_limit(Domain *domain, uint64_t kib, GError **err)
{
    const PlanSetting setting = { .knob = PLAN_KNOB_MEMORY_HARD, .number = (int64_t)(kib * 1024) };
    g_autoptr(GError) problem = NULL;
    Cgroup *cgroup = domain_cgroup(domain, err);

    if (!cgroup)
        return false;
    if (!cgroup_set(cgroup, &setting, &problem))
        return fail(err, ERR(LXC, OPERATION_FAILED), _("cannot set the memory of domain '%s': %s"),
                    domain->name, problem->message);
    return true;
}

static bool set_maximum(Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    DomainDef *config;

    if (impact & VIR_DOMAIN_AFFECT_LIVE)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot change the maximum memory of the running domain '%s'"), domain->name);
    config = domain_def_copy(domain->config);
    config->memory_kib = kib;
    config->current_memory_kib = MIN(config->current_memory_kib, kib);
    domain_save_config(domain, config, domain_saved_end_job, job_hold(domain));
    return true;
}

static bool check_below_maximum(const Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    uint64_t maximum = UINT64_MAX;

    if (impact & VIR_DOMAIN_AFFECT_LIVE)
        maximum = MIN(maximum, domain->live->memory_kib);
    if (impact & VIR_DOMAIN_AFFECT_CONFIG)
        maximum = MIN(maximum, domain->config->memory_kib);
    if (kib > maximum)
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("cannot set the memory of domain '%s' above its maximum of %" PRIu64 " KiB"),
                    domain->name, maximum);
    return true;
}

static bool set_current(Domain *domain, uint64_t kib, unsigned impact, GError **err)
{
    if (!check_below_maximum(domain, kib, impact, err))
        return false;
    if (impact & VIR_DOMAIN_AFFECT_LIVE) {
        DomainDef *live;
        if (!write_limit(domain, kib, err))
            return false;
        live = domain_def_copy(domain->live);
        live->current_memory_kib = kib;
        domain_set_live(domain, live);
        status_save_or_log(domain);
    }
    if (impact & VIR_DOMAIN_AFFECT_CONFIG) {
        DomainDef *config = domain_def_copy(domain->config);
        config->current_memory_kib = kib;
        domain_save_config(domain, config, domain_saved_end_job, job_hold(domain));
    }
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
