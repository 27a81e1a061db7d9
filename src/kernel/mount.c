// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See mount.h. */
#include "kernel/mount.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The kernel explains a refusal in lines of "e text" on the context itself. */
static bool fail_context(GError **err, int context, const char *type, const char *what)
{
    int saved = errno;
    char text[256];
    ssize_t n = read(context, text, sizeof text - 1);

    if (n <= 2)
        return fail_errno(err, saved, _("cannot make a file system '%s' (%s)"), type, what);
    text[n] = '\0';
    return fail_errno(err, saved, _("cannot make a file system '%s' (%s)"), type,
                      g_strchomp(text + 2));
}

static bool set_option(int context, char *option)
{
    char *value = strchr(option, '=');

    if (!value)
        return fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0) == 0;
    *value = '\0';
    return fsconfig(context, FSCONFIG_SET_STRING, option, value + 1, 0) == 0;
}

/* A label has commas of its own. */
static bool set_options(int context, const MountType *type, GError **err)
{
    g_auto(GStrv) list = g_strsplit(type->options, ",", -1);

    for (char **option = list; *option; option++) {
        if (**option && !set_option(context, *option))
            return fail_context(err, context, type->name, *option);
    }
    return !type->label || fsconfig(context, FSCONFIG_SET_STRING, "context", type->label, 0) == 0 ||
           fail_context(err, context, type->name, type->label);
}

bool mount_new_labelled(const MountType *type, int *ret_fd, GError **err)
{
    autofd int context = fsopen(type->name, FSOPEN_CLOEXEC);
    int fd;

    if (context < 0)
        return fail_errno(err, errno, _("cannot make a file system '%s'"), type->name);
    if (!set_options(context, type, err))
        return false;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fail_context(err, context, type->name, type->options);
    fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (fd < 0)
        return fail_context(err, context, type->name, type->options);
    *ret_fd = fd;
    return true;
}

/* The kernel's own words, if it has any, tell more than its number. */
static bool fail_device(GError **err, int context, const char *type, const char *device)
{
    int saved = errno;
    char text[256];
    ssize_t n = context < 0 ? -1 : read(context, text, sizeof text - 1);

    if (saved == EROFS)
        return fail_errno(
            err, saved,
            _("cannot mount '%s': its file system '%s' was not unmounted cleanly, and "
              "cannot be put right without writing"),
            device, type);
    if (n <= 2)
        return fail_errno(err, saved, _("cannot mount '%s' with its file system '%s'"), device,
                          type);
    text[n] = '\0';
    return fail_errno(err, saved, _("cannot mount '%s' with its file system '%s' (%s)"), device,
                      type, g_strchomp(text + 2));
}

bool mount_device(const char *device, const char *type, const char *options, int *ret_fd,
                  GError **err)
{
    g_auto(GStrv) list = g_strsplit(options, ",", -1);
    autofd int context = fsopen(type, FSOPEN_CLOEXEC);
    bool fine;
    int fd;

    if (context < 0 && errno == ENODEV)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot mount '%s': this host's kernel does not have its file system '%s'"),
                    device, type);
    fine = context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) == 0;
    for (char **option = list; fine && *option; option++)
        fine = !**option || set_option(context, *option);
    fine = fine && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0;
    fd = fine ? fsmount(context, FSMOUNT_CLOEXEC, 0) : -1;
    if (fd < 0)
        return fail_device(err, context, type, device);
    *ret_fd = fd;
    return true;
}

bool mount_new(const char *type, const char *options, int *ret_fd, GError **err)
{
    return mount_new_labelled(&(MountType){ type, options, NULL }, ret_fd, err);
}

/* Indexed by PlanPropagation. What is cloned from a shared mount is shared with it. */
static const uint64_t propagations[] = {
    [PLAN_PROPAGATION_DEFAULT] = MS_PRIVATE,       [PLAN_PROPAGATION_PRIVATE] = MS_PRIVATE,
    [PLAN_PROPAGATION_SLAVE] = MS_SLAVE,           [PLAN_PROPAGATION_SHARED] = MS_SHARED,
    [PLAN_PROPAGATION_UNBINDABLE] = MS_UNBINDABLE,
};

int mount_clone(int dir_fd, const char *path, MountDepth depth)
{
    return mount_clone_peer(dir_fd, path, depth, PLAN_PROPAGATION_DEFAULT);
}

