// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * How init comes into its namespaces.
 *
 * At a start the controller clones it and asks for the namespaces in that call; they belong to the
 * new user namespace if there is one, whose id maps are written right after.
 *
 * After a reboot the user and network namespaces are there already. A helper enters them, and
 * clones init as its sibling (CLONE_PARENT): init is a child of the controller either way.
 *
 * The mount namespace is init's own from the clone on, except with a user namespace: then both
 * controller and init are first in one between the host's and the container's. See tree.c.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/idmap.h"
#include "plan/message.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the mount namespace in between ---- */

static bool mounts_enter(Run *run, GError **err)
{
    run->host_mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (run->host_mounts_fd < 0 || unshare(CLONE_NEWNS) < 0)
        return fail_errno(err, errno, _("cannot make a mount namespace"));
    return true;
}

/* Before the builder makes the container's tree the root of all who are in there. */
static bool mounts_leave(Run *run, GError **err)
{
    if (run->host_mounts_fd < 0)
        return true;
    if (setns(run->host_mounts_fd, CLONE_NEWNS) < 0)
        return fail_errno(err, errno, _("cannot go back to the host's mounts"));
    fd_close(fd_steal(&run->host_mounts_fd));
    return true;
}

/* ---- the helper ---- */

static const struct {
    uint32_t plan;
    uint64_t clone;
} kinds[] = {
    {PLAN_NS_MOUNT, CLONE_NEWNS  },
    { PLAN_NS_PID,  CLONE_NEWPID },
    { PLAN_NS_UTS,  CLONE_NEWUTS },
    { PLAN_NS_IPC,  CLONE_NEWIPC },
    { PLAN_NS_NET,  CLONE_NEWNET },
    { PLAN_NS_USER, CLONE_NEWUSER},
};

uint64_t namespace_flags(uint32_t namespaces)
{
    uint64_t flags = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (namespaces & kinds[i].plan)
            flags |= kinds[i].clone;
    return flags;
}

static uint64_t clone_flags(const Run *run)
{
    uint64_t flags = namespace_flags(run->plan.namespaces);

    if (run_has_builder(run))
        flags &= ~(uint64_t)CLONE_NEWNS;
    if (run->restart && run->netns_fd >= 0)
        flags &= ~(uint64_t)CLONE_NEWNET;
    if (run->restart && run->userns_fd >= 0)
        flags &= ~(uint64_t)CLONE_NEWUSER;
    return flags;
}

bool namespace_join_init(const Run *run, int more, GError **err)
{
    uint32_t wanted = PLAN_NS_UTS | PLAN_NS_IPC | PLAN_NS_NET;
    int flags = (int)namespace_flags(run->plan.namespaces & wanted) | more;

    return flags == 0 || setns(run->init_pidfd, flags) == 0 ||
           fail_errno(err, errno, _("cannot enter the namespaces of init"));
}

static bool helper_enter(Run *run, GError **err)
{
    if (run->userns_fd >= 0 && setns(run->userns_fd, CLONE_NEWUSER) < 0)
        return fail_errno(err, errno, _("cannot enter the user namespace"));
    if (run->netns_fd >= 0 && setns(run->netns_fd, CLONE_NEWNET) < 0)
        return fail_errno(err, errno, _("cannot enter the network namespace"));
    return true;
}

static void helper_fail(Run *run, GError *why)
{
    fail_while(&why, "init");
    (void)send_error(run->inner_fd, CONTROL_FAILED, why); /* nobody there: nobody to tell */
    _exit(1);
}

/* Waits for the word, clones init, says which process that is. */
static void helper_main(Run *run)
{
    g_autoptr(GError) why = NULL;
    Message message = { 0 };
    ControlRunning made = { 0 };
    int cgroup_fd = -1;
    pid_t pid;

    fd_close(fd_steal(&run->init_fd));
    if (!helper_enter(run, &why) || !cgroup_open_unified(run->cgroup, &cgroup_fd, &why))
        helper_fail(run, why);
    if (message_receive(run->inner_fd, &message) <= 0)
        _exit(1);
    pid = process_clone(clone_flags(run) | CLONE_PARENT, cgroup_fd, NULL);
    if (pid == 0)
        init_main(run);
    if (pid < 0) {
        fail_errno(&why, errno, _("cannot clone the first process"));
        helper_fail(run, why);
    }
    made.init_pid = pid;
    (void)message_send(run->inner_fd, CONTROL_LINKS, &made, NULL, 0); /* as above */
    _exit(0);
}

