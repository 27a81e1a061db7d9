// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The kernel's own files back in place of those that nobody serves. With a user namespace mounts
 * are locked, for us too: the host's go on top. They are of the whole machine, so it does not
 * matter whose /proc and /sys they come from.
 *
 * Whoever does this enters a mount namespace that may have been arranged to hold it up. That is why
 * it is a process of its own, for which nobody waits; and only what still is one of the dead files
 * is covered.
 */
#include "controller/monitor.h"

#include "base/fd.h"
#include "view/node.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A detached mount; -1: the host has no such file. */
static int clone_of_host(const char *path)
{
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
        .propagation = MS_PRIVATE,
    };
    autofd int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        return -1;
    return fd_steal(&fd);
}

/* Asks nothing of its file system: that would fail. */
static bool is_on(int fd, uint64_t device)
{
    struct statx info;

    return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) == 0 &&
           makedev(info.stx_dev_major, info.stx_dev_minor) == device;
}

static bool cover(const char *path, int with, uint64_t device)
{
    autofd int target = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (target < 0 || !is_on(target, device))
        return true;
    return move_mount(with, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
}

bool view_cover(int init_pidfd, uint64_t device)
{
    int mounts[VIEW_KINDS];
    bool fine = true;

    for (ViewKind kind = VIEW_ROOT; kind < VIEW_KINDS; kind++)
        mounts[kind] = node_kernel_path(kind) ? clone_of_host(node_kernel_path(kind)) : -1;
    if (setns(init_pidfd, CLONE_NEWNS) < 0)
        return false;
    for (ViewKind kind = VIEW_ROOT; kind < VIEW_KINDS; kind++) {
        if (mounts[kind] >= 0)
            fine = cover(node_kernel_path(kind), mounts[kind], device) && fine;
    }
    return fine;
}
