// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Groups that are the container's own to divide, for an init such as systemd, or for containers in
 * the container. On v2 that is the group of its processes, below the one with the limits, so that
 * nothing it writes lifts any of them. Of v1 it is the hierarchy called "systemd", which has no
 * controller. v1 hierarchies with controllers stay read-only: there a group has its limits itself.
 *
 * Who may write to a directory may make groups in it; which files its owner needs besides is told
 * by the kernel's list of what is safe to give away, and some are younger than others.
 */
#include "kernel/cgroup.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"

#include <unistd.h>

static const char *const files[] = {
    "cgroup.procs",     "cgroup.threads", "cgroup.subtree_control",
    "memory.oom.group", "memory.reclaim", "tasks",
};

void group_divide(Cgroup *cgroup)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        hierarchy->divided = hierarchy->unified || hierarchy_has(hierarchy, "name=systemd");
    }
}

static bool give(const char *path, uid_t uid, gid_t gid, GError **err)
{
    return lchown(path, uid, gid) == 0 || errno == ENOENT ||
           fail_errno(err, errno, _("cannot give '%s' to the container's root"), path);
}

static bool give_group(const char *dir, uid_t uid, gid_t gid, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        if (!give(path, uid, gid, err))
            return false;
    }
    return give(dir, uid, gid, err);
}

/* Groups cost the kernel memory that it counts as nobody's. v1 knows no such limit, nor do kernels
 * before 4.14. */
#define GROUPS_MOST "16384"

static void limit_groups(const Hierarchy *hierarchy)
{
    (void)group_write(hierarchy, "cgroup.max.descendants", GROUPS_MOST, NULL); /* as said above */
}

bool cgroup_give(Cgroup *cgroup, uid_t uid, gid_t gid, GError **err)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        g_autofree char *dir = group_members_dir(hierarchy);
        if (!hierarchy->divided)
            continue;
        if (hierarchy->unified) {
            group_enable_controllers(hierarchy, hierarchy->dir);
            limit_groups(hierarchy);
        }
        if (uid != 0 && !give_group(dir, uid, gid, err))
            return false;
    }
    return true;
}