static bool helper_create(Run *run, GError **err)
{
    run->helper_pid = process_clone(0, -1, NULL);
    if (run->helper_pid == 0)
        helper_main(run);
    fd_close(fd_steal(&run->inner_fd)); /* so that the helper's end is seen */
    return run->helper_pid > 0 ||
           fail_errno(err, errno, _("cannot clone the helper that enters the kept namespaces"));
}

static void helper_reap(Run *run)
{
    if (run->helper_pid <= 0)
        return;
    (void)kill(run->helper_pid, SIGKILL); /* it has ended, or is to end */
    (void)waitpid(run->helper_pid, NULL, 0);
    run->helper_pid = 0;
}

bool namespace_create(Run *run, GError **err)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    run->init_fd = ends[0];
    run->inner_fd = ends[1];
    return (!run_has_builder(run) || mounts_enter(run, err)) && clock_set(run, err) &&
           shares_enter(run, err) && (!run_needs_helper(run) || helper_create(run, err));
}

void namespace_undo(Run *run)
{
    g_autoptr(GError) why = NULL;

    helper_reap(run);
    if (!shares_leave(run, &why) || !clock_leave(run, &why) || !mounts_leave(run, &why))
        g_printerr("%s\n", why->message);
    fd_close(fd_steal(&run->userns_fd));
    fd_close(fd_steal(&run->init_fd));
    fd_close(fd_steal(&run->inner_fd));
}

/* ---- init ---- */

static bool clone_by_helper(Run *run, GError **err)
{
    Message message = { 0 };
    int got;

    if (!message_send(run->init_fd, CONTROL_GO, NULL, NULL, 0) && errno != EPIPE)
        return fail_errno(err, errno, _("cannot talk to the helper"));
    got = message_receive(run->init_fd, &message);
    if (got > 0 && message.kind == CONTROL_LINKS) {
        run->init_pid = message.body.running.init_pid;
    } else if (got > 0) { /* the helper's, or init's own that was faster */
        fail_control(err, &message.body.error);
        run->error_is_named = true;
    } else {
        fail(err, ERR(LXC, INTERNAL_ERROR),
             _("the helper ended before it had made the first process"));
    }
    if (got > 0)
        message_clear(&message);
    if (run->init_pid <= 0)
        return false;
    run->init_pidfd = process_open(run->init_pid); /* our child: not reaped, so not reused */
    if (run->init_pidfd < 0)
        return fail_errno(err, errno, _("cannot open the first process"));
    return true;
}

static bool clone_directly(Run *run, GError **err)
{
    autofd int cgroup_fd = -1;
    pid_t pid;

    if (!cgroup_open_unified(run->cgroup, &cgroup_fd, err))
        return false;
    pid = process_clone(clone_flags(run), cgroup_fd, &run->init_pidfd);
    if (pid == 0) {
        fd_close(fd_steal(&run->init_fd));
        init_main(run);
    }
    if (pid < 0)
        return fail_errno(err, errno, _("cannot clone the first process"));
    fd_close(fd_steal(&run->inner_fd)); /* so that init's end is seen */
    run->init_pid = pid;
    return true;
}

bool init_create(Run *run, GError **err)
{
    bool made = run_needs_helper(run) ? clone_by_helper(run, err) : clone_directly(run, err);

    helper_reap(run);
    return made && shares_leave(run, err) && clock_leave(run, err) && mounts_leave(run, err);
}

void init_undo(Run *run)
{
    if (run->init_pid > 0) {
        (void)kill(run->init_pid, SIGKILL);   /* our child, unreaped: it is there */
        (void)cgroup_thaw(run->cgroup, NULL); /* what is frozen does not die; most are not */
        (void)waitpid(run->init_pid, NULL, 0);
    }
    run->init_pid = 0;
    fd_close(fd_steal(&run->init_pidfd));
}

/* ---- its ids ---- */

static bool open_userns(Run *run, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/user", (int)run->init_pid);

    run->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (run->userns_fd < 0)
        return fail_errno(err, errno, _("cannot open the user namespace"));
    return true;
}

bool init_map(Run *run, GError **err)
{
    if (!(run->plan.namespaces & PLAN_NS_USER))
        return true;
    if (run->userns_fd < 0 &&
        (!idmap_write(run->init_pid, &run->plan, err) || !open_userns(run, err)))
        return false;
    return sources_map(run, err);
}
