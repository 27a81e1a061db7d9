// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Opening a console; see console.h. No job: a console is for looking at what goes on. */
#include "lxc_driver/console.h"
#include "lxc_driver/handlers.h"
#include "remote-xdr.h"

bool on_domain_open_console(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainOpenConsoleArgs *args = args_;

    return console_open(rpc_call_domain(call), call, args->dev_name, args->flags, err);
}
