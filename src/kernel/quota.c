// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See quota.h. Here is who does it, and what each file system says when it cannot. */
#include "kernel/quota.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/quota-project.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)
#define XFS_MAGIC 0x58465342 /* it has no name in the kernel's headers */
/* The inode of every subvolume's top. */
#define SUBVOLUME_INODE 256
#define NO_LIMIT UINT64_MAX

static int open_directory(const QuotaPlace *place, const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const char *name = NULL;
    autofd int dir = -1;

    if (place->way != QUOTA_WAY_TRUSTED) {
        dir = host_path_find(path, place->closed,
                             place->way == QUOTA_WAY_NO_LINK ? HOST_PATH_NO_LINK
                                                             : HOST_PATH_DIRECTORY);
        return dir < 0 ? -1 : openat(dir, ".", flags);
    }
    dir = host_path_open_parent(path, place->closed, &name);
    return dir < 0 ? -1 : openat(dir, name, flags | O_NOFOLLOW);
}

/* ---- btrfs ---- */

static bool limit_group(int fd, uint64_t bytes)
{
    struct btrfs_ioctl_qgroup_limit_args args = {
        .lim = {.flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = bytes},
    };

    return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) == 0;
}

static bool is_subvolume(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && info.st_ino == SUBVOLUME_INODE;
}

static bool set_group(const QuotaPlace *place, int fd, GError **err)
{
    if (!is_subvolume(fd))
        return fail(err, UNSUPPORTED,
                    _("cannot limit the space of '%s': on btrfs only a subvolume can be limited, "
                      "as 'btrfs subvolume create' makes it"),
                    place->path);
    if (limit_group(fd, place->bytes))
        return true;
    if (errno == ENOTCONN || errno == EINVAL || errno == ENOENT)
        return fail(err, UNSUPPORTED,
                    _("cannot limit the space of '%s': its file system counts no space, which "
                      "'btrfs quota enable' starts"),
                    place->path);
    return fail_errno(err, errno, _("cannot limit the space of '%s'"), place->path);
}

/* Where quotas are off by now there is nothing to lift. */
static bool lift_group(const QuotaPlace *place, int fd, GError **err)
{
    return !is_subvolume(fd) || limit_group(fd, NO_LIMIT) || errno == ENOTCONN || errno == EINVAL ||
           errno == ENOENT ||
           fail_errno(err, errno, _("cannot lift the limit on the space of '%s'"), place->path);
}

/* ---- projects ---- */

static bool refuse_projects(const QuotaPlace *place, long type, GError **err)
{
    if (type == EXT4_SUPER_MAGIC)
        return fail(err, UNSUPPORTED,
                    _("cannot limit the space of '%s': its file system is not mounted with "
                      "'prjquota', for which ext4 has to be made with -O quota,project or changed "
                      "by 'tune2fs -O quota,project -Q prjquota', and the kernel to have quotas"),
                    place->path);
    if (type == XFS_MAGIC)
        return fail(err, UNSUPPORTED,
                    _("cannot limit the space of '%s': its file system is not mounted with "
                      "'prjquota', or the kernel has no quotas for xfs"),
                    place->path);
    return fail(
        err, UNSUPPORTED,
        _("cannot limit the space of '%s': its file system has no limits for directories; "
          "ext4, xfs and btrfs have, and an image of type='file' is as large as it is made"),
        place->path);
}

static bool set_project(const QuotaPlace *place, int fd, long type, GError **err)
{
    uint32_t id = 0;

    if (!project_is_enforced(fd))
        return refuse_projects(place, type, err);
    if (!project_choose(fd, place->path, &id, err) || !project_mark(fd, place->path, id, err))
        return false;
    if (place->beside) {
        autofd int beside = open_directory(place, place->beside);
        if (beside < 0)
            return fail_errno(err, errno, _("cannot open '%s'"), place->beside);
        if (!project_mark(beside, place->beside, id, err))
            return false;
    }
    return project_limit(fd, id, place->bytes) ||
           fail_errno(err, errno, _("cannot limit the space of '%s'"), place->path);
}

static bool lift_project(const QuotaPlace *place, int fd, GError **err)
{
    uint32_t id = 0;

    return !project_is_enforced(fd) || !project_find(fd, &id) || project_limit(fd, id, 0) ||
           fail_errno(err, errno, _("cannot lift the limit on the space of '%s'"), place->path);
}

/* ---- both ---- */

static bool open_place(const QuotaPlace *place, int *ret_fd, long *ret_type, GError **err)
{
    autofd int fd = open_directory(place, place->path);
    struct statfs info;

    if (fd < 0 && errno == EXDEV)
        return fail(err, UNSUPPORTED,
                    _("cannot use '%s': a container can change a directory on the way"),
                    place->path);
    if (fd < 0 || fstatfs(fd, &info) < 0)
        return fail_errno(err, errno, _("cannot limit the space of '%s'"), place->path);
    *ret_type = (long)info.f_type;
    *ret_fd = fd_steal(&fd);
    return true;
}

bool quota_set(const QuotaPlace *place, GError **err)
{
    g_autoptr(GError) why = NULL;
    autofd int fd = -1;
    long type = 0;

    if (!open_place(place, &fd, &type, &why)) {
        if (place->optional && error_errno(why) == ENOENT)
            return true;
        g_propagate_error(err, g_steal_pointer(&why));
        return false;
    }
    return type == BTRFS_SUPER_MAGIC ? set_group(place, fd, err)
                                     : set_project(place, fd, type, err);
}

bool quota_lift(const QuotaPlace *place, GError **err)
{
    autofd int fd = -1;
    long type = 0;

    if (!open_place(place, &fd, &type, NULL))
        return true;
    return type == BTRFS_SUPER_MAGIC ? lift_group(place, fd, err) : lift_project(place, fd, err);
}
