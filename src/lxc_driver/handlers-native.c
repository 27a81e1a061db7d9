// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Other containers' configurations, converted; no domain is touched. */
#include "base/error.h"
#include "base/log.h"
#include "conf/native.h"
#include "lxc_driver/driver.h"
#include "lxc_driver/handlers.h"
#include "remote-xdr.h"

bool on_connect_domain_xml_from_native(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteConnectDomainXmlFromNativeArgs *args = args_;
    RemoteConnectDomainXmlFromNativeRet *ret = ret_;
    const Driver *driver = call_driver(call);
    g_auto(NativeDomain) domain = { 0 };

    if (!native_import(args->nativeFormat, args->nativeConfig, &driver->host, &domain, err))
        return false;
    for (size_t i = 0; i < domain.notes.n; i++)
        log_warning("converting from %s: %s", args->nativeFormat, domain.notes.items[i]);
    ret->domainXml = g_steal_pointer(&domain.xml);
    return true;
}

bool on_connect_domain_xml_to_native(RpcCall *call, const void *args_, void *ret_, GError **err)
{
    const RemoteConnectDomainXmlToNativeArgs *args = args_;
    RemoteConnectDomainXmlToNativeRet *ret = ret_;
    const Driver *driver = call_driver(call);
    g_autoptr(DomainDef) def = NULL;

    return domain_def_parse(args->domainXml, DOMAIN_DEF_INACTIVE, &driver->host, &def, err) &&
           native_export(args->nativeFormat, def, &driver->host, &ret->nativeConfig, err);
}
