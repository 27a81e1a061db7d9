// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * How init comes into its namespaces.
 *
 * Without a user namespace the controller clones init and asks for the namespaces in that call.
 *
 * With one, init's other namespaces must belong to it, so the clone happens in there: a helper is
 * cloned into the new user namespace, gets its id maps, and clones init as its sibling
 * (CLONE_PARENT): init is a child of the controller either way. After a reboot the helper enters
 * the user and network namespaces that are there already.
 *
 * Mounts that the host gives must keep their flags (read-only, nodev) against a root that may
 * remount. The kernel locks them where they are copied into a mount namespace of a lesser user
 * namespace, and only there. So with a helper the controller goes into a mount namespace of its own
 * for a moment, whose root is a staging directory with the sources in it and little else, and init
 * finds them, locked, in the copy that it is born with:
 *
 *     host's mounts --unshare--> staging directory --clone by helper--> init's copy, locked
 *
 * The host's /proc, /sys and /dev are there as well: the kernel lets init mount a /proc and /sys of
 * its own only where whole ones are to be seen already.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/idmap.h"
#include "kernel/mount.h"
#include "plan/message.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the other mount namespace ---- */

static const char *const host_trees[] = { "proc", "sys", "dev" };

/* The host's trees, opened while its mounts are still ours. */
static bool clone_host_trees(int *ret_fds, GError **err)
{
    for (gsize i = 0; i < G_N_ELEMENTS(host_trees); i++) {
        g_autofree char *path = g_strconcat("/", host_trees[i], NULL);
        ret_fds[i] = mount_clone(AT_FDCWD, path, MOUNT_RECURSIVE);
        if (ret_fds[i] < 0)
            return fail_errno(err, errno, _("cannot clone the mounts at '%s'"), path);
    }
    return true;
}

static bool attach_host_trees(int staging, const int *fds, GError **err)
{
    for (gsize i = 0; i < G_N_ELEMENTS(host_trees); i++) {
        autofd int place = path_make(staging, host_trees[i], PATH_DIRECTORY, PATH_LINKS_REFUSE);
        if (place < 0 || !mount_attach(fds[i], place))
            return fail_errno(err, errno, _("cannot stage '/%s'"), host_trees[i]);
    }
    return true;
}

/* The staging directory becomes the root of a new mount namespace; the host's root leaves it. */
static bool staging_pivot(Run *run, GError **err)
{
    autofd int top = -1;

    run->host_mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (run->host_mounts_fd < 0 || unshare(CLONE_NEWNS) < 0 || !mount_make_private())
        return fail_errno(err, errno, _("cannot make a mount namespace"));
    top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0 || !mount_attach(run->staging_fd, top) || !mount_pivot(run->staging_fd))
        return fail_errno(err, errno,
                          _("cannot mount the directory that collects the sources of mounts"));
    return true;
}

static bool staging_enter(Run *run, GError **err)
{
    int trees[G_N_ELEMENTS(host_trees)] = { -1, -1, -1 };
    bool fine = clone_host_trees(trees, err) &&
                mount_new("tmpfs", "mode=755", &run->staging_fd, err) && staging_pivot(run, err) &&
                attach_host_trees(run->staging_fd, trees, err);

    for (gsize i = 0; i < G_N_ELEMENTS(host_trees); i++)
        fd_close(trees[i]);
    return fine;
}

static void staging_leave(Run *run)
{
    if (run->host_mounts_fd < 0)
        return;
    if (setns(run->host_mounts_fd, CLONE_NEWNS) < 0)
        g_printerr("cannot go back to the host's mounts: %s\n", g_strerror(errno));
    fd_close(fd_steal(&run->host_mounts_fd));
    fd_close(fd_steal(&run->staging_fd));
}

char *staging_source_name(uint32_t mount)
{
    return g_strdup_printf("/source%u", mount);
}

char *staging_console_name(size_t console)
{
    return g_strdup_printf("/console%zu", console);
}

/* ---- the helper ---- */

static uint64_t clone_flags(const Run *run)
{
    static const struct {
        uint32_t plan;
        uint64_t clone;
    } namespaces[] = {
        {PLAN_NS_MOUNT, CLONE_NEWNS },
        { PLAN_NS_PID,  CLONE_NEWPID},
        { PLAN_NS_UTS,  CLONE_NEWUTS},
        { PLAN_NS_IPC,  CLONE_NEWIPC},
        { PLAN_NS_NET,  CLONE_NEWNET},
    };
    uint64_t flags = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(namespaces); i++) {
        if (run->plan.namespaces & namespaces[i].plan)
            flags |= namespaces[i].clone;
    }
    return run->restart && run->netns_fd >= 0 ? flags & ~(uint64_t)CLONE_NEWNET : flags;
}

static bool helper_enter(Run *run, GError **err)
{
    if (run->restart && run->userns_fd >= 0 && setns(run->userns_fd, CLONE_NEWUSER) < 0)
        return fail_errno(err, errno, _("cannot enter the user namespace"));
    if (run->restart && run->netns_fd >= 0 && setns(run->netns_fd, CLONE_NEWNET) < 0)
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

static bool open_userns(Run *run, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/user", (int)run->helper_pid);

    run->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (run->userns_fd < 0)
        return fail_errno(err, errno, _("cannot open the user namespace"));
    return true;
}

static bool helper_create(Run *run, GError **err)
{
    bool new_user = (run->plan.namespaces & PLAN_NS_USER) && run->userns_fd < 0;

    run->helper_pid = process_clone(new_user ? CLONE_NEWUSER : 0, -1, NULL);
    if (run->helper_pid == 0)
        helper_main(run);
    if (run->helper_pid < 0)
        return fail_errno(err, errno, _("cannot clone the helper that enters the user namespace"));
    return !new_user || (idmap_write(run->helper_pid, &run->plan, err) && open_userns(run, err));
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
    return !run_needs_helper(run) ||
           (staging_enter(run, err) && helper_create(run, err) && sources_stage(run, err));
}

void namespace_undo(Run *run)
{
    helper_reap(run);
    staging_leave(run);
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
    run->init_pid = pid;
    return true;
}

bool init_create(Run *run, GError **err)
{
    bool made = run_needs_helper(run) ? clone_by_helper(run, err) : clone_directly(run, err);

    fd_close(fd_steal(&run->inner_fd));
    helper_reap(run);
    staging_leave(run);
    return made && cgroup_leave(run->cgroup, err);
}

void init_undo(Run *run)
{
    if (run->init_pid > 0) {
        (void)kill(run->init_pid, SIGKILL); /* our child, unreaped: it is there */
        (void)waitpid(run->init_pid, NULL, 0);
    }
    run->init_pid = 0;
    fd_close(fd_steal(&run->init_pidfd));
}
