// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Answers system calls of the container's processes from the same facts as its files, until none
 * has come for a while. The kernel stops who makes such a call and notifies the monitor (see
 * seccomp_unotify(2)), which hands the notice over at `talk`, one at a time, and keeps it in mind:
 * should we die over it, the kernel is told to answer itself. So it is with all that we cannot
 * answer, and with what was wrong with the call.
 *
 *     program inside --sysinfo--> kernel --notice--> monitor --> virtlxc-view
 *           ^                                           ^             |
 *           +--- memory, then the call's return --------|-------------+
 *                                                       +--- "done" --+
 */
#pragma once

#include "view/gather.h"

void answer_run(int talk, int listener, Gatherer *gatherer);
