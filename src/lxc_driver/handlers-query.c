// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Questions that are answered from what is known, whatever else happens to the domain. */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/handlers.h"

#include <libvirt/libvirt.h>

bool on_domain_get_state(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetStateRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);

    ret->state = domain->state;
    ret->reason = domain->reason;
    return true;
}

/* A figure that cannot be read is left 0: the container may be ending right now. */
static void fill_from_kernel(Domain *domain, RemoteDomainGetInfoRet *ret)
{
    g_autoptr(GError) err = NULL;
    Cgroup *cgroup = domain_cgroup(domain, &err);
    uint64_t bytes = 0;
    uint64_t ns = 0;

    if (cgroup && cgroup_memory_usage(cgroup, &bytes, &err))
        ret->memory = bytes / 1024;
    if (cgroup && !err && cgroup_cpu_time(cgroup, &ns, &err))
        ret->cpuTime = ns;
    if (err)
        log_debug("domain '%s': %s", domain->name, err->message);
}

bool on_domain_get_info(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetInfoRet *ret = ret_;
    Domain *domain = rpc_call_domain(call);
    const DomainDef *def = domain_def(domain);

    ret->state = (uint8_t)domain->state;
    ret->maxMem = def->memory_kib;
    ret->nrVirtCpu = (uint16_t)def->vcpus;
    if (domain_is_active(domain))
        fill_from_kernel(domain, ret);
    else
        ret->memory = def->current_memory_kib;
    return true;
}

bool on_domain_get_xml_desc(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainGetXmlDescArgs *args = args_;
    RemoteDomainGetXmlDescRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);
    bool inactive = (args->flags & VIR_DOMAIN_XML_INACTIVE) || !domain_is_active(domain);
    const DomainDef *def = inactive && domain->config ? domain_config(domain) : domain_def(domain);

    DomainDefFlags flags = inactive ? DOMAIN_DEF_INACTIVE : DOMAIN_DEF_LIVE;

    if (!(args->flags & VIR_DOMAIN_XML_SECURE))
        flags |= DOMAIN_DEF_NO_SECRETS;
    ret->xml = domain_def_format(def, flags);
    return true;
}

bool on_domain_get_os_type(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetOsTypeRet *ret = ret_;
    const DomainDef *def = domain_def(rpc_call_domain(call));

    ret->type = g_strdup(def->os.type ? def->os.type : "exe");
    return true;
}

/* What the definition says that no container can have; virsh dominfo shows it. */
bool on_domain_get_messages(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainGetMessagesArgs *args = args_;
    RemoteDomainGetMessagesRet *ret = ret_;
    const StringList *left_out = &domain_def(rpc_call_domain(call))->left_out;

    if (args->flags && !(args->flags & VIR_DOMAIN_MESSAGE_TAINTING))
        return true;
    ret->msgs.items = g_new0(char *, left_out->n);
    for (size_t i = 0; i < left_out->n; i++)
        ret->msgs.items[i] = g_strdup_printf("tainted: %s", left_out->items[i]);
    ret->msgs.len = (uint32_t)left_out->n;
    return true;
}

bool on_domain_get_max_memory(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetMaxMemoryRet *ret = ret_;

    ret->memory = domain_def(rpc_call_domain(call))->memory_kib;
    return true;
}

bool on_domain_is_active(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainIsActiveRet *ret = ret_;

    ret->active = domain_is_active(rpc_call_domain(call));
    return true;
}

bool on_domain_is_persistent(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainIsPersistentRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);

    ret->persistent = domain->config != NULL;
    return true;
}

/* Nothing changes a running domain's definition behind the clients' backs. */
bool on_domain_is_updated(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainIsUpdatedRet *ret = ret_;

    ret->updated = 0;
    return true;
}

bool on_domain_has_managed_save_image(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainHasManagedSaveImageRet *ret = ret_;

    ret->result = 0;
    return true;
}
