// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See dev.h. The tree is fresh and seen by nobody else: plain relative paths are safe in it. */
#include "kernel/dev.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "kernel/console.h"
#include "kernel/idmap.h"
#include "kernel/label.h"
#include "kernel/mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEFAULT_OPTIONS "mode=755,size=65536"

static bool give_to_root(int dev, const char *path, const Plan *plan)
{
    if (!(plan->namespaces & PLAN_NS_USER))
        return true;
    return fchownat(dev, path, idmap_root_uid(plan), idmap_root_gid(plan),
                    AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0;
}

/* Directories that `path` is in, outermost first. Made ones are the container's root's. */
static bool make_parents(int dev, const char *path, const Plan *plan)
{
    g_autofree char *parent = g_strdup(path);

    for (char *slash = strchr(parent, '/'); slash; slash = strchr(slash + 1, '/')) {
        bool made;

        *slash = '\0';
        made = mkdirat(dev, parent, 0755) == 0;
        if (made ? fchmodat(dev, parent, 0755, 0) < 0 || !give_to_root(dev, parent, plan)
                 : errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

bool dev_make_node(int dev, const PlanNode *node, const Plan *plan, GError **err)
{
    mode_t type = node->type == 'b' ? S_IFBLK : S_IFCHR;

    if (!make_parents(dev, node->path, plan) ||
        mknodat(dev, node->path, type | node->mode, makedev(node->major, node->minor)) < 0 ||
        fchmodat(dev, node->path, node->mode, 0) < 0 || !give_to_root(dev, node->path, plan))
        return fail_errno(err, errno, _("cannot make node '/dev/%s'"), node->path);
    return true;
}

static bool make_symlink(int dev, const PlanSymlink *link, const Plan *plan, GError **err)
{
    if (!make_parents(dev, link->path, plan) || symlinkat(link->target, dev, link->path) < 0 ||
        !give_to_root(dev, link->path, plan))
        return fail_errno(err, errno, _("cannot make link '/dev/%s'"), link->path);
    return true;
}

/* An empty file that a console is bound on. */
static bool make_console_place(int dev, unsigned index, GError **err)
{
    g_autofree char *name = console_device(index);
    autofd int fd = path_make(dev, name, PATH_FILE, PATH_LINKS_REFUSE);

    if (fd < 0)
        return fail_errno(err, errno, _("cannot make '/dev/%s'"), name);
    return true;
}

/* Directories that later mounts want, so that nothing is made in the container's name. */
static bool make_mount_places(int dev, const Plan *plan, GError **err)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++) {
        const PlanMount *mount = &plan->mounts.items[i];
        autofd int fd = -1;
        if (mount->kind != PLAN_MOUNT_NEW || !g_str_has_prefix(mount->target, "/dev/"))
            continue;
        fd = path_make(dev, mount->target + strlen("/dev/"), PATH_DIRECTORY, PATH_LINKS_REFUSE);
        if (fd < 0 || !give_to_root(fd, "", plan))
            return fail_errno(err, errno, _("cannot make '%s'"), mount->target);
    }
    return true;
}

static bool make_consoles(int dev, const Plan *plan, GError **err)
{
    /* The first is also a numbered terminal, for what looks for one. */
    static const PlanSymlink first = { (char *)"tty1", (char *)"console" };

    for (uint32_t i = 0; i < plan->consoles.len; i++) {
        if (!make_console_place(dev, i, err))
            return false;
    }
    return plan->consoles.len == 0 || make_symlink(dev, &first, plan, err);
}

static bool make_nodes(int dev, const Plan *plan, const DeviceSet *devices, GError **err)
{
    for (uint32_t i = 0; i < plan->nodes.len; i++) {
        if (!dev_make_node(dev, &plan->nodes.items[i], plan, err))
            return false;
    }
    for (guint i = 0; i < devices->nodes->len; i++) {
        if (!dev_make_node(dev, &g_array_index(devices->nodes, PlanNode, i), plan, err))
            return false;
    }
    return true;
}

bool dev_make(const Plan *plan, const DeviceSet *devices, const char *options, int *ret_fd,
              GError **err)
{
    const MountType type = { "tmpfs", *options ? options : DEFAULT_OPTIONS,
                             label_of_mount(plan, "tmpfs") };
    autofd int dev = -1;

    if (!mount_new_labelled(&type, &dev, err))
        return false;
    if (!give_to_root(dev, "", plan))
        return fail_errno(err, errno, _("cannot give '%s' to the container's root"), "/dev");
    if (!make_nodes(dev, plan, devices, err))
        return false;
    for (uint32_t i = 0; i < plan->symlinks.len; i++) {
        if (!make_symlink(dev, &plan->symlinks.items[i], plan, err))
            return false;
    }
    if (!make_consoles(dev, plan, err) || !make_mount_places(dev, plan, err))
        return false;
    *ret_fd = fd_steal(&dev);
    return true;
}
