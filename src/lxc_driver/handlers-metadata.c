// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Title, description and other people's elements: kept for them, without a meaning here. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/events.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/status.h"
#include "remote-xdr.h"

#include <libvirt/libvirt.h>
#include <string.h>

/* What libvirt's client library checks too; the server does not rely on that. */
static bool check_arguments(const RemoteDomainSetMetadataArgs *args, GError **err)
{
    bool is_element = args->type == VIR_DOMAIN_METADATA_ELEMENT;

    if (args->type < 0 || args->type >= VIR_DOMAIN_METADATA_LAST)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("unknown metadata type %d"), args->type);
    if (args->type == VIR_DOMAIN_METADATA_TITLE && args->metadata && strchr(args->metadata, '\n'))
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a title must not contain a newline"));
    if (!is_element && (args->key || args->uri))
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("title and description have no key and no uri"));
    if (is_element && !args->uri)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("a metadata element needs the uri of a namespace"));
    if (is_element && args->metadata && !args->key)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a metadata element needs a key to set"));
    return true;
}

/* A copy of `def` with the change in it; NULL stays NULL. */
static bool changed_copy(const DomainDef *def, const RemoteDomainSetMetadataArgs *args,
                         DomainDef **ret_copy, GError **err)
{
    g_autoptr(DomainDef) copy = domain_def_copy(def);
    MetadataChange change = { args->type, args->metadata, args->key, args->uri };

    if (!domain_def_metadata_set(copy, &change, err))
        return false;
    *ret_copy = g_steal_pointer(&copy);
    return true;
}

static bool set_metadata(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetMetadataArgs *args = args_;
    Domain *domain = rpc_call_domain(call);
    g_autoptr(DomainDef) live = NULL;
    g_autoptr(DomainDef) config = NULL;
    unsigned impact;

    if (!check_arguments(args, err) || !domain_impact(domain, args->flags, &impact, err))
        return false;
    if ((impact & VIR_DOMAIN_AFFECT_LIVE) && !changed_copy(domain->live, args, &live, err))
        return false;
    if ((impact & VIR_DOMAIN_AFFECT_CONFIG) && !changed_copy(domain->config, args, &config, err))
        return false;
    if (config && !domain_save_config(domain, g_steal_pointer(&config), err))
        return false;
    if (live) {
        domain_set_live(domain, g_steal_pointer(&live));
        status_save_or_log(domain);
    }
    events_metadata_change(domain, args->type, args->uri);
    return true;
}

bool on_domain_set_metadata(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, set_metadata, err);
}

bool on_domain_get_metadata(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteDomainGetMetadataArgs *args = args_;
    RemoteDomainGetMetadataRet *ret = ret_;
    const DomainDef *def;

    if (args->type < 0 || args->type >= VIR_DOMAIN_METADATA_LAST)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("unknown metadata type %d"), args->type);
    if ((args->type == VIR_DOMAIN_METADATA_ELEMENT) != (args->uri != NULL))
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("the uri of a namespace belongs to elements only"));
    return domain_impact_def(rpc_call_domain(call), args->flags, "virDomainGetMetadata", &def,
                             err) &&
           domain_def_metadata_get(def, args->type, args->uri, &ret->metadata, err);
}
