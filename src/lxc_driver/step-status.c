// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The first step and the last undo: while anything of a container may exist, its status file does.
 */
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"

void step_status_save(Run *run)
{
    GError *err = NULL;

    (void)status_save(run->domain, run->live, &err); /* told by err */
    run_step_done(run, err);
}

void step_status_remove(Run *run)
{
    status_remove(run->domain);
    run_undo_done(run);
}
