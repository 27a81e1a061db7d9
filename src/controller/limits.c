// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Limits of the process that becomes init: some are reset, so that nothing is inherited from the
 * daemon, then come those that the plan asks for. All of it is done from outside, with the
 * privileges of the host.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

/* ---- out of memory ---- */

static bool set_oom_score(Run *run, GError **err)
{
    g_autofree char *wanted = g_strdup_printf("%d\n", run->plan.init.oom_score);
    g_autofree char *own = path_read_kernel("/proc/self/oom_score_adj", 32);
    g_autofree char *path = NULL;

    if (own && strcmp(own, wanted) == 0)
        return true;
    path = g_strdup_printf("/proc/%d/oom_score_adj", (int)run->init_pid);
    if (path_write(AT_FDCWD, path, wanted))
        return true;
    return fail_on_init(run, _("cannot set the out-of-memory score of init"), err);
}

/* ---- resource limits ---- */

/* Raising the hard limit takes a privilege that we may lack: it stays where it is, then. */
static bool reset_limit(pid_t pid, enum __rlimit_resource what, struct rlimit wanted)
{
    struct rlimit present;

    if (prlimit(pid, what, NULL, &present) < 0)
        return false;
    if (wanted.rlim_max > present.rlim_max)
        wanted.rlim_max = present.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    return prlimit(pid, what, &wanted, NULL) == 0;
}

static rlim_t limit_value(int64_t value)
{
    return value < 0 ? RLIM_INFINITY : (rlim_t)value;
}

static bool set_limits(Run *run, GError **err)
{
    const PlanInit *init = &run->plan.init;

    for (uint32_t i = 0; i < init->rlimits.len; i++) {
        const PlanRlimit *limit = &init->rlimits.items[i];
        struct rlimit wanted = { limit_value(limit->soft), limit_value(limit->hard) };

        if (prlimit(run->init_pid, limit->resource, &wanted, NULL) < 0)
            return fail_on_init(run, _("cannot set the resource limits of init"), err);
    }
    return true;
}

bool limits_set(Run *run, GError **err)
{
    if (!reset_limit(run->init_pid, RLIMIT_CORE, (struct rlimit){ 0, RLIM_INFINITY }) ||
        !reset_limit(run->init_pid, RLIMIT_NOFILE, (struct rlimit){ 1024, 512 * 1024 }))
        return fail_on_init(run, _("cannot set the resource limits of init"), err);
    return set_limits(run, err) && set_oom_score(run, err);
}
