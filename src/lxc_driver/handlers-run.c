// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Starting, destroying, pausing. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/cgroup-work.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/start.h"
#include "lxc_driver/state.h"
#include "lxc_driver/stop.h"

#include <libvirt/libvirt.h>

static GError *copy_error(const GError *err)
{
    return err ? g_error_copy(err) : NULL;
}

/* ---- start -------------------------------------------------------------------------------------
 */

/* The flags of a starting call; those without have none. */
static unsigned start_flags(RpcCall *call)
{
    const XdrType *type = rpc_call_procedure(call)->args;
    ptrdiff_t offset = xdr_field_offset(type, "flags");

    return offset < 0 ? 0 : *(const uint32_t *)((const char *)rpc_call_args(call) + offset);
}

/* An auto-destroy domain whose client has gone meanwhile goes too. */
static void bind_to_client(Domain *domain, RpcCall *call)
{
    RpcClient *client = rpc_call_client(call);

    if (!(start_flags(call) & VIR_DOMAIN_START_AUTODESTROY))
        return;
    if (client)
        domain_set_owner(domain, rpc_client_id(client));
    else
        stop_later(domain);
}

/* Where a starting call has a reply, the reply is the domain and nothing else. */
static void started(Domain *domain, const GError *err, void *data)
{
    Job *job = data;
    RpcCall *call = job_rpc_call(job);

    if (!err) {
        bind_to_client(domain, call);
        if (rpc_call_ret(call))
            answer_domain(domain, rpc_call_ret(call));
    }
    job_end(job, copy_error(err));
}

/* Takes `def`. */
static bool start(RpcCall *call, Domain *domain, DomainDef *def, GError **err)
{
    StartRequest request = { .def = def, .n_fds = rpc_call_n_fds(call) };

    request.fds = g_new(int, request.n_fds + 1);
    for (size_t i = 0; i < request.n_fds; i++)
        request.fds[i] = rpc_call_take_fd(call, i);
    return start_domain(domain, &request, started, job_hold(domain), err);
}

static bool create(RpcCall *call, const void *args, void *ret, GError **err)
{
    Domain *domain = rpc_call_domain(call);

    if (domain_is_active(domain) || !domain->config)
        return fail(err, ERR(LXC, OPERATION_INVALID), _("domain '%s' is already running"),
                    domain->name);
    return start(call, domain, domain_def_unfold(domain->config), err);
}

bool on_domain_create(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, create, err);
}

bool on_domain_create_with_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, create, err);
}

bool on_domain_create_with_files(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, create, err);
}

static bool begin_creation(RpcCall *call, Domain *domain, const DomainDef *def, GError **err)
{
    if (domain_is_active(domain))
        return fail(err, ERR(DOMAIN, OPERATION_INVALID), _("domain '%s' is already running"),
                    domain->name);
    return start(call, domain, domain_def_copy(def), err);
}

/* A transient domain that never came to be leaves no object. */
static bool create_in_turn(RpcCall *call, Domain *domain, DomainDef *def, GError **err)
{
    if (begin_creation(call, domain, def, err))
        return true;
    if (!domain_is_described(domain))
        domain_list_remove(domain->driver->domains, domain);
    return false;
}

static bool create_xml(RpcCall *call, const char *xml, unsigned flags, GError **err)
{
    Driver *driver = call_driver(call);
    DomainDefFlags parse_flags = DOMAIN_DEF_INACTIVE;
    g_autoptr(DomainDef) def = NULL;
    Domain *domain;

    if (flags & VIR_DOMAIN_START_VALIDATE)
        parse_flags |= DOMAIN_DEF_VALIDATE;
    if (!domain_def_parse(xml, parse_flags, &driver->host, &def, err) ||
        !domain_list_adopt(driver->domains, driver, def, &domain, err))
        return false;
    return job_call_on(call, domain, create_in_turn, g_steal_pointer(&def), err);
}

bool on_domain_create_xml(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainCreateXmlArgs *args = args_;

    return create_xml(call, args->xml_desc, args->flags, err);
}

bool on_domain_create_xml_with_files(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainCreateXmlWithFilesArgs *args = args_;

    return create_xml(call, args->xml_desc, args->flags, err);
}

/* ---- destroy -----------------------------------------------------------------------------------
 */

static void destroyed(Domain *domain, const GError *err, void *data)
{
    job_end(data, copy_error(err));
}

static bool destroy(RpcCall *call, const void *args, void *ret, GError **err)
{
    Domain *domain = rpc_call_domain(call);

    stop_domain(domain, destroyed, job_hold(domain));
    return true;
}

static bool destroy_gracefully(RpcCall *call, const void *args, void *ret, GError **err)
{
    Domain *domain = rpc_call_domain(call);

    stop_domain_gracefully(domain, destroyed, job_hold(domain));
    return true;
}

bool on_domain_destroy(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, destroy, err);
}

bool on_domain_destroy_flags(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainDestroyFlagsArgs *args = args_;

    return job_call(call, args->flags & VIR_DOMAIN_DESTROY_GRACEFUL ? destroy_gracefully : destroy,
                    err);
}

/* ---- pause -------------------------------------------------------------------------------------
 */

static bool freeze(Cgroup *cgroup, const CgroupWork *work, GError **err)
{
    return cgroup_freeze(cgroup, err);
}

static void frozen(Job *job, const CgroupWork *work, GError *err)
{
    if (!err)
        (void)state_change(job_domain(job), STATE_SUSPENDED);
    job_end(job, err);
}

static bool thaw(Cgroup *cgroup, const CgroupWork *work, GError **err)
{
    return cgroup_thaw(cgroup, err);
}

static void thawed(Job *job, const CgroupWork *work, GError *err)
{
    if (!err)
        (void)state_change(job_domain(job), STATE_RESUMED);
    job_end(job, err);
}

static bool suspend(RpcCall *call, const void *args, void *ret, GError **err)
{
    const CgroupWork work = { .make = freeze, .made = frozen };
    Domain *domain = rpc_call_domain(call);

    return domain->state == VIR_DOMAIN_PAUSED || cgroup_work_begin(domain, &work, err);
}

static bool resume(RpcCall *call, const void *args, void *ret, GError **err)
{
    const CgroupWork work = { .make = thaw, .made = thawed };
    Domain *domain = rpc_call_domain(call);

    if (domain->state != VIR_DOMAIN_PAUSED)
        return fail(err, ERR(LXC, OPERATION_INVALID), _("domain '%s' is not suspended"),
                    domain->name);
    return cgroup_work_begin(domain, &work, err);
}

bool on_domain_suspend(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, suspend, err);
}

bool on_domain_resume(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, resume, err);
}