int mount_clone_peer(int dir_fd, const char *path, MountDepth depth, PlanPropagation propagation)
{
    struct mount_attr attributes = { .propagation = propagations[propagation] };
    unsigned recursive = depth == MOUNT_RECURSIVE ? AT_RECURSIVE : 0;
    unsigned empty = *path ? 0 : AT_EMPTY_PATH;
    autofd int fd =
        open_tree(dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | empty | recursive);

    if (fd < 0 ||
        mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes) < 0)
        return -1;
    return fd_steal(&fd);
}

int mount_again(int fd)
{
    return open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

static bool set_attributes(int fd, struct mount_attr *attributes, unsigned plan_flags)
{
    unsigned flags = AT_EMPTY_PATH;

    if (plan_flags & PLAN_MOUNT_F_RECURSIVE)
        flags |= AT_RECURSIVE;
    return mount_setattr(fd, "", flags, attributes, sizeof *attributes) == 0;
}

bool mount_set_flags(int fd, unsigned flags)
{
    struct mount_attr attributes = { 0 };

    if (flags & PLAN_MOUNT_F_READONLY)
        attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (flags & PLAN_MOUNT_F_NOSUID)
        attributes.attr_set |= MOUNT_ATTR_NOSUID;
    if (flags & PLAN_MOUNT_F_NODEV)
        attributes.attr_set |= MOUNT_ATTR_NODEV;
    if (flags & PLAN_MOUNT_F_NOEXEC)
        attributes.attr_set |= MOUNT_ATTR_NOEXEC;
    if (flags & PLAN_MOUNT_F_NOATIME) {
        attributes.attr_set |= MOUNT_ATTR_NOATIME;
        attributes.attr_clr |= MOUNT_ATTR__ATIME;
    }
    return !attributes.attr_set || set_attributes(fd, &attributes, flags);
}

bool mount_set_writable(int fd)
{
    struct mount_attr attributes = { .attr_clr = MOUNT_ATTR_RDONLY };

    return set_attributes(fd, &attributes, 0);
}

bool mount_set_propagation(int fd, PlanPropagation propagation)
{
    struct mount_attr attributes = { .propagation = propagations[propagation] };

    return set_attributes(fd, &attributes, 0);
}

bool mount_set_idmap(int fd, int userns_fd, unsigned flags)
{
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
                                     .userns_fd = (uint64_t)userns_fd };

    return set_attributes(fd, &attributes, flags);
}

bool mount_make_private(void)
{
    struct mount_attr attributes = { .propagation = MS_PRIVATE };

    return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof attributes) == 0;
}

/* The kernel takes no file on a directory, nor the reverse, and says of both "invalid argument". */
static void explain_attach(int fd, int target_fd)
{
    struct stat source, target;

    if (errno != EINVAL)
        return;
    if (fstat(fd, &source) == 0 && fstat(target_fd, &target) == 0 &&
        S_ISDIR(source.st_mode) != S_ISDIR(target.st_mode))
        errno = S_ISDIR(source.st_mode) ? ENOTDIR : EISDIR;
    else
        errno = EINVAL;
}

bool mount_attach(int fd, int target_fd)
{
    if (move_mount(fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return true;
    explain_attach(fd, target_fd);
    return false;
}

static bool is_mount(const char *path, uint64_t id)
{
    struct statx info;

    return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_MNT_ID, &info) == 0 &&
           info.stx_mnt_id == id;
}

/* ".." of a root is what lies on top of it; umount(2) takes one mount at a time, from there. */
static bool leave_old_root(void)
{
    struct statx root;

    if (statx(AT_FDCWD, ".", AT_STATX_DONT_SYNC, STATX_MNT_ID, &root) < 0)
        return false;
    while (!is_mount("..", root.stx_mnt_id)) {
        if (umount2(".", MNT_DETACH) < 0)
            return false;
    }
    return true;
}

/*
 * With "." for both, the old root ends up right on top of the new one, and goes from there. On top
 * of the old one, in turn, is what was mounted between the two.
 */
bool mount_pivot(int root_fd)
{
    return fchdir(root_fd) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && leave_old_root() &&
           chdir("/") == 0;
}

/* The newest of the calls, asked for something that it refuses where it exists. */
bool mount_check_kernel(GError **err)
{
    struct utsname system;

    if (mount_setattr(-1, "", AT_EMPTY_PATH, NULL, 0) == 0 || errno != ENOSYS)
        return true;
    (void)uname(&system); /* fails for a bad pointer only */
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("Linux %s has no mount_setattr: containers need Linux 5.12"), system.release);
}
