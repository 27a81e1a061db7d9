// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What happens when init has ended, and the change from controller to monitor. */
#pragma once

#include "controller/run.h"

/*
 * Init runs: tells the daemon by `kind` (RUNNING or REBOOTED), and becomes the monitor. Returns
 * only on failure, with everything taken down, the exit status.
 */
int end_watch(Run *run, ControlKind kind);

/* Init has ended: starts it again or takes everything down. Returns the exit status. */
int end_run(const ControlHandover *handover, Run *run);

void end_unlink_socket(const Run *run);

/* What a wait status and the plan make of the end; for the test. */
typedef struct EndVerdict {
    ControlHow how;
    int status;
    bool restart;
} EndVerdict;
EndVerdict end_judge(int wait_status, const Plan *plan, bool destroyed);
