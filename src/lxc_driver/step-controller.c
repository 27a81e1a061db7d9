// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The last step hands the plan to a controller, which does the rest of the start in its own
 * process. It is over when init has been executed, or has failed. A controller that ends in good
 * order has taken everything down; after one that died, undo kills what is left in the group and
 * waits for init to be gone, since only then the group can be removed.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/console-host.h"
#include "lxc_driver/controller-images.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/init-process.h"
#include "lxc_driver/state.h"
#include "lxc_driver/steps.h"
#include "lxc_driver/stop.h"
#include "lxc_driver/usb-claim.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST_BREATH_SECONDS 10

static ControllerLaunch describe(const Run *run, const char *log_path)
{
    const Driver *driver = run->domain->driver;

    return (ControllerLaunch){
        .poller = driver->poller,
        .images = driver->images,
        .plan = run->plan,
        .fds = run->fds,
        .n_fds = run->n_fds,
        .state_dir_fd = driver->state_dir_fd,
        .log_path = log_path,
        .console_log_max_size = (uint64_t)driver->config->console_log_max_size,
        .console_log_max_backups = (unsigned)driver->config->console_log_max_backups,
        .fail_step = driver->fail_step,
    };
}

static char *log_path_of(const Domain *domain)
{
    return g_strdup_printf("%s/%s.log", domain->driver->paths->log_dir, domain->name);
}

bool step_controller_spawn(Run *run, GError **err)
{
    Domain *domain = run->domain;
    g_autofree char *log_path = log_path_of(domain);
    ControllerLaunch launch = describe(run, log_path);

    return domain->link ||
           controller_link_spawn(&launch, &step_controller_events, domain, &domain->link, err);
}

void step_controller_start(Run *run)
{
    ControllerLaunch launch = describe(run, NULL);
    GError *err = NULL;

    if (!step_controller_spawn(run, &err) ||
        !controller_link_start(run->domain->link, &launch, &err))
        run_step_done(run, err);
}

/* ---- what the controller says ------------------------------------------------------------------
 */

/* While a thread makes links for the start, or systemd is asked, it cannot be undone. */
static void start_failed(Run *run, GError *err)
{
    if (run->links_under_way || run->bus_under_way)
        run->late_error = err;
    else
        run_step_done(run, err);
}

static bool is_starting(const Domain *domain)
{
    return domain->run && !domain->run->undoing && !domain->run->waits_for_end;
}

static void on_links(ControllerLink *link, pid_t init_pid, void *data)
{
    Domain *domain = data;

    if (is_starting(domain)) {
        domain->run->init_pid = init_pid;
        step_links_create(domain->run, init_pid);
    }
}

static void set_text(char **place, const char *text)
{
    g_free(*place);
    *place = g_strdup(text);
}

/* Others than pseudo terminals have a path of their own or none. */
static void fill_consoles(DomainDef *live, char **paths)
{
    for (size_t i = 0; i < live->consoles.n && paths[i]; i++) {
        Console *console = live->consoles.items[i];

        if (console->source.type != CHARDEV_PTY)
            continue;
        if (i == 0)
            set_text(&console->tty, paths[i]);
        set_text(&console->source.path, paths[i]);
    }
}

static void on_running(ControllerLink *link, const ControllerRunning *running, void *data)
{
    Domain *domain = data;
    Run *run = domain->run;

    if (!is_starting(domain))
        return;
    fill_consoles(run->live, running->console_paths);
    run->live->extension.ready = running->ready;
    run->controller_pid = running->controller_pid;
    run->init_pid = running->init_pid;
    if (run->success != STATE_STARTED) { /* met again: was it paused? */
        g_autoptr(GError) err = NULL;
        g_autoptr(Cgroup) cgroup = NULL;
        const Plan *plan = run_plan(run, &err);
        if (plan && cgroup_open(plan->cgroup.partition, plan->cgroup.name, &cgroup, &err) &&
            cgroup_is_frozen(cgroup))
            run->success = STATE_FOUND_PAUSED;
    }
    if (run->success == STATE_STARTED)
        step_scope_register(domain, run->live, run->init_pid);
    run->crashed = true; /* the controller reports no failure any more: undoing is ours alone */
    run_step_done(run, NULL);
}

