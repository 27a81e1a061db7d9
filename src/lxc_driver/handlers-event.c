// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Registering for events, in the modern and the two legacy ways. See events.h. */
#include "lxc_driver/events.h"
#include "lxc_driver/handlers.h"
#include "remote-xdr.h"

#include <libvirt/libvirt.h>

bool on_connect_domain_event_callback_register_any(RpcCall *call, const void *args_, void *ret_,
                                                   GError **err)
{
    const RemoteConnectDomainEventCallbackRegisterAnyArgs *args = args_;
    RemoteConnectDomainEventCallbackRegisterAnyRet *ret = ret_;

    ret->callbackID = events_register(call_driver(call)->events, rpc_call_client(call),
                                      args->eventID, args->dom ? args->dom->uuid : NULL, err);
    return ret->callbackID >= 0;
}

bool on_connect_domain_event_callback_deregister_any(RpcCall *call, const void *args_, void *ret,
                                                     GError **err)
{
    const RemoteConnectDomainEventCallbackDeregisterAnyArgs *args = args_;

    return events_deregister(call_driver(call)->events, rpc_call_client(call), args->callbackID,
                             err);
}

bool on_connect_domain_event_register(RpcCall *call, const void *args, void *ret_, GError **err)
{
    RemoteConnectDomainEventRegisterRet *ret = ret_;

    ret->cb_registered = 1;
    return events_register_legacy(call_driver(call)->events, rpc_call_client(call),
                                  VIR_DOMAIN_EVENT_ID_LIFECYCLE, err);
}

bool on_connect_domain_event_deregister(RpcCall *call, const void *args, void *ret, GError **err)
{
    return events_deregister_legacy(call_driver(call)->events, rpc_call_client(call),
                                    VIR_DOMAIN_EVENT_ID_LIFECYCLE, err);
}

bool on_connect_domain_event_register_any(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteConnectDomainEventRegisterAnyArgs *args = args_;

    return events_register_legacy(call_driver(call)->events, rpc_call_client(call), args->eventID,
                                  err);
}

bool on_connect_domain_event_deregister_any(RpcCall *call, const void *args_, void *ret,
                                            GError **err)
{
    const RemoteConnectDomainEventDeregisterAnyArgs *args = args_;

    return events_deregister_legacy(call_driver(call)->events, rpc_call_client(call), args->eventID,
                                    err);
}
