// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See job.h. The running job keeps the domain alive, waiting ones too. */
#include "lxc_driver/job.h"

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"

#include <libvirt/libvirt.h>

#define JOB_WAIT_MAX_SECONDS 30

struct Job {
    Domain *domain;
    RpcCall *call; /* a client's: `handler` does it */
    RpcHandler *handler;
    JobHandler *handler_on; /* ... or this */
    JobBegin *begin;        /* or the daemon's own */
    DomainDef *def;         /* handler_on's */
    void *data;             /* begin's */
    guint timeout;          /* while waiting */
    bool deferred;          /* the call is answered by rpc_call_finish */
    bool held;
    bool inside; /* its function has not returned yet */
    bool ended;  /* job_end came while inside */
};

static void run_next(Domain *domain);

static Job *job_new(Domain *domain)
{
    Job *job = g_new0(Job, 1);

    job->domain = domain_ref(domain);
    return job;
}

static void job_free(Job *job)
{
    g_clear_handle_id(&job->timeout, g_source_remove);
    domain_def_free(job->def);
    domain_unref(job->domain);
    g_free(job);
}

/* The running job is over: forget it and let the next begin. */
static void job_over(Job *job)
{
    g_autoptr(Domain) domain = domain_ref(job->domain);

    domain->jobs.running = NULL;
    job_free(job);
    run_next(domain);
}

/* What dispatch looked at may have changed while the call waited. */
static bool check_again(const Job *job, GError **err)
{
    const Domain *domain = job->domain;
    const RpcProcedure *row = rpc_call_procedure(job->call);

    if (domain->removed)
        return fail(err, ERR(LXC, NO_DOMAIN), _("no domain with the name '%s' any more"),
                    domain->name);
    return row->state != RPC_STATE_RUNNING || domain_check_active(domain, err);
}

static bool run_handler(Job *job, GError **err)
{
    bool ok;

    job->inside = true;
    if (job->handler_on)
        ok = job->handler_on(job->call, job->domain, job->def, err);
    else
        ok = job->handler(job->call, rpc_call_args(job->call), rpc_call_ret(job->call), err);
    job->inside = false;
    return ok;
}

/* Answers a deferred call unless it is answered later or was already. */
static void after_handler(Job *job, bool ok, GError *err)
{
    if (job->deferred && (!job->held || !ok))
        rpc_call_finish(job->call, err);
    if (!job->held || !ok || job->ended)
        job_over(job);
}

static void begin_waiting_call(Job *job)
{
    GError *err = NULL;
    bool ok = check_again(job, &err) && run_handler(job, &err);

    after_handler(job, ok, err);
}

static void begin_own(Job *job)
{
    job->inside = true;
    job->begin(job->domain, job->data);
    job->inside = false;
    if (!job->held || job->ended)
        job_over(job);
}

static gboolean give_up(void *data)
{
    Job *job = data;
    GError *err = NULL;

    job->timeout = 0;
    g_queue_remove(&job->domain->jobs.waiting, job);
    (void)fail(&err, ERR(LXC, OPERATION_TIMEOUT), _("domain '%s' is busy with another operation"),
               job->domain->name);
    rpc_call_finish(job->call, err);
    job_free(job);
    return G_SOURCE_REMOVE;
}

static void wait_in_queue(Job *job)
{
    rpc_call_defer(job->call);
    job->deferred = true;
    job->timeout = g_timeout_add_seconds(JOB_WAIT_MAX_SECONDS, give_up, job);
    g_queue_push_tail(&job->domain->jobs.waiting, job);
}

/*
 * What this job was to define or create went away while it waited: it goes on with another of that
 * name, or a new one.
 */
static void move_on(Job *job)
{
    Driver *driver = job->domain->driver;
    Domain *other = NULL;
    GError *err = NULL;

    if (!domain_list_adopt(driver->domains, driver, job->def, &other, &err)) {
        rpc_call_finish(job->call, err);
        job_free(job);
        return;
    }
    domain_unref(job->domain);
    job->domain = domain_ref(other);
    wait_in_queue(job);
    run_next(other);
}

static void run_next(Domain *domain)
{
    g_autoptr(Domain) keep G_GNUC_UNUSED = domain_ref(domain);
    JobQueue *queue = &domain->jobs;

    if (queue->starting_next)
        return;
    queue->starting_next = true;
    while (!queue->running && !g_queue_is_empty(&queue->waiting)) {
        Job *job = g_queue_pop_head(&queue->waiting);
        g_clear_handle_id(&job->timeout, g_source_remove);
        if (job->handler_on && domain->removed) {
            move_on(job);
            continue;
        }
        queue->running = job;
        if (job->call)
            begin_waiting_call(job);
        else
            begin_own(job);
    }
    queue->starting_next = false;
}

static bool begin_or_wait(Job *job, GError **err)
{
    Domain *domain = job->domain;
    g_autoptr(GError) problem = NULL;
    bool ok;

    if (domain->jobs.running || !g_queue_is_empty(&domain->jobs.waiting)) {
        wait_in_queue(job);
        return true;
    }
    domain->jobs.running = job;
    ok = run_handler(job, &problem);
    if (job->deferred) {
        after_handler(job, ok, g_steal_pointer(&problem));
        return true;
    }
    after_handler(job, ok, NULL);
    if (problem)
        g_propagate_error(err, g_steal_pointer(&problem));
    return ok;
}

bool job_call_on(RpcCall *call, Domain *domain, JobHandler *handler, DomainDef *def, GError **err)
{
    Job *job = job_new(domain);

    job->call = call;
    job->handler_on = handler;
    job->def = def;
    return begin_or_wait(job, err);
}

bool job_call(RpcCall *call, RpcHandler *handler, GError **err)
{
    Job *job = job_new(rpc_call_domain(call));

    job->call = call;
    job->handler = handler;
    return begin_or_wait(job, err);
}

void job_run(Domain *domain, JobBegin *begin, void *data)
{
    Job *job = job_new(domain);

    job->begin = begin;
    job->data = data;
    g_queue_push_tail(&domain->jobs.waiting, job);
    run_next(domain);
}

Job *job_hold(Domain *domain)
{
    Job *job = domain->jobs.running;

    job->held = true;
    if (job->call && !job->deferred) {
        rpc_call_defer(job->call);
        job->deferred = true;
    }
    return job;
}

RpcCall *job_rpc_call(Job *job)
{
    return job->call;
}

Domain *job_domain(Job *job)
{
    return job->domain;
}

void job_end(Job *job, GError *err)
{
    if (job->call)
        rpc_call_finish(job->call, err);
    else
        g_clear_error(&err);
    job->ended = true;
    if (!job->inside)
        job_over(job);
}

void job_queue_clear(JobQueue *queue)
{
    /* Every job holds a reference, so a domain that goes away has none left. */
    g_warn_if_fail(!queue->running && g_queue_is_empty(&queue->waiting));
}
