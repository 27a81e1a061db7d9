// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Containers from plans, by real controllers: they start, live and end as the plan says. */
#include "container-kit.h"

#include <signal.h>
#include <string.h>
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

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/container/runs", test_runs);
    kit_start();
    result = g_test_run();
    kit_stop();
    return result;
}
