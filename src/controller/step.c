// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See step.h. */
#include "controller/step.h"

#include "base/error.h"
#include "base/text.h"
#include "controller/run.h"

#include <string.h>

bool step_may_pass(const Run *run, const char *name, GError **err)
{
    if (!run->fail_step || strcmp(run->fail_step, name))
        return true;
    return fail(err, ERR(LXC, OPERATION_FAILED), _("made to fail for a test"));
}

void steps_undo(const Step *steps, size_t n_steps, Run *run)
{
    while (n_steps-- > 0) {
        if (steps[n_steps].undo)
            steps[n_steps].undo(run);
    }
}

/* The chosen step does its work first, so that the test sees it undone as well. */
bool steps_run(const Step *steps, size_t n_steps, Run *run, GError **err)
{
    for (size_t i = 0; i < n_steps; i++) {
        if (steps[i].run(run, err) && step_may_pass(run, steps[i].name, err))
            continue;
        if (!run->error_is_named)
            fail_while(err, "%s", steps[i].name);
        run->error_is_named = true;
        steps_undo(steps, i + 1, run);
        return false;
    }
    return true;
}
