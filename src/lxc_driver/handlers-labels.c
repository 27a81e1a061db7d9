// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Which labels there are on this host, and which a container has: as its init has it now. */
#include "base/error.h"
#include "base/text.h"
#include "kernel/label-model.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/handlers.h"

#include <string.h>

#define NO_MODEL "none"
#define DOI "0" /* the domain of interpretation: labels are of this host */

/* Clients know of one model only: the first. */
bool on_node_get_security_model(RpcCall *call, const void *args, void *ret, GError **err)
{
    char **models = call_driver(call)->security_models;
    RemoteNodeGetSecurityModelRet *answer = ret;

    answer_chars(models[0] ? models[0] : NO_MODEL, &answer->model.len, &answer->model.items);
    answer_chars(DOI, &answer->doi.len, &answer->doi.items);
    return true;
}

static bool read_label(const Domain *domain, const char *model,
                       RemoteDomainGetSecurityLabelRet *ret, GError **err)
{
    LabelFound found = { 0 };

    if (!label_model(model)->read(domain->init_pid, &found, err))
        return false;
    answer_chars(found.label, &ret->label.len, &ret->label.items);
    ret->enforcing = found.enforcing;
    g_free(found.label);
    return true;
}

/* Without a security driver, or shut off, nothing has a label, which is an empty one on the wire.
 */
bool on_domain_get_security_label(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetSecurityLabelRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);
    char **models = domain->driver->security_models;

    if (domain_is_active(domain) && models[0])
        return read_label(domain, models[0], ret, err);
    answer_chars("", &ret->label.len, &ret->label.items);
    ret->enforcing = 0;
    return true;
}

/* One for each model, in their order; the models themselves are in the capabilities. */
bool on_domain_get_security_label_list(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteDomainGetSecurityLabelListRet *ret = ret_;
    const Domain *domain = rpc_call_domain(call);
    char **models = domain->driver->security_models;

    if (!domain_is_active(domain))
        return true;
    ret->labels.items = g_new0(RemoteDomainGetSecurityLabelRet, g_strv_length(models) + 1);
    for (; models[ret->labels.len]; ret->labels.len++)
        if (!read_label(domain, models[ret->labels.len], &ret->labels.items[ret->labels.len], err))
            return false;
    ret->ret = (int)ret->labels.len;
    return true;
}
