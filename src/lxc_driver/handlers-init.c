// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What is asked of a container's init: shut down, reboot, take a signal. They return at once; what
 * comes of it is told by events. */
#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/init-control.h"
#include "remote-xdr.h"

#include <libvirt/libvirt.h>

/* The two ways, both when neither is asked for: the fifo first, a signal where nobody listens. */
static bool request(const Domain *domain, InitRequest what, bool initctl, bool by_signal,
                    GError **err)
{
    g_autoptr(GError) problem = NULL;

    if (!initctl && !by_signal)
        initctl = by_signal = true;
    if (initctl) {
        if (init_control_initctl(domain->init_pid, what, &problem))
            return true;
        if (!by_signal) {
            g_propagate_error(err, g_steal_pointer(&problem));
            return false;
        }
    }
    return init_control_signal(domain->init_pid, what, err);
}

static bool shut_down(RpcCall *call, const void *args, void *ret, GError **err)
{
    return request(rpc_call_domain(call), INIT_POWEROFF, false, false, err);
}

static bool shut_down_with_flags(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainShutdownFlagsArgs *args = args_;

    return request(rpc_call_domain(call), INIT_POWEROFF, args->flags & VIR_DOMAIN_SHUTDOWN_INITCTL,
                   args->flags & VIR_DOMAIN_SHUTDOWN_SIGNAL, err);
}

static bool reboot(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainRebootArgs *args = args_;

    return request(rpc_call_domain(call), INIT_REBOOT, args->flags & VIR_DOMAIN_REBOOT_INITCTL,
                   args->flags & VIR_DOMAIN_REBOOT_SIGNAL, err);
}

bool on_domain_shutdown(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, shut_down, err);
}

bool on_domain_shutdown_flags(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, shut_down_with_flags, err);
}

bool on_domain_reboot(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, reboot, err);
}

/* Process 1 only: any other number would have to be looked up in the container's namespace. */
static bool send_signal(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainSendProcessSignalArgs *args = args_;
    const Domain *domain = rpc_call_domain(call);

    if (args->pid_value == 0)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("the process number must not be zero"));
    if (args->signum >= VIR_DOMAIN_PROCESS_SIGNAL_LAST)
        return fail(err, ERR(LXC, INVALID_ARG), _("signal number %u is out of range"),
                    args->signum);
    if (args->pid_value != 1)
        return fail(err, ERR(LXC, ARGUMENT_UNSUPPORTED),
                    _("only the init process can be signalled"));
    return init_control_send(domain->init_pid, (int)args->signum, err);
}

bool on_domain_send_process_signal(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, send_signal, err);
}
