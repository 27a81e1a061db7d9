// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Containers from plans, by real controllers: how they start, live, start again and end. */
#include "container-kit.h"

#include "base/path.h"
#include "kernel/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Promise: init runs, its output reaches the console, its exit status is told once. */
static void test_runs(void)
{
    Trial *trial = kit_spawn(kit_plan("echo started; read line; exit 7"));

    kit_wait_running(trial, 1);
    g_assert_cmpint(trial->init_pid, >, 1);
    kit_open_console(trial);
    kit_wait_output(trial, "started");
    kit_type(trial, "\n");
    kit_wait_over(trial);
    g_assert_true(trial->exited);
    g_assert_cmpint(trial->how, ==, CONTROLLER_EXIT_STATUS);
    g_assert_cmpint(trial->status, ==, 7);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: power off and halt are told apart from an exit. */
static void test_poweroff(void)
{
    Trial *trial = kit_spawn(kit_plan("busybox poweroff -f"));

    kit_wait_over(trial);
    g_assert_true(trial->exited);
    g_assert_cmpint(trial->how, ==, CONTROLLER_EXIT_POWEROFF);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: init killed by a signal is told as that. */
static void test_killed(void)
{
    Trial *trial = kit_spawn(kit_plan("sleep 1000"));

    kit_wait_running(trial, 1);
    g_assert_cmpint(kill(trial->init_pid, SIGKILL), ==, 0);
    kit_wait_over(trial);
    g_assert_cmpint(trial->how, ==, CONTROLLER_EXIT_SIGNAL);
    g_assert_cmpint(trial->status, ==, SIGKILL);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: a kill from the daemon ends everything, also what ignores signals and is frozen. */
static void test_destroyed(void)
{
    Trial *trial = kit_spawn(kit_plan("trap '' TERM INT; sleep 1000 & sleep 1000"));
    g_autoptr(Cgroup) cgroup = NULL;

    kit_wait_running(trial, 1);
    g_assert_true(
        cgroup_open(trial->plan->cgroup.partition, trial->plan->cgroup.name, &cgroup, NULL));
    g_assert_true(cgroup_freeze(cgroup, NULL));
    g_assert_true(cgroup_is_frozen(cgroup));
    g_assert_true(controller_link_kill(trial->link, NULL));
    kit_wait_over(trial);
    g_assert_true(trial->exited);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: destroyed is destroyed, whatever the plan answers an end with. */
static void test_destroyed_for_good(void)
{
    Plan *plan = kit_plan("sleep 1000");
    Trial *trial;

    plan->on_crash = plan->on_poweroff = PLAN_ACTION_RESTART;
    trial = kit_spawn(plan);
    kit_wait_running(trial, 1);
    g_assert_true(controller_link_kill(trial->link, NULL));
    kit_wait_over(trial);
    g_assert_true(trial->exited);
    g_assert_cmpuint(trial->runs, ==, 1);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

static ino_t netns_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);
    struct stat info;

    g_assert_cmpint(stat(path, &info), ==, 0);
    return info.st_ino;
}

/* A reboot from inside; the second time the container stays. */
static Plan *rebooting_plan(void)
{
    return kit_plan("if [ -e /data/again ]; then echo second; read line; exit 3; fi;"
                    "echo first; read line; touch /data/again; busybox reboot -f");
}

static void forget_reboot(void)
{
    g_autofree char *mark = kit_root_path("data/again");

    (void)unlink(mark);
}

/* Promise: a reboot from inside keeps process, console, network namespace and limits. */
static void reboot_once(Plan *plan)
{
    Trial *trial = kit_spawn(plan);
    g_autofree char *pts = NULL;
    g_autofree char *limit = NULL;
    g_autofree char *file = kit_group_path(trial, "memory", "memory.limit_in_bytes");
    pid_t first_init;
    pid_t controller;
    ino_t netns;

    kit_wait_running(trial, 1);
    kit_open_console(trial);
    kit_wait_output(trial, "first");
    pts = g_strdup(trial->console_path);
    first_init = trial->init_pid;
    controller = trial->controller_pid;
    netns = netns_of(first_init);
    g_assert_true(path_write(AT_FDCWD, file, "33554432")); /* as a change while it runs does */
    kit_type(trial, "\n");
    kit_wait_running(trial, 2);
    kit_wait_output(trial, "second");
    g_assert_cmpint(trial->init_pid, !=, first_init);
    g_assert_cmpint(trial->controller_pid, ==, controller);
    g_assert_cmpstr(trial->console_path, ==, pts);
    g_assert_true(netns_of(trial->init_pid) == netns);
    g_assert_true(g_file_get_contents(file, &limit, NULL, NULL));
    g_assert_cmpstr(g_strchomp(limit), ==, "33554432");
    kit_type(trial, "\n");
    kit_wait_over(trial);
    g_assert_cmpint(trial->status, ==, 3);
    kit_assert_nothing_left(trial);
    kit_free(trial);
    forget_reboot();
}

static void test_reboot(void)
{
    reboot_once(rebooting_plan());
}

static void test_reboot_idmap(void)
{
    Plan *plan = rebooting_plan();

    kit_plan_idmap(plan);
    reboot_once(plan);
}

/* Promise: a reboot that the plan answers with the end is an end. */
static void test_reboot_destroys(void)
{
    Plan *plan = kit_plan("busybox reboot -f");
    Trial *trial;

    plan->on_reboot = PLAN_ACTION_DESTROY;
    trial = kit_spawn(plan);
    kit_wait_over(trial);
    g_assert_cmpint(trial->how, ==, CONTROLLER_EXIT_POWEROFF);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: a container that ends right after each start is not started for ever. */
static void test_restart_brake(void)
{
    Plan *plan = kit_plan("exit 1");
    Trial *trial;

    plan->on_crash = PLAN_ACTION_RESTART;
    trial = kit_spawn(plan);
    kit_wait_over(trial);
    g_assert_true(trial->exited);
    g_assert_cmpint(trial->how, ==, CONTROLLER_EXIT_RESTART_FAILED);
    g_assert_cmpuint(trial->runs, ==, 11);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

/* Promise: without a daemon the container runs on, and the next daemon is told all about it. */
static void test_reconnect(void)
{
    Trial *trial = kit_spawn(kit_plan("echo before; read line; echo after; read line; exit 4"));
    pid_t init_pid;
    pid_t controller;

    kit_wait_running(trial, 1);
    init_pid = trial->init_pid;
    controller = trial->controller_pid;
    kit_connect(trial);
    kit_wait_running(trial, 1);
    g_assert_cmpint(trial->init_pid, ==, init_pid);
    g_assert_cmpint(trial->controller_pid, ==, controller);
    kit_open_console(trial);
    kit_wait_output(trial, "before");
    kit_type(trial, "\n");
    kit_wait_output(trial, "after");
    kit_type(trial, "\n");
    kit_wait_over(trial);
    g_assert_true(trial->exited);
    g_assert_cmpint(trial->status, ==, 4);
    kit_free(trial);
}

/* Promise: a controller that is killed takes its container along, and is told as lost. */
static void test_controller_killed(void)
{
    Trial *trial = kit_spawn(kit_plan("sleep 1000"));
    g_autoptr(Cgroup) cgroup = NULL;

    kit_wait_running(trial, 1);
    g_assert_cmpint(kill(trial->controller_pid, SIGKILL), ==, 0);
    kit_wait_over(trial);
    g_assert_true(trial->lost);
    g_assert_true(
        cgroup_open(trial->plan->cgroup.partition, trial->plan->cgroup.name, &cgroup, NULL));
    g_assert_true(cgroup_kill_and_wait(cgroup, NULL));
    g_assert_true(cgroup_remove(cgroup, NULL));
    kit_free(trial);
}

/* How many there were: whoever ends leaves its own to us, perhaps after we have looked. */
static unsigned reap_orphans(pid_t besides)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *text = NULL;
    g_auto(GStrv) children = NULL;
    unsigned n_found = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    children = g_strsplit(text, " ", -1);
    for (char **child = children; *child && **child; child++) {
        if (atoi(*child) == besides)
            continue;
        (void)waitpid(atoi(*child), NULL, WNOHANG); /* the next look tells */
        n_found++;
    }
    return n_found;
}

/* What the controller left behind ends by itself, or the test runs into its time limit. */
static void kill_controller_after(Plan *plan, unsigned delay_us)
{
    Trial *trial = kit_spawn(plan);
    pid_t controller = controller_link_pid(trial->link);
    g_autoptr(Cgroup) cgroup = NULL;

    g_usleep(delay_us);
    g_assert_cmpint(kill(controller, SIGKILL), ==, 0);
    kit_wait_over(trial);
    while (reap_orphans(controller) > 0)
        g_usleep(100);
    g_assert_true(
        cgroup_open(trial->plan->cgroup.partition, trial->plan->cgroup.name, &cgroup, NULL));
    g_assert_true(cgroup_is_empty(cgroup));
    g_assert_true(cgroup_remove(cgroup, NULL));
    kit_free(trial);
}

/* Promise: at whatever moment of a start the controller is killed, all that it made goes with it.
 */
static void test_killed_while_starting(void)
{
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
    for (unsigned delay = 0; delay <= 8000; delay += 200) {
        Plan *mapped = kit_plan("sleep 1000");
        kit_plan_idmap(mapped);
        kill_controller_after(mapped, delay);
        kill_controller_after(kit_plan("sleep 1000"), delay);
    }
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), ==, 0);
}

/* Promise: the same holds while it starts the container again. */
static void test_killed_while_restarting(void)
{
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
    for (unsigned delay = 4000; delay <= 20000; delay += 400) {
        Plan *mapped = kit_plan("busybox reboot -f");
        kit_plan_idmap(mapped);
        kill_controller_after(mapped, delay);
        kill_controller_after(kit_plan("busybox reboot -f"), delay);
    }
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), ==, 0);
}

