// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The processes in a container's groups: frozen, thawed, signalled, waited for.
 *
 * Freezing goes through the v1 freezer where the host has one, since a process that a client moved
 * into the groups may be in the v1 trees only; else through cgroup.freeze of v2, which tells by
 * cgroup.events when it is done. Killing uses cgroup.kill where there is one, which neither forks
 * nor freezing escape, and then looks through the v1 groups for stragglers. A process frozen by v1
 * dies only when it is thawed.
 */
#include "kernel/cgroup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"
#include "kernel/cgroup-tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FREEZE_TIMEOUT_MS 1000
#define KILL_ROUNDS 8
#define KILL_ROUND_MS 500

/* ---- frozen ---- */

static Hierarchy *find_freezer(Cgroup *cgroup)
{
    Hierarchy *v1 = cgroup_find(cgroup, "freezer");

    return v1 ? v1 : cgroup_find_unified(cgroup);
}

static bool has_line(const char *text, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    return g_strv_contains((const char *const *)lines, line);
}

static bool frozen_now(const Hierarchy *freezer)
{
    g_autofree char *text = NULL;

    if (freezer->unified)
        return group_read(freezer, "cgroup.events", &text, NULL) && has_line(text, "frozen 1");
    return group_read(freezer, "freezer.state", &text, NULL) && !strcmp(text, "FROZEN");
}

/* v2 wakes us by POLLPRI; v1 has no such thing and is asked again after a moment. */
static void await_change(const Hierarchy *hierarchy, int timeout_ms)
{
    g_autofree char *path = g_build_filename(hierarchy->dir, "cgroup.events", NULL);
    autofd int events = hierarchy->unified ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct pollfd wait = { .fd = events, .events = POLLPRI };
    char text[256];

    if (events >= 0 && read(events, text, sizeof text) < 0)
        return;
    (void)poll(&wait, 1, timeout_ms); /* a change, the time or a signal: the caller looks again */
}

static bool freezer_write(const Hierarchy *freezer, bool freeze, GError **err)
{
    if (freezer->unified)
        return group_write(freezer, "cgroup.freeze", freeze ? "1" : "0", err);
    return group_write(freezer, "freezer.state", freeze ? "FROZEN" : "THAWED", err);
}

bool cgroup_freeze(Cgroup *cgroup, GError **err)
{
    const Hierarchy *freezer = find_freezer(cgroup);
    gint64 deadline = g_get_monotonic_time() + FREEZE_TIMEOUT_MS * 1000;

    if (!freezer)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("no cgroup hierarchy on this host can freeze processes"));
    if (!freezer_write(freezer, true, err))
        return false;
    while (!frozen_now(freezer)) {
        if (g_get_monotonic_time() >= deadline) {
            (void)freezer_write(freezer, false, NULL); /* the time-out is what went wrong */
            return fail(err, ERR(LXC, OPERATION_FAILED),
                        _("the processes of '%s' did not freeze in time"), cgroup->path);
        }
        await_change(freezer, freezer->unified ? FREEZE_TIMEOUT_MS : 1);
    }
    return true;
}

bool cgroup_thaw(Cgroup *cgroup, GError **err)
{
    const Hierarchy *freezer = find_freezer(cgroup);

    return !freezer || freezer_write(freezer, false, err);
}

bool cgroup_is_frozen(Cgroup *cgroup)
{
    const Hierarchy *freezer = find_freezer(cgroup);

    return freezer && frozen_now(freezer);
}

int cgroup_open_thaw(Cgroup *cgroup, bool *ret_is_v1)
{
    const Hierarchy *freezer = find_freezer(cgroup);
    g_autofree char *path = NULL;

    if (!freezer)
        return -1;
    *ret_is_v1 = !freezer->unified;
    path =
        g_build_filename(freezer->dir, freezer->unified ? "cgroup.freeze" : "freezer.state", NULL);
    return open(path, O_WRONLY | O_CLOEXEC);
}

