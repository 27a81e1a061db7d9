// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE list of what makes the container's tree, and the process that goes through it.
 *
 * Without a user namespace that is init itself, in the mount namespace that it is born with.
 *
 * With one, root inside could take away or make writable whatever is mounted in a mount namespace
 * of its own. The kernel locks mounts only as they are copied from the mount namespace of a greater
 * user namespace into that of a lesser one. So the tree is built, and made the root, by a builder
 * with the host's privileges in a mount namespace that belongs to the host, where init waits; then
 * init takes its own copy:
 *
 *     host's mounts --unshare, by the controller--> between --unshare, by init--> init's, locked
 *                                                      ^ builder
 *
 * The builder is in the container's other namespaces and groups, since /proc, /sys, mqueue and the
 * control groups show those of who mounts them; what it makes belongs to root of the container. It
 * is gone before anything of the container runs.
 */
#include "controller/tree.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/idmap.h"
#include "kernel/mount.h"
#include "plan/message.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the list ---- */

static bool attach_root(Run *run, GError **err)
{
    return tree_attach_root(run, &run->root_fd, err);
}

static bool attach_mounts(Run *run, GError **err)
{
    return tree_attach_mounts(run, run->root_fd, err);
}

static bool pivot(Run *run, GError **err)
{
    return mount_pivot(run->root_fd) || fail_errno(err, errno, _("cannot change to the root tree"));
}

static const Step tree_steps[] = {
    {"root",    attach_root,   NULL},
    { "mounts", attach_mounts, NULL},
    { "pivot",  pivot,         NULL},
};

void tree_print_steps(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tree_steps); i++)
        g_print("%s\n", tree_steps[i].name);
}

bool tree_join_freezer(const Run *run, GError **err)
{
    return run->freezer_fd < 0 || fd_write_full(run->freezer_fd, "0", 1) ||
           fail_errno(err, errno, _("cannot join the group that freezes"));
}

/* The groups are joined by now, so they become "/" of the cgroup namespace. */
static bool new_cgroup_namespace(const Run *run, GError **err)
{
    return !(run->plan.namespaces & PLAN_NS_CGROUP) || unshare(CLONE_NEWCGROUP) == 0 ||
           fail_errno(err, errno, _("cannot make a cgroup namespace"));
}

static bool build(Run *run, GError **err)
{
    return new_cgroup_namespace(run, err) &&
           steps_run(tree_steps, G_N_ELEMENTS(tree_steps), run, err);
}

/* ---- the builder ---- */

/* The host's mount namespace is not ours any more: init is in the one in between. */
static bool join_init(const Run *run, GError **err)
{
    return namespace_join_init(run, CLONE_NEWNS | shares_clone_flags(&run->plan), err);
}

static bool prepare(const Run *run, GError **err)
{
    (void)umask(0); /* gives the old one */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return fail_errno(err, errno, _("cannot tie the process to its controller"));
    return tree_join_freezer(run, err) && join_init(run, err) &&
           (idmap_make_files_as_root(&run->plan) ||
            fail_errno(err, errno, _("cannot make files in the name of the container's root")));
}

/* Init hears by the controller's end of their talk when the tree stands. */
static void builder_main(Run *run, int report_fd)
{
    g_autoptr(GError) why = NULL;

    if (prepare(run, &why) && build(run, &why) &&
        message_send(run->init_fd, CONTROL_TREE, NULL, NULL, 0))
        _exit(0);
    if (!why)
        fail_errno(&why, errno, _("cannot talk to init"));
    if (!run->error_is_named)
        fail_while(&why, "builder");
    (void)send_error(report_fd, CONTROL_FAILED, why); /* nobody there: nobody to tell */
    _exit(1);
}

/* A clone is born in the pid namespace that is set for children; ours are to stay in ours. */
static pid_t clone_beside_init(const Run *run, int cgroup_fd)
{
    autofd int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    bool new_pids = run->plan.namespaces & PLAN_NS_PID;
    pid_t pid;
    int errnum;

    if (own < 0 || (new_pids && setns(run->init_pidfd, CLONE_NEWPID) < 0))
        return -1;
    pid = process_clone(0, cgroup_fd, NULL);
    errnum = errno;
    if (pid != 0 && setns(own, CLONE_NEWPID) < 0)
        g_printerr("cannot go back to the pid namespace: %s\n", g_strerror(errno));
    errno = errnum;
    return pid;
}

bool builder_start(Run *run, GError **err)
{
    autofd int cgroup_fd = -1;
    autofd int report_fd = -1;
    int ends[2];

    if (!run_has_builder(run))
        return true;
    if (!cgroup_open_unified(run->cgroup, &cgroup_fd, err))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    run->builder_fd = ends[0];
    report_fd = ends[1];
    run->builder_pid = clone_beside_init(run, cgroup_fd);
    if (run->builder_pid == 0)
        builder_main(run, report_fd);
    return run->builder_pid > 0 ||
           fail_errno(err, errno, _("cannot clone the builder of the container's tree"));
}

/* Silence is success only of who ends well. The end of init, first of its pids, ends it too. */
bool builder_finish(Run *run, GError **err)
{
    Message message = { 0 };
    int status = 0;

    if (run->builder_pid <= 0)
        return true;
    view_serve(run, run->builder_fd);
    if (message_receive(run->builder_fd, &message) > 0) {
        fail_control(err, &message.body.error);
        run->error_is_named = true;
        message_clear(&message);
        return false;
    }
    if (waitpid(run->builder_pid, &status, 0) != run->builder_pid)
        return fail_errno(err, errno, _("cannot wait for the builder of the container's tree"));
    run->builder_pid = 0;
    fd_close(fd_steal(&run->builder_fd));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return init_tells_why(run, err) ? false
                                    : fail(err, ERR(LXC, INTERNAL_ERROR),
                                           _("the builder of the container's tree was killed"));
}

void builder_undo(Run *run)
{
    if (run->builder_pid > 0) {
        (void)kill(run->builder_pid, SIGKILL); /* our child, unreaped: it is there */
        (void)cgroup_thaw(run->cgroup, NULL);  /* what is frozen does not die; most are not */
        (void)waitpid(run->builder_pid, NULL, 0);
    }
    run->builder_pid = 0;
    fd_close(fd_steal(&run->builder_fd));
}

/* ---- init ---- */

static bool await_builder(const Run *run, GError **err)
{
    if (!init_await(run, CONTROL_TREE, err))
        return false;
    if (unshare(CLONE_NEWNS) < 0 || chdir("/") < 0)
        return fail_errno(err, errno, _("cannot make a mount namespace"));
    return new_cgroup_namespace(run, err);
}

bool tree_enter(Run *run, GError **err)
{
    return run_has_builder(run) ? await_builder(run, err) : build(run, err);
}