/* Promise: a container may be frozen while it starts again; its controller is not, and can go. */
static void freeze_and_kill_after(Plan *plan, unsigned delay_us)
{
    Trial *trial = kit_spawn(plan);
    pid_t controller = controller_link_pid(trial->link);
    g_autoptr(Cgroup) cgroup = NULL;

    kit_wait_running(trial, 1);
    g_usleep(delay_us);
    g_assert_true(
        cgroup_open(trial->plan->cgroup.partition, trial->plan->cgroup.name, &cgroup, NULL));
    g_assert_true(cgroup_freeze(cgroup, NULL));
    g_assert_cmpint(kill(controller, SIGKILL), ==, 0);
    kit_wait_over(trial);
    g_assert_true(cgroup_kill_and_wait(cgroup, NULL));
    while (reap_orphans(controller) > 0)
        g_usleep(100);
    g_assert_true(cgroup_remove(cgroup, NULL));
    kit_free(trial);
}

static void test_frozen_while_restarting(void)
{
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
    for (unsigned delay = 0; delay <= 12000; delay += 1000) {
        Plan *mapped = kit_plan("busybox reboot -f");
        kit_plan_idmap(mapped);
        freeze_and_kill_after(mapped, delay);
        freeze_and_kill_after(kit_plan("busybox reboot -f"), delay);
    }
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), ==, 0);
}

