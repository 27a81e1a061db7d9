// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Containers for tests: a root tree in a temporary directory, a Plan that runs a shell command as
 * its init, and what the controller told about it. Nothing of it touches a domain of the host.
 */
#pragma once

#include "lxc_driver/controller-link.h"
#include "plan-xdr.h"

#include <glib.h>

#define ID_BASE 1000000u /* the first of the 65536 host ids of a container with an id map */

/* What one container did. */
typedef struct Trial {
    Plan *plan;
    ControllerLink *link;
    pid_t init_pid;
    pid_t controller_pid;
    char *console_path; /* of the first */
    unsigned runs;      /* running and rebooted told */
    GError *failure;
    bool exited;
    bool lost;
    ControllerExit how;
    int status;
    int console;     /* master, once opened */
    GString *output; /* what was read from it */
    bool links_asked;
    GError *links_answer; /* NULL: made */
    const char *fail_step;
    const int *fds;
    size_t n_fds;
    GMainLoop *loop;
} Trial;

/* Skips the whole program (exit 77) where it cannot work. */
void kit_start(void);
void kit_stop(void);

/* The directory of this program's tests, and the root tree in it. */
const char *kit_dir(void);
char *kit_root_path(const char *below);

/* A plan whose init is /bin/sh -c SCRIPT. */
Plan *kit_plan(const char *script);
void kit_plan_idmap(Plan *plan);
PlanMount *kit_add_mount(Plan *plan, PlanMountKind kind, const char *source, const char *target,
                         unsigned flags);

Trial *kit_spawn(Plan *plan);
Trial *kit_spawn_failing(Plan *plan, const char *fail_step);
void kit_respawn(Trial *trial); /* starts a trial that was only prepared */
Trial *kit_prepare(Plan *plan);
void kit_connect(Trial *trial); /* hangs up, and finds the controller again */
void kit_free(Trial *trial);    /* kills what still runs, and waits for it */

/* Run the main loop until it is so; a test that waits for ever is ended by its time-out. */
void kit_wait_running(Trial *trial, unsigned runs);
void kit_wait_over(Trial *trial); /* exited, failed or lost */
void kit_wait_output(Trial *trial, const char *text);

/* Opens the first console; what it prints goes to trial->output. */
void kit_open_console(Trial *trial);
void kit_close_console(Trial *trial);
void kit_type(Trial *trial, const char *text);

/* The path of the container's group in one hierarchy ("memory"), or of a file in it. */
char *kit_group_path(const Trial *trial, const char *hierarchy, const char *file);

/* Runs SCRIPT as init to its end; its whole output. The caller's. */
char *kit_run_script(Plan *plan);

/* Everything of the container is gone: process, groups, socket, mounts, ptys. */
void kit_assert_nothing_left(Trial *trial);
