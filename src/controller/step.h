// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Lists of steps. Each builds one kind of thing in the kernel; when one fails, it and those before
 * it are undone backwards, and its name stands before the error. An undo works on what it finds: it
 * may be called when its run was not, or only half.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Run Run;

typedef struct Step {
    const char *name;
    bool (*run)(Run *run, GError **err);
    void (*undo)(Run *run); /* NULL: nothing to undo */
} Step;

bool steps_run(const Step *steps, size_t n_steps, Run *run, GError **err);
void steps_undo(const Step *steps, size_t n_steps, Run *run);

/* For the fault test: fails when `name` is the step chosen to fail. */
bool step_may_pass(const Run *run, const char *name, GError **err);
