// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See stop.h. Nothing here waits by looking again: the controller's report or its death wakes us.
 */
#include "lxc_driver/stop.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/init-control.h"

#include <libvirt/libvirt.h>

#define GRACE_SECONDS 10
#define PATIENCE_SECONDS 10 /* with a controller that was told to kill its container */

/* The container has ended; the daemon's part is left. */
static void take_apart(Run *run)
{
    g_clear_handle_id(&run->timeout, g_source_remove);
    run->waits_for_end = false;
    run->crashed = run->domain->gone_as == STATE_LOST;
    run->init_pid = run->domain->init_pid;
    run_backwards(run);
}

static Run *stop_run(Domain *domain, StateEvent outcome, RunDone *done, void *data)
{
    Run *run = run_new(domain, domain_def_unfold(domain->live), done, data);

    run->outcome = outcome;
    run->waits_for_end = true;
    return run;
}

/* Nobody will report the end. */
static void take_apart_without_controller(Run *run, const GError *why)
{
    Domain *domain = run->domain;

    log_warning(_("domain '%s': cannot reach its controller: %s"), domain->name, why->message);
    domain->gone = true;
    domain->gone_as = STATE_LOST;
    take_apart(run);
}

/* A controller that was about to restart its container is frozen with it, and hears nothing. */
static void thaw(Domain *domain)
{
    g_autoptr(GError) err = NULL;
    Cgroup *cgroup = domain_cgroup(domain, &err);

    if (!cgroup || !cgroup_thaw(cgroup, &err))
        log_info("domain '%s': %s", domain->name, err->message);
}

/* What a controller that hangs does not do is done here, once it has gone. */
static gboolean patience_over(void *data)
{
    Run *run = data;
    g_autoptr(GError) err = NULL;

    run->timeout = 0;
    log_warning(_("domain '%s': its controller does not answer and is killed"), run->domain->name);
    if (controller_link_kill_controller(run->domain->link, &err))
        thaw(run->domain);
    else
        take_apart_without_controller(run, err);
    return G_SOURCE_REMOVE;
}

void stop_domain(Domain *domain, RunDone *done, void *data)
{
    g_autoptr(GError) err = NULL;
    Run *run = stop_run(domain, STATE_DESTROYED, done, data);

    if (domain->gone) {
        take_apart(run);
        return;
    }
    if (!controller_link_kill(domain->link, &err)) {
        take_apart_without_controller(run, err);
        return;
    }
    run->timeout = g_timeout_add_seconds(PATIENCE_SECONDS, patience_over, run);
    if (domain->state == VIR_DOMAIN_PAUSED)
        thaw(domain);
}

static gboolean grace_over(void *data)
{
    Run *run = data;
    g_autoptr(GError) err = NULL;

    run->timeout = 0;
    (void)fail(&err, ERR(LXC, OPERATION_FAILED),
               _("domain '%s' did not end within %d s of being asked to"), run->domain->name,
               GRACE_SECONDS);
    run_abandon(run, err);
    return G_SOURCE_REMOVE;
}

static bool terminate(Domain *domain, GError **err)
{
    InitProcess init;
    bool sent;

    if (!domain_open_init(domain, &init, err))
        return false;
    sent = init_control_terminate(&init, err);
    fd_close(init.fd);
    return sent;
}

void stop_domain_gracefully(Domain *domain, RunDone *done, void *data)
{
    g_autoptr(GError) err = NULL;
    Run *run = stop_run(domain, STATE_DESTROYED, done, data);

    if (domain->gone) {
        take_apart(run);
        return;
    }
    if (!terminate(domain, &err)) {
        run_abandon(run, err);
        return;
    }
    run->timeout = g_timeout_add_seconds(GRACE_SECONDS, grace_over, run);
}

void stop_clean_up(Domain *domain, DomainDef *live, pid_t init_pid, RunDone *done, void *data)
{
    Run *run = run_new(domain, live, done, data);

    run->outcome = STATE_FOUND_GONE;
    run->crashed = true;
    run->init_pid = init_pid;
    run_backwards(run);
}

/* ---- ends nobody here asked for ----------------------------------------------------------------
 */

static void ended_by_itself(Domain *domain, const GError *err, void *data)
{
    job_end(data, NULL);
}

static void begin_taking_apart(Domain *domain, void *data)
{
    if (domain_is_active(domain) && domain->gone)
        take_apart(
            stop_run(domain, (StateEvent)domain->gone_as, ended_by_itself, job_hold(domain)));
}

void stop_container_ended(Domain *domain)
{
    if (domain->run && domain->run->waits_for_end)
        take_apart(domain->run);
    else
        job_run(domain, begin_taking_apart, NULL);
}

static void destroyed_for_owner(Domain *domain, const GError *err, void *data)
{
    if (err)
        log_warning(_("domain '%s' could not be destroyed when its client left: %s"), domain->name,
                    err->message);
    job_end(data, NULL);
}

static void begin_destroying(Domain *domain, void *data)
{
    if (domain_is_active(domain))
        stop_domain(domain, destroyed_for_owner, job_hold(domain));
}

void stop_later(Domain *domain)
{
    job_run(domain, begin_destroying, NULL);
}

static gboolean too_late(void *data)
{
    Domain *domain = data;

    domain->lateness = 0;
    log_warning(_("domain '%s' did not shut down within %lld s and is destroyed"), domain->name,
                (long long)domain_live(domain)->extension.stop_timeout.value);
    stop_later(domain);
    return G_SOURCE_REMOVE;
}

void stop_when_late(Domain *domain)
{
    const OptNumber *timeout =
        domain_is_active(domain) ? &domain_live(domain)->extension.stop_timeout : NULL;

    if (!timeout || timeout->value <= 0 || domain->lateness)
        return;
    domain->lateness = g_timeout_add_seconds((guint)timeout->value, too_late, domain);
}

void stop_owned_by(Driver *driver, uint64_t client_id)
{
    g_autoptr(GPtrArray) all = NULL;

    if (driver->n_owned == 0)
        return;
    all = domain_list_all(driver->domains);
    for (guint i = 0; i < all->len; i++) {
        Domain *domain = g_ptr_array_index(all, i);
        if (domain->owner == client_id)
            stop_later(domain);
    }
}
