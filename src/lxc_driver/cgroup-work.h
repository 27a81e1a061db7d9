// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Changes of a running domain's control groups for which the kernel may take its time, as it does
 * to freeze processes or to take memory away from them: a thread makes them, with a handle of its
 * own, while the domain's job goes on.
 */
#pragma once

#include "kernel/cgroup.h"
#include "lxc_driver/domain.h"

typedef struct CgroupWork {
    bool (*make)(Cgroup *cgroup, const struct CgroupWork *work, GError **err); /* in the thread */
    /* In the main loop, to end the job; `err` is given away, NULL when it went well. */
    void (*made)(Job *job, const struct CgroupWork *work, GError *err);
    uint64_t value; /* for these two */
    unsigned flags;
} CgroupWork;

/* Inside a job of an active domain. `work` is copied. */
bool cgroup_work_begin(Domain *domain, const CgroupWork *work, GError **err);
