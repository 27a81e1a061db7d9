// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the host is and what domains on it can be, as documents. */
#include "base/error.h"
#include "base/text.h"
#include "conf/domain-capabilities.h"
#include "kernel/label-model.h"
#include "lxc_driver/capabilities.h"
#include "lxc_driver/driver.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/host-sysinfo.h"
#include "lxc_driver/host.h"
#include "remote-xdr.h"
#include "rpc/call.h"

#define THIS_HOST ""

static void clear_model(void *data)
{
    g_free(((CapabilitiesModel *)data)->base);
}

static GArray *read_models(char *const *names)
{
    GArray *models = g_array_new(FALSE, FALSE, sizeof(CapabilitiesModel));

    g_array_set_clear_func(models, clear_model);
    for (; *names; names++) {
        CapabilitiesModel model = { *names, label_model(*names)->get_base() };

        g_array_append_val(models, model);
    }
    return models;
}

bool on_connect_get_capabilities(RpcCall *call, const void *args, void *ret, GError **err)
{
    const Driver *driver = call_driver(call);
    RemoteConnectGetCapabilitiesRet *answer = ret;
    g_autoptr(GArray) models = read_models(driver->security_models);
    g_autofree char *uuid =
        host_uuid(THIS_HOST, driver->config->host_uuid, driver->config->host_uuid_source);
    const CapabilitiesFacts facts = {
        .root = THIS_HOST,
        .host_uuid = uuid,
        .arch = driver->host.arch,
        .emulator = driver->host.emulator,
        .models = (const CapabilitiesModel *)models->data,
        .n_models = models->len,
    };

    answer->capabilities = capabilities_format(&facts);
    return true;
}

/* The number of CPUs of a definition limits nothing; more than the host has, no container sees. */
static unsigned max_vcpus(void)
{
    g_auto(HostCpuMap) map = { 0 };

    host_cpu_map(THIS_HOST, &map);
    return map.n;
}

bool on_connect_get_domain_capabilities(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteConnectGetDomainCapabilitiesArgs *question = args;
    RemoteConnectGetDomainCapabilitiesRet *answer = ret;
    const DomainCapabilitiesQuery query = {
        .emulator = question->emulatorbin,
        .arch = question->arch,
        .machine = question->machine,
        .type = question->virttype,
    };

    return domain_capabilities_format(&query, &call_driver(call)->host, max_vcpus(),
                                      &answer->capabilities, err);
}

bool on_connect_get_max_vcpus(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteConnectGetMaxVcpusArgs *question = args;
    RemoteConnectGetMaxVcpusRet *answer = ret;

    if (question->type && g_ascii_strcasecmp(question->type, "lxc") != 0)
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("there are domains of type 'lxc' here, not of type '%s'"), question->type);
    answer->max_vcpus = (int32_t)max_vcpus();
    return true;
}

bool on_connect_get_sysinfo(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectGetSysinfoRet *answer = ret;

    answer->sysinfo = host_sysinfo_format(THIS_HOST);
    if (!answer->sysinfo)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the firmware of this host tells nothing about it"));
    return true;
}
