// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What is on disk: defining, undefining, autostart. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/events.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/store.h"

#include <libvirt/libvirt.h>

/* A definition that could never start is refused now, not when it is started. */
static bool parse(const Driver *driver, const char *xml, unsigned flags, DomainDef **ret_def,
                  GError **err)
{
    DomainDefFlags parse_flags = DOMAIN_DEF_INACTIVE;
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;

    if (flags & VIR_DOMAIN_DEFINE_VALIDATE)
        parse_flags |= DOMAIN_DEF_VALIDATE;
    if (!domain_def_parse(xml, parse_flags, &driver->host, &def, err) ||
        !domain_def_compile(def, &driver->host, &plan, err))
        return false;
    *ret_def = g_steal_pointer(&def);
    return true;
}

/* Every reply of a defining call is the domain and nothing else. */
static void defined(Domain *domain, const GError *err, void *data)
{
    Job *job = data;
    bool is_update = domain->was_defined;

    domain->draft = NULL;
    if (err) {
        if (!domain_is_described(domain))
            domain_list_remove(domain->driver->domains, domain);
        job_end(job, g_error_copy(err));
        return;
    }
    domain->was_defined = true;
    events_lifecycle(domain, VIR_DOMAIN_EVENT_DEFINED,
                     is_update ? VIR_DOMAIN_EVENT_DEFINED_UPDATED : VIR_DOMAIN_EVENT_DEFINED_ADDED);
    answer_domain(domain, rpc_call_ret(job_rpc_call(job)));
    job_end(job, NULL);
}

static bool define_in_turn(RpcCall *call, Domain *domain, DomainDef *def, GError **err)
{
    if (!domain_is_described(domain))
        domain->draft = def; /* what is said of it until it is on disk; the job's */
    domain_save_config(domain, domain_def_copy(def), defined, job_hold(domain));
    return true;
}

static bool define(RpcCall *call, const char *xml, unsigned flags, GError **err)
{
    Driver *driver = call_driver(call);
    g_autoptr(DomainDef) def = NULL;
    Domain *domain;

    if (!parse(driver, xml, flags, &def, err) ||
        !domain_list_adopt(driver->domains, driver, def, &domain, err))
        return false;
    return job_call_on(call, domain, define_in_turn, g_steal_pointer(&def), err);
}

bool on_domain_define_xml(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainDefineXmlArgs *args = args_;

    return define(call, args->xml, 0, err);
}

bool on_domain_define_xml_flags(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainDefineXmlFlagsArgs *args = args_;

    return define(call, args->xml, args->flags, err);
}

/* A running domain lives on as a transient one. */
static void undefined(const GError *err, void *data)
{
    Job *job = data;
    Domain *domain = job_domain(job);

    if (!err) {
        domain_set_config(domain, NULL);
        domain->autostart = false;
        events_lifecycle(domain, VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
        if (!domain_is_active(domain))
            domain_list_remove(domain->driver->domains, domain);
    }
    job_end(job, err ? g_error_copy(err) : NULL);
}

static bool undefine(RpcCall *call, const void *args, void *ret, GError **err)
{
    Domain *domain = rpc_call_domain(call);

    if (!domain->config)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot undefine the transient domain '%s'"), domain->name);
    store_remove(domain->driver->paths, domain->name, undefined, job_hold(domain));
    return true;
}

bool on_domain_undefine(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, undefine, err);
}

/* The flags ask for the removal of things a container does not have. */
bool on_domain_undefine_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, undefine, err);
}

bool on_domain_get_autostart(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetAutostartRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);

    ret->autostart = domain->autostart;
    return true;
}

static void autostart_set(const GError *err, void *data)
{
    Job *job = data;
    const RemoteDomainSetAutostartArgs *args = rpc_call_args(job_rpc_call(job));

    if (!err)
        job_domain(job)->autostart = args->autostart != 0;
    job_end(job, err ? g_error_copy(err) : NULL);
}

static bool set_autostart(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetAutostartArgs *args = args_;
    Domain *domain = rpc_call_domain(call);
    bool autostart = args->autostart != 0;

    if (!domain->config)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot set autostart for the transient domain '%s'"), domain->name);
    if (domain->autostart != autostart)
        store_set_autostart(domain->driver->paths, domain->name, autostart, autostart_set,
                            job_hold(domain));
    return true;
}

bool on_domain_set_autostart(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_autostart, err);
}
