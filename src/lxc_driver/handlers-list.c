// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Finding domains: lists with and without filters, look-ups. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/uuid.h"

#include <libvirt/libvirt.h>
#include <string.h>

/* A filter bit and whether a domain has that quality. Bits of one group are alternatives. */
typedef struct Filter {
    unsigned group;
    unsigned bit;
    bool (*fits)(const Domain *domain);
} Filter;

static bool is_active(const Domain *domain)
{
    return domain_is_active(domain);
}

static bool is_inactive(const Domain *domain)
{
    return !domain_is_active(domain);
}

static bool is_persistent(const Domain *domain)
{
    return domain->config != NULL;
}

static bool is_transient(const Domain *domain)
{
    return domain->config == NULL;
}

static bool is_running(const Domain *domain)
{
    return domain->state == VIR_DOMAIN_RUNNING;
}

static bool is_paused(const Domain *domain)
{
    return domain->state == VIR_DOMAIN_PAUSED;
}

static bool is_shutoff(const Domain *domain)
{
    return domain->state == VIR_DOMAIN_SHUTOFF;
}

static bool has_autostart(const Domain *domain)
{
    return domain->autostart;
}

static bool has_no_autostart(const Domain *domain)
{
    return !domain->autostart;
}

static bool always(const Domain *domain)
{
    return true;
}

static bool never(const Domain *domain)
{
    return false;
}

static const Filter filters[] = {
    {0,  VIR_CONNECT_LIST_DOMAINS_ACTIVE,         is_active       },
    { 0, VIR_CONNECT_LIST_DOMAINS_INACTIVE,       is_inactive     },
    { 1, VIR_CONNECT_LIST_DOMAINS_PERSISTENT,     is_persistent   },
    { 1, VIR_CONNECT_LIST_DOMAINS_TRANSIENT,      is_transient    },
    { 2, VIR_CONNECT_LIST_DOMAINS_RUNNING,        is_running      },
    { 2, VIR_CONNECT_LIST_DOMAINS_PAUSED,         is_paused       },
    { 2, VIR_CONNECT_LIST_DOMAINS_SHUTOFF,        is_shutoff      },
    { 2, VIR_CONNECT_LIST_DOMAINS_OTHER,          never           },
    { 3, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,    never           },
    { 3, VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE, always          },
    { 4, VIR_CONNECT_LIST_DOMAINS_AUTOSTART,      has_autostart   },
    { 4, VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,   has_no_autostart},
    { 5, VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT,   never           },
    { 5, VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,    always          },
    { 6, VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT, never           },
    { 6, VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,  always          },
};
#define N_GROUPS 7

/* A group without any bit set lets everything through. */
static bool passes(const Domain *domain, unsigned flags)
{
    bool asked[N_GROUPS] = { false };
    bool fits[N_GROUPS] = { false };

    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        if (!(flags & filters[i].bit))
            continue;
        asked[filters[i].group] = true;
        fits[filters[i].group] |= filters[i].fits(domain);
    }
    for (size_t group = 0; group < N_GROUPS; group++)
        if (asked[group] && !fits[group])
            return false;
    return true;
}

static GPtrArray *select_domains(RpcCall *call, unsigned flags)
{
    GPtrArray *all = domain_list_all(call_driver(call)->domains);
    guint kept = 0;

    for (guint i = 0; i < all->len; i++)
        if (passes(all->pdata[i], flags))
            all->pdata[kept++] = all->pdata[i];
    g_ptr_array_set_size(all, (gint)kept);
    return all;
}

bool on_connect_list_all_domains(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteConnectListAllDomainsArgs *args = args_;
    RemoteConnectListAllDomainsRet *ret = ret_;
    g_autoptr(GPtrArray) chosen = select_domains(call, args->flags);

    if (chosen->len > REMOTE_DOMAIN_LIST_MAX)
        return fail(err, ERR(RPC, INTERNAL_ERROR),
                    _("too many domains: %u, at most %d can be listed"), chosen->len,
                    REMOTE_DOMAIN_LIST_MAX);
    ret->ret = chosen->len;
    if (!args->need_results)
        return true;
    ret->domains.items = g_new0(RemoteNonnullDomain, chosen->len + 1);
    ret->domains.len = chosen->len;
    for (guint i = 0; i < chosen->len; i++)
        answer_domain(chosen->pdata[i], &ret->domains.items[i]);
    return true;
}

