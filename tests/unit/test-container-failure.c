// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Starts that fail: the error names step, thing and reason, and nothing stays behind. */
#include "container-kit.h"

#include "base/error.h"
#include "config.h"

#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Plan *plan_with_link(bool mapped)
{
    Plan *plan = kit_plan("sleep 1000");

    /* Its contents are the daemon's affair: here they are only asked for. */
    plan->links.items = calloc(1, sizeof *plan->links.items);
    plan->links.len = 1;
    plan->links.items[0].network = strdup("");
    plan->links.items[0].portgroup = strdup("");
    plan->links.items[0].bridge = strdup("");
    plan->links.items[0].host_name = strdup("");
    plan->links.items[0].guest_name = strdup("eth0");
    if (mapped)
        kit_plan_idmap(plan);
    return plan;
}

static void fail_in_turn(bool mapped)
{
    char *argv[] = { (char *)BUILDDIR "/src/controller/virtlxc-controller", (char *)"--steps",
                     NULL };
    g_autofree char *output = NULL;
    g_auto(GStrv) steps = NULL;
    unsigned n_failed = 0;

    g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &output, NULL, NULL, NULL));
    steps = g_strsplit(output, "\n", -1);
    for (char **step = steps; *step && **step; step++) {
        g_autofree char *prefix = g_strconcat(*step, ": made to fail", NULL);
        Trial *trial = kit_spawn_failing(plan_with_link(mapped), *step);
        kit_wait_over(trial);
        g_assert_nonnull(trial->failure);
        if (!g_str_has_prefix(trial->failure->message, prefix))
            g_error("%s: %s", *step, trial->failure->message);
        kit_assert_nothing_left(trial);
        kit_free(trial);
        n_failed++;
    }
    g_assert_cmpuint(n_failed, >=, 18);
}

/* Promise: whichever step fails, its name is told and nothing is left. */
static void test_each_step(void)
{
    fail_in_turn(false);
}

static void test_each_step_idmap(void)
{
    fail_in_turn(true);
}

/* What a plan fails with. */
static void assert_failure(Plan *plan, const char *message)
{
    Trial *trial = kit_spawn(plan);

    kit_wait_over(trial);
    g_assert_nonnull(trial->failure);
    g_assert_cmpstr(trial->failure->message, ==, message);
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = strdup(with);
}

/* Promise: an init that cannot be executed is a failed start with the reason. */
static void test_init_missing(void)
{
    Plan *plan = kit_plan("");

    replace(&plan->init.path, "/sbin/nothing");
    assert_failure(plan, "exec: cannot execute '/sbin/nothing': No such file or directory");
}

static void test_init_not_executable(void)
{
    Plan *plan = kit_plan("");
    g_autofree char *path = kit_root_path("etc/text");

    g_assert_true(g_file_set_contents(path, "text", -1, NULL));
    replace(&plan->init.path, "/etc/text");
    assert_failure(plan, "exec: cannot execute '/etc/text': Permission denied");
    g_assert_cmpint(unlink(path), ==, 0);
}

/* Promise: a source that is not there is named, with its target. */
static void test_source_missing(void)
{
    Plan *plan = kit_plan("");

    kit_add_mount(plan, PLAN_MOUNT_HOST, "/no/such/tree", "/data", 0);
    assert_failure(plan,
                   "sources: cannot mount '/no/such/tree' on '/data': No such file or directory");
}

/* Promise: nothing is made in a read-only root: a missing target is an error that names it. */
static void test_target_missing_readonly(void)
{
    Plan *plan = kit_plan("");
    g_autofree char *data = kit_root_path("data");
    g_autofree char *message =
        g_strdup_printf("mounts: cannot mount '%s' on '/opt/x': Read-only file system", data);

    plan->mounts.items[0].flags |= PLAN_MOUNT_F_READONLY;
    kit_add_mount(plan, PLAN_MOUNT_HOST, data, "/opt/x", 0);
    assert_failure(plan, message);
}