/* Promise: freezing stops a container and thawing continues it. */
static void test_freeze(void)
{
    Trial *trial = kit_spawn(kit_plan("while read line; do echo got $line; done"));
    g_autoptr(Cgroup) cgroup = NULL;

    kit_wait_running(trial, 1);
    kit_open_console(trial);
    g_assert_true(
        cgroup_open(trial->plan->cgroup.partition, trial->plan->cgroup.name, &cgroup, NULL));
    g_assert_true(cgroup_freeze(cgroup, NULL));
    kit_type(trial, "one\n");
    kit_wait_output(trial, "one"); /* the terminal's echo */
    g_assert_true(cgroup_is_frozen(cgroup));
    g_assert_null(strstr(trial->output->str, "got one"));
    g_assert_true(cgroup_thaw(cgroup, NULL));
    kit_wait_output(trial, "got one");
    kit_free(trial);
}

/* Promise: an unattended console never blocks its writer, and its last 64 KiB are kept. */
static void test_backlog(void)
{
    Trial *trial = kit_spawn(kit_plan("seq 1 200000; touch /data/written; echo LAST; sleep 1000"));
    g_autofree char *mark = kit_root_path("data/written");

    kit_wait_running(trial, 1);
    while (access(mark, F_OK) < 0)
        g_usleep(1000);
    kit_open_console(trial);
    kit_wait_output(trial, "LAST");
    g_assert_nonnull(strstr(trial->output->str, "\n199999\r\n200000\r\n"));
    g_assert_null(strstr(trial->output->str, "\n100000\r\n"));
    g_assert_cmpuint(trial->output->len, >, 50000);
    (void)unlink(mark);
    kit_free(trial);
}

/* Promise: a console closed by the daemon flows on, and hang-ups inside do not harm it. */
static void test_console_again(void)
{
    Trial *trial = kit_spawn(kit_plan("while read line; do echo got $line; done"));

    kit_wait_running(trial, 1);
    kit_open_console(trial);
    kit_type(trial, "one\n");
    kit_wait_output(trial, "got one");
    kit_close_console(trial);
    kit_open_console(trial);
    kit_type(trial, "two\n");
    kit_wait_output(trial, "got two");
    kit_free(trial);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/container/runs", test_runs);
    g_test_add_func("/container/poweroff", test_poweroff);
    g_test_add_func("/container/killed", test_killed);
    g_test_add_func("/container/destroyed", test_destroyed);
    g_test_add_func("/container/destroyed-for-good", test_destroyed_for_good);
    g_test_add_func("/container/reboot", test_reboot);
    g_test_add_func("/container/reboot-idmap", test_reboot_idmap);
    g_test_add_func("/container/reboot-destroys", test_reboot_destroys);
    g_test_add_func("/container/restart-brake", test_restart_brake);
    g_test_add_func("/container/reconnect", test_reconnect);
    g_test_add_func("/container/controller-killed", test_controller_killed);
    g_test_add_func("/container/killed-while-starting", test_killed_while_starting);
    g_test_add_func("/container/killed-while-restarting", test_killed_while_restarting);
    g_test_add_func("/container/frozen-while-restarting", test_frozen_while_restarting);
    g_test_add_func("/container/freeze", test_freeze);
    g_test_add_func("/container/backlog", test_backlog);
    g_test_add_func("/container/console-again", test_console_again);
    kit_start();
    result = g_test_run();
    kit_stop();
    return result;
}
