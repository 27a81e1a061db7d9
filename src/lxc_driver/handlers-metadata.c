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
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a domain's title cannot contain newlines"));
    if (!is_element && (args->key || args->uri))
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("a title or description has neither key nor URI"));
    if (is_element && !args->uri)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a metadata element needs a namespace URI"));
    if (is_element && args->metadata && !args->key)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("a metadata element needs a key for its namespace prefix"));
    return true;
}

static bool changed_copy(const FoldedDef *def, const RemoteDomainSetMetadataArgs *args,
                         DomainDef **ret_copy, GError **err)
{
    g_autoptr(DomainDef) copy = domain_def_unfold(def);
    MetadataChange change = { args->type, args->metadata, args->key, args->uri };

    if (!domain_def_metadata_set(copy, &change, err))
        return false;
    *ret_copy = g_steal_pointer(&copy);
    return true;
}

/* The definition on disk is right, if it was to be changed; now the running one, then the event. */
static bool change_live(Domain *domain, const RemoteDomainSetMetadataArgs *args, unsigned impact,
                        GError **err)
{
    DomainDef *live;

    if (impact & VIR_DOMAIN_AFFECT_LIVE) {
        if (!domain_check_active(domain, err) || !changed_copy(domain->live, args, &live, err))
            return false;
        domain_set_live(domain, live);
        status_save_or_log(domain);
    }
    events_metadata_change(domain, args->type, args->uri);
    return true;
}

static void config_saved(Domain *domain, const GError *problem, void *data)
{
    Job *job = data;
    const RemoteDomainSetMetadataArgs *args = rpc_call_args(job_rpc_call(job));
    GError *err = problem ? g_error_copy(problem) : NULL;

    if (!err)
        (void)change_live(domain, args, args->flags & VIR_DOMAIN_AFFECT_LIVE, &err);
    job_end(job, err);
}

static bool set_metadata(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSetMetadataArgs *args = args_;
    Domain *domain = rpc_call_domain(call);
    DomainDef *config;
    unsigned impact;

    if (!check_arguments(args, err) || !domain_impact(domain, args->flags, &impact, err))
        return false;
    if (!(impact & VIR_DOMAIN_AFFECT_CONFIG))
        return change_live(domain, args, impact, err);
    if (!changed_copy(domain->config, args, &config, err))
        return false;
    domain_save_config(domain, config, config_saved, job_hold(domain));
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
                    _("a metadata element needs a namespace URI, a title or description has none"));
    return domain_impact_def(rpc_call_domain(call), args->flags, "virDomainGetMetadata", &def,
                             err) &&
           domain_def_metadata_get(def, args->type, args->uri, &ret->metadata, err);
}
