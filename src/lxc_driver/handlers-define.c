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

static bool define(RpcCall *call, const char *xml, unsigned flags, RemoteNonnullDomain *ret,
                   GError **err)
{
    Driver *driver = call_driver(call);
    DomainDef *def = NULL;
    Domain *domain;
    bool is_new;
    bool is_update;

    if (!parse(driver, xml, flags, &def, err))
        return false;
    if (!domain_list_adopt(driver->domains, driver, def, &domain, &is_new, err)) {
        domain_def_free(def);
        return false;
    }
    is_update = domain->config || domain->was_defined;
    if (!domain_save_config(domain, def, err)) {
        if (is_new)
            domain_list_remove(driver->domains, domain);
        return false;
    }
    domain->was_defined = true;
    events_lifecycle(domain, VIR_DOMAIN_EVENT_DEFINED,
                     is_update ? VIR_DOMAIN_EVENT_DEFINED_UPDATED : VIR_DOMAIN_EVENT_DEFINED_ADDED);
    answer_domain(domain, ret);
    return true;
}

bool on_domain_define_xml(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainDefineXmlArgs *args = args_;
    RemoteDomainDefineXmlRet *ret = ret_;

    return define(call, args->xml, 0, &ret->dom, err);
}

bool on_domain_define_xml_flags(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainDefineXmlFlagsArgs *args = args_;
    RemoteDomainDefineXmlFlagsRet *ret = ret_;

    return define(call, args->xml, args->flags, &ret->dom, err);
}

/* A running domain, or one that is being started, lives on as a transient one. */
static bool undefine(Domain *domain, GError **err)
{
    Driver *driver = domain->driver;

    if (!domain->config)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot undefine the transient domain '%s'"), domain->name);
    if (!store_remove(driver->paths, domain->name, err))
        return false;
    domain_set_config(domain, NULL);
    domain->autostart = false;
    events_lifecycle(domain, VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
    if (!domain_def(domain))
        domain_list_remove(driver->domains, domain);
    return true;
}

bool on_domain_undefine(RpcCall *call, const void *args, void *ret, GError **err)
{
    return undefine(rpc_call_domain(call), err);
}

/* The flags ask for the removal of things a container does not have. */
bool on_domain_undefine_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return undefine(rpc_call_domain(call), err);
}

bool on_domain_get_autostart(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetAutostartRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);

    ret->autostart = domain->autostart;
    return true;
}

static bool set_autostart(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetAutostartArgs *args = args_;
    Domain *domain = rpc_call_domain(call);
    bool autostart = args->autostart != 0;

    if (!domain->config)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("cannot set autostart for the transient domain '%s'"), domain->name);
    if (domain->autostart == autostart)
        return true;
    if (!store_set_autostart(domain->driver->paths, domain->name, autostart, err))
        return false;
    domain->autostart = autostart;
    return true;
}

bool on_domain_set_autostart(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_autostart, err);
}
