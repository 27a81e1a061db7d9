// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A start or a stop under way: the daemon's list of steps and how far it is. A start runs the list
 * forwards; a failing step turns it round, so that it and all before it are undone. A stop, and the
 * clean-up after a crash, is the same list backwards from its end. Undo needs the live definition
 * only and does nothing where there is nothing to undo.
 *
 * Steps may wait: run and undo return at once and say run_step_done or run_undo_done when they are
 * through, now or later.
 */
#pragma once

#include "lxc_driver/domain.h"
#include "plan-xdr.h"

typedef struct Run Run;

typedef struct Step {
    const char *name;
    void (*run)(Run *run);
    void (*undo)(Run *run);
} Step;

/* err NULL: it went well. A borrowed error. */
typedef void RunDone(Domain *domain, const GError *err, void *data);

struct Run {
    Domain *domain;  /* a reference */
    DomainDef *live; /* the definition worked on; filled in by the steps of a start */
    Plan *plan;      /* a start's; a clean-up makes it when it needs it */
    Plan *wired;     /* the same when the networks have said what their links are; NULL: `plan` */
    int *fds;        /* descriptors for init, owned */
    size_t n_fds;
    size_t at; /* the step under way */
    bool undoing;
    bool crashed; /* nobody took the container down: the controller's undo does */
    pid_t controller_pid;
    pid_t init_pid;
    int success;          /* StateEvent at the end of a start */
    int outcome;          /* StateEvent at the end of an undo */
    GError *error;        /* why a start is undone */
    GPtrArray *work;      /* what the step under way still has to do */
    bool has_devices;     /* it was found that it can have the host's network devices it wants */
    bool links_under_way; /* a thread is making links and uses the plan */
    bool bus_under_way;   /* systemd is asked for something */
    GError *late_error;   /* what ended the start meanwhile */
    bool waits_for_end;   /* a stop: the container was told to end */
    guint watch;          /* what the run waits for besides, */
    guint timeout;        /* and how long */
    int watch_fd;
    RunDone *done;
    void *data;
};

/* Becomes domain->run. `live` is owned by the run from here on. */
Run *run_new(Domain *domain, DomainDef *live, RunDone *done, void *data);

void run_forwards(Run *run);
void run_backwards(Run *run); /* from the end */

/* The steps before the controller's were an earlier daemon's; its step is under way. */
void run_from_controller(Run *run);

/* Ends a stop that did not come about; nothing of the domain changes. */
void run_abandon(Run *run, const GError *err);

/* Called by steps. `err` (ownership taken) not NULL: the start fails with it. */
void run_step_done(Run *run, GError *err);
void run_undo_done(Run *run);

/* The plan of run->live, compiled on first use; NULL with the error. */
const Plan *run_plan(Run *run, GError **err);
