// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a container sees of control groups: its own subtree of every hierarchy, as "/" of its cgroup
 * namespace. Read-only, since the files at that "/" are the container's own limits, but for what is
 * delegated to it. On a pure v2 host the tree itself is at the target, else a small tmpfs with one
 * directory per hierarchy.
 */
#include "kernel/cgroup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"
#include "kernel/mount.h"

#include <sys/stat.h>

#define VIEW_FLAGS                                                                                 \
    (PLAN_MOUNT_F_READONLY | PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV | PLAN_MOUNT_F_NOEXEC)

static bool mount_hierarchy(const Hierarchy *hierarchy, int *ret_fd, GError **err)
{
    g_autofree char *names = g_strjoinv(",", hierarchy->controllers);
    g_autofree char *options = NULL;
    autofd int fd = -1;

    if (!hierarchy->unified)
        options = g_strconcat(g_str_has_prefix(names, "name=") ? "none," : "", names, NULL);
    if (!mount_new(hierarchy->unified ? "cgroup2" : "cgroup", options ? options : "", &fd, err))
        return false;
    if (!mount_set_flags(fd, hierarchy->divided ? VIEW_FLAGS & ~PLAN_MOUNT_F_READONLY : VIEW_FLAGS))
        return fail_errno(err, errno, _("cannot set the mount flags of the view of cgroup '%s'"),
                          hierarchy->mount);
    *ret_fd = fd_steal(&fd);
    return true;
}

/* Named as on the host: the last part of where it is mounted there. */
static bool attach_hierarchy(const Hierarchy *hierarchy, int target, GError **err)
{
    g_autofree char *name = g_path_get_basename(hierarchy->mount);
    autofd int place = path_make(target, name, PATH_DIRECTORY, PATH_LINKS_REFUSE);
    autofd int fd = -1;

    if (place < 0)
        return fail_errno(err, errno, _("cannot make a directory for cgroup '%s'"), name);
    if (!mount_hierarchy(hierarchy, &fd, err))
        return false;
    if (!mount_attach(fd, place))
        return fail_errno(err, errno, _("cannot mount cgroup '%s'"), name);
    return true;
}

static bool attach_all(const Cgroup *cgroup, int target, GError **err)
{
    autofd int tmpfs = -1;

    if (!mount_new("tmpfs", "mode=755,size=64k", &tmpfs, err))
        return false;
    if (!mount_set_flags(tmpfs, VIEW_FLAGS & ~PLAN_MOUNT_F_READONLY))
        return fail_errno(err, errno, _("cannot set the mount flags of the cgroup view"));
    if (!mount_attach(tmpfs, target))
        return fail_errno(err, errno, _("cannot mount the cgroup view"));
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        if (!attach_hierarchy(g_ptr_array_index(cgroup->hierarchies, i), tmpfs, err))
            return false;
    }
    if (!mount_set_flags(tmpfs, PLAN_MOUNT_F_READONLY))
        return fail_errno(err, errno, _("cannot make the cgroup view read-only"));
    return true;
}

bool cgroup_attach_view(const Cgroup *cgroup, int target_fd, GError **err)
{
    const Hierarchy *only = cgroup_find_unified(cgroup);
    autofd int fd = -1;

    if (!only || cgroup->hierarchies->len > 1)
        return attach_all(cgroup, target_fd, err);
    if (!mount_hierarchy(only, &fd, err))
        return false;
    if (!mount_attach(fd, target_fd))
        return fail_errno(err, errno, _("cannot mount the cgroup view"));
    return true;
}
