// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Labels of SELinux and AppArmor as the kernel takes them: of the program that init becomes, and of
 * the files that are made for a container. No library of either is needed for that. What the labels
 * are is the daemon's business: see label-model.h.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "plan-xdr.h"

/*
 * The host's /proc, to be opened while it is there to be seen. -1: errno; ENOTSUP when what is
 * there is no procfs.
 */
int label_open_proc(void);

/*
 * From the next exec on the calling thread has this label. `proc_fd` is from label_open_proc, and
 * trusted no further: what is written to must be a file of a procfs, on the same mount, and reached
 * by no link out of it.
 */
bool label_set_exec(int proc_fd, const PlanLabel *label, GError **err);

/* True when init is to get a label. */
bool label_is_wanted(const Plan *plan);

/*
 * The label that new file systems of the kind `type` get as a whole; NULL: that which the policy
 * gives. Borrowed from the plan.
 */
const char *label_of_mount(const Plan *plan, const char *type);

/* Gives a console's slave to the container where files have labels. False: errno. */
bool label_terminal(const Plan *plan, int fd);