/* Promise: a read-only root whose targets are there starts, and stays as it was. */
static void test_readonly_root(void)
{
    Plan *plan = kit_plan("touch /x; ls / ; echo END-OF-SCRIPT; read line");
    g_autofree char *output = NULL;

    plan->mounts.items[0].flags |= PLAN_MOUNT_F_READONLY;
    output = kit_run_script(plan);
    g_assert_nonnull(strstr(output, "/x: Read-only file system"));
}

/* Promise: a dangling link as a target is refused, not made true. */
static void test_target_dangling(void)
{
    Plan *plan = kit_plan("");
    g_autofree char *link = kit_root_path("dangling");
    g_autofree char *made = kit_root_path("made");
    g_autofree char *data = kit_root_path("data");
    Trial *trial;

    g_assert_cmpint(symlink("/made", link), ==, 0);
    kit_add_mount(plan, PLAN_MOUNT_HOST, data, "/dangling", 0);
    trial = kit_spawn(plan);
    kit_wait_over(trial);
    g_assert_nonnull(trial->failure);
    g_assert_nonnull(strstr(trial->failure->message, "'/dangling'"));
    g_assert_cmpint(access(made, F_OK), <, 0);
    kit_free(trial);
    g_assert_cmpint(unlink(link), ==, 0);
}

/* Promise: a working directory that a magic link would lead out to is refused. */
static void test_dir_magic(void)
{
    Plan *plan = kit_plan("");

    replace(&plan->init.dir, "/proc/self/fd/3");
    assert_failure(plan, "exec: cannot change to directory '/proc/self/fd/3': "
                         "Too many levels of symbolic links");
}

static void test_user_missing(void)
{
    Plan *plan = kit_plan("");

    replace(&plan->init.user, "nobody-there");
    assert_failure(plan, "capabilities: no user 'nobody-there' in the container's /etc/passwd");
}

/* Promise: what the daemon could not do for the links is what the start fails with, code and all.
 */
static void test_links_refused(void)
{
    Trial *trial = kit_prepare(plan_with_link(false));

    fail(&trial->links_answer, ERR(NETWORK, NO_NETWORK), "no network 'blue'");
    kit_respawn(trial);
    kit_wait_over(trial);
    g_assert_true(trial->links_asked);
    g_assert_cmpstr(trial->failure->message, ==, "links: no network 'blue'");
    g_assert_cmpint(error_code(trial->failure), ==, VIR_ERR_NO_NETWORK);
    g_assert_cmpint(error_from(trial->failure), ==, VIR_FROM_NETWORK);
    kit_assert_nothing_left(trial);
    g_clear_error(&trial->links_answer);
    kit_free(trial);
}

/* Promise: a limit that the kernel refuses fails the start. */
static void test_limit_refused(void)
{
    Plan *plan = kit_plan("");
    Trial *trial;

    plan->cgroup.settings.items[0].knob = PLAN_KNOB_CPUSET_CPUS;
    replace(&plan->cgroup.settings.items[0].text, "4095");
    trial = kit_spawn(plan);
    kit_wait_over(trial);
    g_assert_nonnull(trial->failure);
    g_assert_true(
        g_str_has_prefix(trial->failure->message, "resources: cannot set the processors: "));
    kit_assert_nothing_left(trial);
    kit_free(trial);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/failure/each-step", test_each_step);
    g_test_add_func("/failure/each-step-idmap", test_each_step_idmap);
    g_test_add_func("/failure/init-missing", test_init_missing);
    g_test_add_func("/failure/init-not-executable", test_init_not_executable);
    g_test_add_func("/failure/source-missing", test_source_missing);
    g_test_add_func("/failure/target-missing-readonly", test_target_missing_readonly);
    g_test_add_func("/failure/readonly-root", test_readonly_root);
    g_test_add_func("/failure/target-dangling", test_target_dangling);
    g_test_add_func("/failure/dir-magic", test_dir_magic);
    g_test_add_func("/failure/user-missing", test_user_missing);
    g_test_add_func("/failure/links-refused", test_links_refused);
    g_test_add_func("/failure/limit-refused", test_limit_refused);
    kit_start();
    result = g_test_run();
    kit_stop();
    return result;
}