static void on_failed(ControllerLink *link, const GError *err, void *data)
{
    Domain *domain = data;

    if (is_starting(domain))
        start_failed(domain->run, g_error_copy(err));
}

static void on_rebooted(ControllerLink *link, const ControllerRunning *running, void *data)
{
    Domain *domain = data;
    DomainDef *live;

    if (!domain_is_active(domain))
        return;
    g_clear_handle_id(&domain->lateness, g_source_remove);
    live = domain_def_unfold(domain->live);
    live->id = running->init_pid;
    live->extension.ready = running->ready;
    fill_consoles(live, running->console_paths);
    usb_claim_renew(live);
    step_scope_register(domain, live, running->init_pid);
    domain_set_live(domain, live);
    domain->controller_pid = running->controller_pid;
    domain_list_set_id(domain->driver->domains, domain, running->init_pid);
    domain_forget_cgroup(domain);
    (void)state_change(domain, STATE_REBOOTED);
}

static void on_ready(ControllerLink *link, void *data)
{
    Domain *domain = data;
    DomainDef *live;

    log_info("domain '%s': its init is ready", domain->name);
    if (is_starting(domain))
        domain->run->live->extension.ready = true; /* a hook is not through yet */
    if (!domain_is_active(domain))
        return;
    live = domain_def_unfold(domain->live);
    live->extension.ready = true;
    domain_set_live(domain, live);
}

static void on_exited(ControllerLink *link, ControllerExit how, int status, void *data)
{
    Domain *domain = data;

    log_info("domain '%s': the container ended (%d, %d)", domain->name, (int)how, status);
    domain->gone = true;
    domain->gone_as =
        how == CONTROLLER_EXIT_RESTART_FAILED ? STATE_RESTART_FAILED : STATE_SHUT_DOWN;
    stop_container_ended(domain);
}

static void on_lost(ControllerLink *link, void *data)
{
    Domain *domain = data;

    log_warning(_("domain '%s': its controller died"), domain->name);
    if (is_starting(domain)) {
        GError *err = NULL;
        (void)fail(&err, ERR(LXC, INTERNAL_ERROR), _("controller: the process died unexpectedly"));
        domain->run->crashed = true;
        start_failed(domain->run, err);
        return;
    }
    domain->gone = true;
    domain->gone_as = STATE_LOST;
    stop_container_ended(domain);
}

const ControllerEvents step_controller_events = {
    .links = on_links,
    .running = on_running,
    .failed = on_failed,
    .rebooted = on_rebooted,
    .ready = on_ready,
    .exited = on_exited,
    .lost = on_lost,
};

/* ---- undo --------------------------------------------------------------------------------------
 */

/*
 * Who has to be gone before the container is: the controller, which reaps init and then takes down
 * what the next start makes anew under the same names; init alone when there is no controller.
 */
static int open_last(const Run *run, const Cgroup *cgroup)
{
    int fd = init_process_open_in(run->controller_pid, cgroup_path(cgroup));

    return fd >= 0 ? fd : init_process_open_in(run->init_pid, cgroup_path(cgroup));
}

/*
 * What a thread works on: root inside may have made very many groups, and what is mounted on the
 * way to a socket need not answer.
 */
typedef struct Remains {
    Cgroup *cgroup;
    const Plan *plan; /* the run's, which waits for the end of this */
} Remains;

static void remains_free(void *data)
{
    Remains *remains = data;

    cgroup_free(remains->cgroup);
    g_free(remains);
}

/* Takes the group. The plan is there, since the group is its. */
static void work_on_remains(Run *run, Cgroup *cgroup, GTaskThreadFunc work,
                            GAsyncReadyCallback done)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, done, run);
    Remains *remains = g_new(Remains, 1);

    *remains = (Remains){ cgroup, run_plan(run, NULL) };
    g_task_set_task_data(task, remains, remains_free);
    g_task_run_in_thread(task, work);
}

