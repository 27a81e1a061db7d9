// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See end.h. reboot(2) inside a pid namespace ends its init by a signal that nobody can send it:
 * SIGHUP for a restart, SIGINT for halt and power off. The plan says for each end whether the
 * container starts again; a container that keeps ending within a second of its start does not.
 *
 * Over a restart these stay: the process itself, its consoles with what they printed, the network
 * namespace with the links in it, the user namespace, the groups with their limits.
 */
#include "controller/end.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/host-path.h"
#include "base/text.h"
#include "controller/daemon.h"
#include "controller/handover.h"
#include "plan/message.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUICK_END_US G_USEC_PER_SEC
#define QUICK_ENDS_MAX 10

void end_unlink_socket(const Run *run)
{
    if (run->socket_name && *run->socket_name && run->state_dir_fd >= 0)
        (void)unlinkat(run->state_dir_fd, run->socket_name, 0); /* gone is what was wanted */
}

/* ---- the verdict ---- */

EndVerdict end_judge(int wait_status, const Plan *plan, bool destroyed)
{
    EndVerdict verdict = { CONTROL_EXIT_STATUS, 0, false };
    PlanAction action = plan->on_poweroff;

    if (WIFEXITED(wait_status)) {
        verdict.status = WEXITSTATUS(wait_status);
        action = verdict.status == 0 ? plan->on_poweroff : plan->on_crash;
    } else if (WTERMSIG(wait_status) == SIGHUP) {
        verdict.how = CONTROL_EXIT_POWEROFF; /* unless it is restarted */
        action = plan->on_reboot;
    } else if (WTERMSIG(wait_status) == SIGINT) {
        verdict.how = CONTROL_EXIT_POWEROFF;
    } else {
        verdict.how = CONTROL_EXIT_SIGNAL;
        verdict.status = WTERMSIG(wait_status);
        action = plan->on_crash;
    }
    verdict.restart = !destroyed && action == PLAN_ACTION_RESTART;
    return verdict;
}

/* ---- to the monitor ---- */

static void fill_handover(const Run *run, ControlHandover *handover)
{
    *handover = (ControlHandover){
        .name = run->plan.name,
        .socket_name = run->socket_name,
        .init_pid = run->init_pid,
        .init_pidfd = run->init_pidfd,
        .plan_fd = run->plan_fd,
        .daemon_fd = run->daemon_fd,
        .listen_fd = run->listen_fd,
        .state_dir_fd = run->state_dir_fd,
        .controller_fd = run->controller_fd,
        .monitor_fd = run->monitor_fd,
        .netns_fd = run->netns_fd,
        .userns_fd = run->userns_fd,
        .view_program_fd = run->view_program_fd,
        .view_fd = run->view.fd,
        .view_memory_fd = view_describe(run),
        .view_device = run->view.device,
        .calls_fd = run->calls_fd,
        .notify_fd = run->notify_fd,
        .started = run->started,
        .quick_ends = run->quick_ends,
    };
    handover->cgroup_kill_fd = cgroup_open_kill(run->cgroup);
    handover->cgroup_thaw_fd = cgroup_open_thaw(run->cgroup, &handover->cgroup_thaw_v1);
    handover->passed.len = (uint32_t)run->n_passed;
    handover->passed.items = run->passed;
    handover->shares.len = run->plan.shares.len;
    handover->shares.items = run->shares;
    handover->consoles.len = (uint32_t)run->n_consoles;
    handover->consoles.items = g_new(ControlHandoverConsole, run->n_consoles + 1);
    for (size_t i = 0; i < run->n_consoles; i++)
        handover->consoles.items[i] = run->consoles[i].kept;
    handover->images.len = run->images->len;
    handover->images.items = (ControlHandoverImage *)(void *)run->images->data;
    handover->closed.len = run->closed->len * (uint32_t)sizeof(HostPlace);
    handover->closed.data = (uint8_t *)run->closed->data;
    (void)xdr_fill_strings(&control_handover_xdr, handover); /* else it cannot be encoded */
}

static void tell_running(const Run *run, ControlKind kind)
{
    ControlRunning running = { .init_pid = run->init_pid };
    g_auto(GStrv) paths = g_new0(char *, run->n_consoles + 1);

    for (size_t i = 0; i < run->n_consoles; i++)
        paths[i] = g_strdup_printf("/dev/pts/%u", run->consoles[i].kept.pts);
    running.consoles.len = (uint32_t)run->n_consoles;
    running.consoles.items = paths;
    (void)message_send(run->daemon_fd, kind, &running, NULL, 0); /* a new daemon asks again */
}

/* ---- taken down ---- */

/* Who is left in the groups may have images open still; who serves them is in a group beside. */
static void release_images(Run *run)
{
    g_autoptr(GError) why = NULL;

    if (run->images->len > 0 && !cgroup_kill_and_wait(run->cgroup, &why))
        g_printerr("%s\n", why->message);
    images_close(run);
}

