// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See cgroup-work.h. */
#include "lxc_driver/cgroup-work.h"

#include "base/fd.h"
#include "base/process.h"
#include "lxc_driver/init-process.h"

#include <gio/gio.h>

typedef struct Change {
    CgroupWork work;
    Cgroup *cgroup; /* the thread's */
    Job *job;       /* held, and with it the domain */
} Change;

static void change_free(void *data)
{
    Change *change = data;

    cgroup_free(change->cgroup);
    g_free(change);
}

static void make_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    Change *change = data;
    GError *err = NULL;

    if (change->work.make(change->cgroup, &change->work, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

/* It may have, though its controller's word of it is still on the way. */
static bool has_ended(const Domain *domain)
{
    autofd int init = domain->gone ? -1 : process_open(domain->init_pid);

    return init < 0;
}

/* In groups that go away nothing can be changed; the reason says more than what failed then. */
static void made(GObject *source, GAsyncResult *result, void *data)
{
    const Change *change = g_task_get_task_data(G_TASK(result));
    GError *err = NULL;

    if (!g_task_propagate_boolean(G_TASK(result), &err) && has_ended(job_domain(change->job))) {
        g_clear_error(&err);
        (void)init_process_fail_ended(&err);
    }
    change->work.made(change->job, &change->work, err);
}

bool cgroup_work_begin(Domain *domain, const CgroupWork *work, GError **err)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(Cgroup) cgroup = NULL;
    g_autoptr(GTask) task = NULL;
    Change *change;

    if (domain->gone)
        return init_process_fail_ended(err);
    if (!domain_def_compile(domain_live(domain), &domain->driver->host, &plan, err) ||
        !cgroup_open(plan->cgroup.partition, plan->cgroup.name, &cgroup, err))
        return false;
    change = g_new0(Change, 1);
    change->work = *work;
    change->cgroup = g_steal_pointer(&cgroup);
    change->job = job_hold(domain);
    task = g_task_new(NULL, NULL, made, NULL);
    g_task_set_task_data(task, change, change_free);
    g_task_run_in_thread(task, make_in_thread);
    return true;
}
