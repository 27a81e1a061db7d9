// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What is asked of a container's init: shut down, reboot, take a signal. They return at once; what
 * comes of it is told by events. */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "conf/value.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/init-control.h"
#include "lxc_driver/stop.h"
#include "remote-xdr.h"

#include <gio/gio.h>
#include <libvirt/libvirt.h>

/* A question on its way to init. A thread puts it: who takes a descriptor of init's waits while
 * init executes another program. */
typedef struct Question {
    InitProcess init; /* its descriptor is ours */
    InitRequest what;
    int signum; /* the definition's word for power off; 0: what init understands */
    bool by_fifo;
    bool by_signal;
    Job *job; /* held, and with it the domain */
} Question;

/* By the fifo first, by a signal where nobody listens there. */
static bool ask(const Question *question, GError **err)
{
    g_autoptr(GError) problem = NULL;

    if (question->signum && question->by_signal)
        return init_control_send(&question->init, question->signum, err);
    if (question->by_fifo && init_control_initctl(&question->init, question->what, &problem))
        return true;
    if (question->by_signal)
        return init_control_signal(&question->init, question->what, err);
    g_propagate_error(err, g_steal_pointer(&problem));
    return false;
}

static void ask_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    GError *err = NULL;

    if (ask(data, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

static void asked(GObject *source, GAsyncResult *result, void *data)
{
    const Question *question = g_task_get_task_data(G_TASK(result));
    GError *err = NULL;

    if (g_task_propagate_boolean(G_TASK(result), &err) && question->what == INIT_POWEROFF)
        stop_when_late(job_domain(question->job));
    job_end(question->job, err);
}

static int signal_of(const Domain *domain, InitRequest what)
{
    const char *signal = domain_live(domain)->extension.stop_signal;

    return signal && what == INIT_POWEROFF ? value_parse_signal(signal) : 0;
}

static void question_free(void *data)
{
    Question *question = data;

    fd_close(question->init.fd);
    g_free(question);
}

typedef enum Way { BY_FIFO = 1, BY_SIGNAL = 2 } Way;

/* Both ways when neither is asked for. */
static bool begin_to_ask(Domain *domain, InitRequest what, unsigned ways, GError **err)
{
    g_autoptr(GTask) task = NULL;
    Question *question;
    InitProcess init;

    if (!domain_open_init(domain, &init, err))
        return false;
    question = g_new(Question, 1);
    *question = (Question){ .init = init,
                            .what = what,
                            .signum = signal_of(domain, what),
                            .by_fifo = (ways & BY_FIFO) || !ways,
                            .by_signal = (ways & BY_SIGNAL) || !ways,
                            .job = job_hold(domain) };
    task = g_task_new(NULL, NULL, asked, NULL);
    g_task_set_task_data(task, question, question_free);
    g_task_run_in_thread(task, ask_in_thread);
    return true;
}

static bool shut_down(RpcCall *call, const void *args, void *ret, GError **err)
{
    return begin_to_ask(rpc_call_domain(call), INIT_POWEROFF, 0, err);
}

static bool shut_down_with_flags(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainShutdownFlagsArgs *args = args_;
    unsigned ways = (args->flags & VIR_DOMAIN_SHUTDOWN_INITCTL ? BY_FIFO : 0) |
                    (args->flags & VIR_DOMAIN_SHUTDOWN_SIGNAL ? BY_SIGNAL : 0);

    return begin_to_ask(rpc_call_domain(call), INIT_POWEROFF, ways, err);
}

static bool reboot(RpcCall *call, const void *args_, void *ret, GError **err)
{
    const RemoteDomainRebootArgs *args = args_;
    unsigned ways = (args->flags & VIR_DOMAIN_REBOOT_INITCTL ? BY_FIFO : 0) |
                    (args->flags & VIR_DOMAIN_REBOOT_SIGNAL ? BY_SIGNAL : 0);

    return begin_to_ask(rpc_call_domain(call), INIT_REBOOT, ways, err);
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
    InitProcess init;
    bool sent;

    if (args->pid_value == 0)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("the process number must not be zero"));
    if (args->signum >= VIR_DOMAIN_PROCESS_SIGNAL_LAST)
        return fail(err, ERR(LXC, INVALID_ARG), _("signal number %u is out of range"),
                    args->signum);
    if (args->pid_value != 1)
        return fail(err, ERR(LXC, ARGUMENT_UNSUPPORTED),
                    _("only the init process can be signalled"));
    if (!domain_open_init(rpc_call_domain(call), &init, err))
        return false;
    sent = init_control_send(&init, (int)args->signum, err);
    fd_close(init.fd);
    return sent;
}

bool on_domain_send_process_signal(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, send_signal, err);
}