static void take_down(Run *run)
{
    g_autoptr(GError) why = NULL;

    if (run->cgroup) {
        release_images(run);
        if (!cgroup_clear(run->cgroup, &why))
            g_printerr("%s\n", why->message);
    }
    consoles_close(run);
    end_unlink_socket(run);
}

/* A daemon that connected while nobody accepted is to hear of the end in the place of an old one.
 */
static void tell_exited(const Run *run, const EndVerdict *verdict)
{
    ControlExited exited = { .how = verdict->how, .status = verdict->status };

    if (!message_send(run->daemon_fd, CONTROL_EXITED, &exited, NULL, 0))
        (void)message_send(accept_daemon(run->listen_fd), CONTROL_EXITED, &exited, NULL,
                           0); /* nobody there: nobody to tell */
}

static int finish(Run *run, const EndVerdict *verdict)
{
    take_down(run);
    tell_exited(run, verdict);
    return EXIT_SUCCESS;
}

int end_watch(Run *run, ControlKind kind)
{
    EndVerdict failed = { CONTROL_EXIT_RESTART_FAILED, 0, false };
    ControlHandover handover;

    run->started = (uint64_t)g_get_monotonic_time();
    fill_handover(run, &handover);
    tell_running(run, kind);
    handover_exec(run->monitor_fd, "virtlxc-monitor", HANDOVER_WATCH, &handover);
    g_printerr("cannot become the monitor: %s\n", g_strerror(errno));
    (void)kill(run->init_pid, SIGKILL); /* our child, unreaped: it is there */
    (void)waitpid(run->init_pid, NULL, 0);
    (void)finish(run, &failed);
    return EXIT_FAILURE;
}

/* ---- after the monitor ---- */

static void take_handover(const ControlHandover *handover, Run *run)
{
    run_init(run);
    run->socket_name = handover->socket_name;
    run->plan_fd = handover->plan_fd;
    run->daemon_fd = handover->daemon_fd;
    run->listen_fd = handover->listen_fd;
    run->state_dir_fd = handover->state_dir_fd;
    run->controller_fd = handover->controller_fd;
    run->monitor_fd = handover->monitor_fd;
    run->netns_fd = handover->netns_fd;
    run->userns_fd = handover->userns_fd;
    run->view_program_fd = handover->view_program_fd;
    run->passed = handover->passed.items;
    run->n_passed = handover->passed.len;
    run->shares = handover->shares.len ? handover->shares.items : NULL;
    run->started = handover->started;
    run->quick_ends = handover->quick_ends;
    fd_close(handover->init_pidfd);
    fd_close(handover->cgroup_kill_fd);
    fd_close(handover->cgroup_thaw_fd);
}

/* Waits for what is ended already, unless someone else killed the monitor's memory of it. */
static int reap_init(pid_t pid)
{
    int status = 0;

    if (waitpid(pid, &status, 0) != pid)
        g_printerr("cannot wait for init: %s\n", g_strerror(errno));
    return status;
}

static bool is_restarting_too_often(Run *run)
{
    uint64_t ran = (uint64_t)g_get_monotonic_time() - run->started;

    run->quick_ends = ran < QUICK_END_US ? run->quick_ends + 1 : 0;
    return run->quick_ends > QUICK_ENDS_MAX;
}

/* The groups stay, but not those that the last run's init made below them, nor who is left in. */
static bool clear_groups(Run *run, GError **err)
{
    return cgroup_kill_and_wait(run->cgroup, err) && cgroup_remove_below(run->cgroup, err);
}

static bool start_again(Run *run, GError **err)
{
    if (is_restarting_too_often(run))
        return fail(err, ERR(LXC, OPERATION_FAILED),
                    _("domain '%s' keeps ending right after its start"), run->plan.name);
    if (!clear_groups(run, err))
        return false;
    g_clear_pointer(&run->cgroup, cgroup_free);
    run->restart = true;
    return run_start(run, err);
}

int end_run(const ControlHandover *handover, Run *run)
{
    g_autoptr(GError) why = NULL;
    EndVerdict verdict;
    int status;

    take_handover(handover, run);
    status = reap_init(handover->init_pid);
    if (!run_load_plan(run, &why) ||
        !cgroup_open(run->plan.cgroup.partition, run->plan.cgroup.name, &run->cgroup, &why)) {
        g_printerr("%s\n", why->message);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < run->n_consoles && i < handover->consoles.len; i++)
        run->consoles[i].kept = handover->consoles.items[i];
    g_array_append_vals(run->images, handover->images.items, handover->images.len);
    verdict = end_judge(status, &run->plan, handover->destroyed);
    if (!verdict.restart)
        return finish(run, &verdict);
    if (start_again(run, &why))
        return end_watch(run, CONTROL_REBOOTED);
    g_printerr("%s\n", why->message);
    return finish(run, &(EndVerdict){ CONTROL_EXIT_RESTART_FAILED, 0, false });
}
