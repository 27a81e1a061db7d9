// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See run.h. The list of steps is here: reading it is reading what a start does. */
#include "lxc_driver/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/state.h"
#include "lxc_driver/steps.h"

static const Step steps[] = {
    {"status-file",    step_status_save,      step_status_remove    },
    { "volumes",       step_volumes_find,     step_volumes_forget   },
    { "disks",         step_disks_look,       step_disks_forget     },
    { "quotas",        step_quotas_set,       step_quotas_lift      },
    { "network-ports", step_ports_claim,      step_ports_release    },
    { "labels",        step_labels_prepare,   step_labels_release   },
    { "links",         step_links_prepare,    step_links_remove     },
    { "scope",         step_scope_make,       step_scope_remove     },
    { "controller",    step_controller_start, step_controller_remove},
};

Run *run_new(Domain *domain, DomainDef *live, RunDone *done, void *data)
{
    Run *run = g_new0(Run, 1);

    run->domain = domain_ref(domain);
    run->live = live;
    run->success = STATE_STARTED;
    run->outcome = STATE_START_FAILED;
    run->controller_pid = -1;
    run->init_pid = -1;
    run->watch_fd = -1;
    run->done = done;
    run->data = data;
    domain->run = run;
    domain->draft = live;
    return run;
}

static void run_free(Run *run)
{
    for (size_t i = 0; i < run->n_fds; i++)
        fd_close(run->fds[i]);
    g_free(run->fds);
    domain_def_plan_free(run->wired);
    domain_def_plan_free(run->plan);
    domain_def_free(run->live);
    g_clear_error(&run->error);
    g_clear_pointer(&run->work, g_ptr_array_unref);
    g_clear_error(&run->late_error);
    g_clear_handle_id(&run->watch, g_source_remove);
    g_clear_handle_id(&run->timeout, g_source_remove);
    fd_close(run->watch_fd);
    domain_unref(run->domain);
    g_free(run);
}

static void publish(Run *run)
{
    Domain *domain = run->domain;

    domain->controller_pid = run->controller_pid;
    domain_list_set_id(domain->driver->domains, domain, run->init_pid);
    run->live->id = run->init_pid;
    domain_set_live(domain, g_steal_pointer(&run->live));
}

/* The last step of either direction is through. The domain's state is right when `done` is told. */
static void finish(Run *run)
{
    Domain *domain = run->domain;

    domain->run = NULL;
    domain->draft = NULL;
    if (!run->undoing)
        publish(run);
    (void)state_change(domain, (StateEvent)(run->undoing ? run->outcome : run->success));
    run->done(domain, run->error, run->data);
    run_free(run);
}

void run_abandon(Run *run, const GError *err)
{
    run->domain->run = NULL;
    run->domain->draft = NULL;
    run->done(run->domain, err, run->data);
    run_free(run);
}

const Plan *run_plan(Run *run, GError **err)
{
    if (!run->plan && !domain_def_compile(run->live, &run->domain->driver->host, &run->plan, err))
        return NULL;
    return run->plan;
}

void run_forwards(Run *run)
{
    run->at = 0;
    steps[0].run(run);
}

void run_from_controller(Run *run)
{
    run->at = G_N_ELEMENTS(steps) - 1;
}

void run_backwards(Run *run)
{
    run->undoing = true;
    run->at = G_N_ELEMENTS(steps) - 1;
    steps[run->at].undo(run);
}

/* The fault test asks for a step to fail after it has done its work. */
static void fail_on_purpose(const Run *run, GError **err)
{
    const char *name = run->domain->driver->fail_step;

    if (name && !*err && g_str_equal(name, steps[run->at].name))
        (void)fail(err, ERR(LXC, INTERNAL_ERROR), _("this step fails on purpose"));
}

void run_step_done(Run *run, GError *err)
{
    fail_on_purpose(run, &err);
    if (err) {
        if (run->at + 1 < G_N_ELEMENTS(steps))
            (void)fail_while(&err, "%s", steps[run->at].name); /* the controller names its own */
        log_info("domain '%s': start fails: %s", run->domain->name, err->message);
        run->error = err;
        run->undoing = true;
        steps[run->at].undo(run);
        return;
    }
    run->at++;
    if (run->at < G_N_ELEMENTS(steps))
        steps[run->at].run(run);
    else
        finish(run);
}

void run_undo_done(Run *run)
{
    if (run->at == 0) {
        finish(run);
        return;
    }
    run->at--;
    steps[run->at].undo(run);
}