int cgroup_open_kill(Cgroup *cgroup)
{
    const Hierarchy *unified = cgroup_find_unified(cgroup);
    g_autofree char *path = NULL;

    if (!unified)
        return -1;
    path = g_build_filename(unified->dir, "cgroup.kill", NULL);
    return open(path, O_WRONLY | O_CLOEXEC);
}

/* ---- signalled ---- */

#define LIST_MAX (1024 * 1024) /* of one group's processes, as text */

/* Notes the processes of the group at `dir`. */
static void note_processes(int dir, void *data)
{
    g_autofree char *text = path_read(dir, "cgroup.procs", LIST_MAX);
    g_auto(GStrv) pids = NULL;

    if (!text)
        return; /* gone meanwhile */
    pids = g_strsplit(text, "\n", -1);
    for (char **pid = pids; *pid; pid++) {
        pid_t number = (pid_t)atoi(*pid);
        if (number > 0 && number != getpid())
            g_hash_table_add(data, GINT_TO_POINTER(number));
    }
}

/* Every process in any of the hierarchies; most are in all of them. */
static GHashTable *all_processes(Cgroup *cgroup)
{
    GHashTable *pids = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        (void)group_walk(hierarchy->dir, &(GroupVisitor){ .enter = note_processes, .data = pids });
    }
    return pids;
}

static void signal_all(GHashTable *pids, int signum)
{
    GHashTableIter each;
    gpointer pid;

    g_hash_table_iter_init(&each, pids);
    while (g_hash_table_iter_next(&each, &pid, NULL))
        (void)kill(GPOINTER_TO_INT(pid), signum); /* gone meanwhile is what was wanted */
}

bool cgroup_kill(Cgroup *cgroup, int signum, GError **err)
{
    autofd int kill_fd = signum == SIGKILL ? cgroup_open_kill(cgroup) : -1;
    g_autoptr(GHashTable) pids = NULL;

    if (kill_fd >= 0 && !fd_write_full(kill_fd, "1", 1))
        return fail_errno(err, errno, _("cannot kill the processes of '%s'"), cgroup->path);
    pids = all_processes(cgroup);
    signal_all(pids, signum);
    return signum != SIGKILL || g_hash_table_size(pids) == 0 || cgroup_thaw(cgroup, err);
}

bool cgroup_is_empty(Cgroup *cgroup)
{
    g_autoptr(GHashTable) pids = all_processes(cgroup);

    return g_hash_table_size(pids) == 0;
}

/* Waits for all of them by their pidfds. Those that ended meanwhile have none. */
static void await_all(GHashTable *pids)
{
    gint64 deadline = g_get_monotonic_time() + KILL_ROUND_MS * 1000;
    GHashTableIter each;
    gpointer pid;

    g_hash_table_iter_init(&each, pids);
    while (g_hash_table_iter_next(&each, &pid, NULL)) {
        gint64 left = MAX(0, deadline - g_get_monotonic_time());
        autofd int pidfd = process_open(GPOINTER_TO_INT(pid));
        if (pidfd >= 0)
            (void)process_wait_end(pidfd, (int)(left / 1000)); /* the caller looks who is left */
    }
}

bool cgroup_kill_and_wait(Cgroup *cgroup, GError **err)
{
    for (int round = 0; round < KILL_ROUNDS; round++) {
        g_autoptr(GHashTable) pids = all_processes(cgroup);
        if (g_hash_table_size(pids) == 0)
            return true;
        if (!cgroup_kill(cgroup, SIGKILL, err))
            return false;
        await_all(pids);
    }
    return fail(err, ERR(LXC, OPERATION_FAILED),
                _("the processes of '%s' did not end in time after SIGKILL"), cgroup->path);
}

/* Usually everybody is gone, as init's end takes the others along: looking for them costs more. */
bool cgroup_clear(Cgroup *cgroup, GError **err)
{
    return cgroup_remove(cgroup, NULL) ||
           (cgroup_kill_and_wait(cgroup, err) && cgroup_remove(cgroup, err));
}