static void answer(GTask *task, GError *err)
{
    if (err)
        g_task_return_error(task, err);
    else
        g_task_return_boolean(task, TRUE);
}

static bool open_groups(Run *run, Cgroup **ret_cgroup, GError **err)
{
    const Plan *plan = run_plan(run, err);

    return plan && cgroup_open(plan->cgroup.partition, plan->cgroup.name, ret_cgroup, err);
}

static void remove_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const Remains *remains = data;
    GError *err = NULL;

    (void)cgroup_clear(remains->cgroup, &err); /* told by err */
    answer(task, err);
}

static void warn_left_behind(const Run *run, const GError *err)
{
    log_warning(_("domain '%s': its cgroup may be left behind: %s"), run->domain->name,
                err->message);
}

static void removed(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GError) err = NULL;

    if (!g_task_propagate_boolean(G_TASK(result), &err))
        warn_left_behind(data, err);
    run_undo_done(data);
}

static void settle(Run *run)
{
    g_autoptr(GError) err = NULL;
    Cgroup *cgroup = NULL;

    g_clear_handle_id(&run->watch, g_source_remove);
    g_clear_handle_id(&run->timeout, g_source_remove);
    fd_close(fd_steal(&run->watch_fd));
    if (open_groups(run, &cgroup, &err)) {
        work_on_remains(run, cgroup, remove_in_thread, removed);
        return;
    }
    warn_left_behind(run, err);
    run_undo_done(run);
}

static gboolean last_gone(int fd, GIOCondition condition, void *data)
{
    Run *run = data;

    run->watch = 0;
    settle(run);
    return G_SOURCE_REMOVE;
}

/* A controller that hangs is killed for it; an init that does not even die of SIGKILL stays. */
static gboolean last_stays(void *data)
{
    Run *run = data;

    log_error(_("domain '%s': its init does not end after SIGKILL"), run->domain->name);
    (void)syscall(SYS_pidfd_send_signal, run->watch_fd, SIGKILL, NULL, 0); /* or it is gone now */
    run->timeout = 0;
    settle(run);
    return G_SOURCE_REMOVE;
}

static void remove_socket(const Run *run)
{
    g_autofree char *name = controller_socket_name(run->domain->uuid);

    (void)unlinkat(run->domain->driver->state_dir_fd, name, 0); /* mostly gone already */
}

static void kill_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const Remains *remains = data;
    GError *err = NULL;

    (void)cgroup_kill(remains->cgroup, SIGKILL, &err); /* told by err */
    console_remove_sockets(remains->plan);
    answer(task, err);
}

static void killed(GObject *source, GAsyncResult *result, void *data)
{
    Run *run = data;
    g_autoptr(GError) err = NULL;

    if (!g_task_propagate_boolean(G_TASK(result), &err))
        log_warning(_("domain '%s': %s"), run->domain->name, err->message);
    if (run->watch_fd < 0) {
        settle(run);
        return;
    }
    run->watch = g_unix_fd_add(run->watch_fd, G_IO_IN, last_gone, run);
    run->timeout = g_timeout_add_seconds(LAST_BREATH_SECONDS, last_stays, run);
}

static void take_down(Run *run)
{
    g_autoptr(GError) err = NULL;
    Cgroup *cgroup = NULL;

    remove_socket(run);
    if (!open_groups(run, &cgroup, &err)) {
        log_warning(_("domain '%s': cannot look for its remaining processes: %s"),
                    run->domain->name, err->message);
        run_undo_done(run);
        return;
    }
    run->watch_fd = open_last(run, cgroup);
    work_on_remains(run, cgroup, kill_in_thread, killed);
}

void step_controller_remove(Run *run)
{
    domain_drop_link(run->domain);
    if (run->crashed)
        take_down(run);
    else
        run_undo_done(run);
}
