// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the host gives to the container's tree, opened as host root before any namespace of the
 * container exists: detached mounts with their flags and id map, which are only attached later.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/host-path.h"
#include "base/text.h"
#include "kernel/closed-places.h"
#include "kernel/dev.h"
#include "kernel/mount.h"

bool source_fail_way(const PlanMount *mount, const char *path, int errnum, GError **err)
{
    if (errnum == EXDEV)
        return fail(
            err, ERR(LXC, CONFIG_UNSUPPORTED),
            _("cannot use '%s' for '%s': '..' leads out of a directory that a container can "
              "change"),
            path, mount->target);
    return fail(err, ERR(LXC, OPERATION_FAILED),
                _("cannot use '%s' for '%s': a symbolic link on the way is not to be trusted"),
                path, mount->target);
}

static bool fail_mount(const PlanMount *mount, int errnum, GError **err)
{
    if (errnum == ELOOP || errnum == EXDEV)
        return source_fail_way(mount, mount->source, errnum, err);
    return fail_errno(err, errnum, _("cannot mount '%s' on '%s'"), mount->source, mount->target);
}

static int clone_host(const Run *run, const PlanMount *mount)
{
    MountDepth depth = mount->flags & PLAN_MOUNT_F_RECURSIVE ? MOUNT_RECURSIVE : MOUNT_TOP_ONLY;
    HostPathEnd end = mount->flags & PLAN_MOUNT_F_NO_LINK ? HOST_PATH_NO_LINK : HOST_PATH_ANY;
    autofd int place = host_path_find(mount->source, closed_places(run->closed), end);

    return place < 0 ? -1 : mount_clone_peer(place, "", depth, mount->propagation);
}

static bool open_host(const Run *run, const PlanMount *mount, int *ret_fd, GError **err)
{
    autofd int fd = clone_host(run, mount);

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && (mount->flags & PLAN_MOUNT_F_OPTIONAL))
        return true;
    if (fd < 0 || !mount_set_flags(fd, mount->flags))
        return fail_mount(mount, errno, err);
    *ret_fd = fd_steal(&fd);
    return true;
}

static bool open_source(const Run *run, uint32_t index, int *ret_fd, GError **err)
{
    const PlanMount *mount = &run->plan.mounts.items[index];

    if (mount->kind == PLAN_MOUNT_HOST)
        return open_host(run, mount, ret_fd, err);
    if (mount->kind == PLAN_MOUNT_BLOCK || mount->kind == PLAN_MOUNT_IMAGE)
        return images_mount(run, index, ret_fd, err);
    if (mount->kind == PLAN_MOUNT_OVERLAY && !run_has_builder(run))
        return overlay_make(run, mount, ret_fd, err);
    if (mount->kind != PLAN_MOUNT_DEV)
        return true; /* made where it is attached */
    if (!dev_make(&run->plan, run->devices, mount->options, ret_fd, err))
        return false;
    return mount_set_flags(*ret_fd, mount->flags) || fail_mount(mount, errno, err);
}

bool sources_open(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.mounts.len; i++) {
        if (!open_source(run, i, &run->sources[i], err))
            return false;
    }
    return true;
}

/* ---- with a user namespace ---- */

/* An overlay's layers are mapped one by one before it is made of them. */
static bool map_source(const Run *run, const PlanMount *mount, int *fd, GError **err)
{
    if (mount->kind == PLAN_MOUNT_OVERLAY)
        return overlay_make(run, mount, fd, err);
    return *fd < 0 || !source_wants_map(run, mount, *fd) ||
           source_map(run, mount, mount->source, *fd, err);
}

bool sources_map(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.mounts.len; i++) {
        if (!map_source(run, &run->plan.mounts.items[i], &run->sources[i], err))
            return false;
    }
    return true;
}

void sources_close(Run *run)
{
    for (uint32_t i = 0; i < run->plan.mounts.len; i++)
        fd_close(fd_steal(&run->sources[i]));
    for (size_t i = 0; i < run->n_consoles; i++)
        fd_close(fd_steal(&run->consoles[i].mount));
}