bool on_connect_num_of_domains(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteConnectNumOfDomainsRet *ret = ret_;
    g_autoptr(GPtrArray) chosen = select_domains(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    ret->num = (int32_t)chosen->len;
    return true;
}

bool on_connect_num_of_defined_domains(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteConnectNumOfDefinedDomainsRet *ret = ret_;
    g_autoptr(GPtrArray) chosen = select_domains(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE);

    ret->num = (int32_t)chosen->len;
    return true;
}

/* How many entries a reply may have; a maximum over the protocol's cap is refused. */
static bool check_max(int32_t max, GError **err)
{
    if (max < 0 || max > REMOTE_DOMAIN_LIST_MAX)
        return fail(err, ERR(RPC, RPC), _("the maximum %d is not between 0 and %d"), max,
                    REMOTE_DOMAIN_LIST_MAX);
    return true;
}

bool on_connect_list_domains(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteConnectListDomainsArgs *args = args_;
    RemoteConnectListDomainsRet *ret = ret_;
    g_autoptr(GPtrArray) chosen = select_domains(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (!check_max(args->maxids, err))
        return false;
    ret->ids.len = MIN(chosen->len, (guint)args->maxids);
    ret->ids.items = g_new0(int32_t, ret->ids.len + 1);
    for (guint i = 0; i < ret->ids.len; i++)
        ret->ids.items[i] = domain_id(chosen->pdata[i]);
    return true;
}

bool on_connect_list_defined_domains(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteConnectListDefinedDomainsArgs *args = args_;
    RemoteConnectListDefinedDomainsRet *ret = ret_;
    g_autoptr(GPtrArray) chosen = select_domains(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE);

    if (!check_max(args->maxnames, err))
        return false;
    ret->names.len = MIN(chosen->len, (guint)args->maxnames);
    ret->names.items = g_new0(char *, ret->names.len + 1);
    for (guint i = 0; i < ret->names.len; i++) {
        const Domain *domain = chosen->pdata[i];
        ret->names.items[i] = g_strdup(domain->name);
    }
    return true;
}

bool on_domain_lookup_by_id(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainLookupByIdArgs *args = args_;
    RemoteDomainLookupByIdRet *ret = ret_;
    const Domain *domain;

    if (args->id < 0)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a domain id cannot be negative: %d"),
                    args->id);
    domain = domain_list_by_id(call_driver(call)->domains, args->id);
    if (!domain)
        return fail(err, ERR(LXC, NO_DOMAIN), _("no domain with the id %d"), args->id);
    answer_domain(domain, &ret->dom);
    return true;
}

bool on_domain_lookup_by_name(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainLookupByNameArgs *args = args_;
    RemoteDomainLookupByNameRet *ret = ret_;
    const Domain *domain = domain_list_by_name(call_driver(call)->domains, args->name);

    if (!domain)
        return fail(err, ERR(LXC, NO_DOMAIN), _("no domain with the name '%s'"), args->name);
    answer_domain(domain, &ret->dom);
    return true;
}

bool on_domain_lookup_by_uuid(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainLookupByUuidArgs *args = args_;
    RemoteDomainLookupByUuidRet *ret = ret_;
    const Domain *domain = domain_list_by_uuid(call_driver(call)->domains, args->uuid);
    char text[UUID_TEXT_SIZE];

    if (domain) {
        answer_domain(domain, &ret->dom);
        return true;
    }
    uuid_print(args->uuid, text);
    return fail(err, ERR(LXC, NO_DOMAIN), _("no domain with the uuid %s"), text);
}
