// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The time namespace. Its offsets can be set only before anybody is in it, and nobody enters it but
 * by being born there (time_namespaces(7)): so the controller makes it for its children, sets it,
 * has its child, and takes its own back. It stays the host's: nobody inside can change it.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <time.h>

/* Whole seconds, as the plan has them: what the kernel itself says of its start is one, too. */
static int64_t seconds_of(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* every kernel has them */
    return now.tv_sec;
}

static bool write_offsets(Run *run)
{
    const Plan *plan = &run->plan;
    int64_t boottime = plan->fresh_clocks ? -seconds_of(CLOCK_BOOTTIME) : plan->boottime;
    int64_t monotonic = plan->fresh_clocks ? -seconds_of(CLOCK_MONOTONIC) : plan->monotonic;
    g_autofree char *text =
        g_strdup_printf("monotonic %" PRId64 " 0\nboottime %" PRId64 " 0\n", monotonic, boottime);

    run->has_clocks = true;
    run->born = -boottime;
    return path_write(AT_FDCWD, "/proc/self/timens_offsets", text);
}

/* Nobody asked for clocks that begin with the container: a kernel that has none is fine. */
bool clock_set(Run *run, GError **err)
{
    if (!(run->plan.namespaces & PLAN_NS_TIME) && !run->plan.fresh_clocks)
        return true;
    run->host_time_fd = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
    if (run->host_time_fd < 0 && errno == ENOENT && run->plan.fresh_clocks)
        return true;
    if (run->host_time_fd < 0 || unshare(CLONE_NEWTIME) < 0)
        return fail_errno(err, errno, _("cannot make a time namespace"));
    return write_offsets(run) || fail_errno(err, errno, _("cannot set the clocks"));
}

bool clock_leave(Run *run, GError **err)
{
    if (run->host_time_fd < 0)
        return true;
    if (setns(run->host_time_fd, CLONE_NEWTIME) < 0)
        return fail_errno(err, errno, _("cannot go back to the host's clocks"));
    fd_close(fd_steal(&run->host_time_fd));
    return true;
}
