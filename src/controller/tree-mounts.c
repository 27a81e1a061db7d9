// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The mounts of the container's tree: one row per kind. Targets are
 * found below the root that is being built, never through a symlink out of it, and for what the
 * kernel gives (/proc, /sys, /dev, cgroups) and for what hides it through no symlink at all.
 */
#include "controller/tree.h"

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

/* Whatever the host's /dev has. Without nodev: the null device is a device. */
#define MASK_FLAGS (PLAN_MOUNT_F_READONLY | PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NOEXEC)

typedef enum MaskKind { MASK_FILE, MASK_REFUSED, MASK_DIRECTORY, MASK_KINDS } MaskKind;

typedef struct Builder {
    const Run *run; /* borrowed */
    int root_fd;    /* borrowed */
    int *masks;     /* the first of each MaskKind, in its place; -1: there is none yet */
} Builder;

static bool fail_mount(const PlanMount *mount, GError **err)
{
    if (!*mount->source)
        return fail_errno(err, errno, _("cannot mount anything on '%s'"), mount->target);
    return fail_errno(err, errno, _("cannot mount '%s' on '%s'"), mount->source, mount->target);
}

static const PlanMount *mount_at(const Builder *builder, uint32_t index)
{
    return &builder->run->plan.mounts.items[index];
}

/* ---- targets ---- */

/* RAM and host trees may go where the image's own links lead, /var/run for one. */
static PathLinks links_allowed(const PlanMount *mount)
{
    bool ours = mount->kind == PLAN_MOUNT_HOST || mount->kind == PLAN_MOUNT_INSIDE ||
                mount->kind == PLAN_MOUNT_FILE || mount->kind == PLAN_MOUNT_OVERLAY ||
                mount->kind == PLAN_MOUNT_NOTIFY ||
                (mount->kind == PLAN_MOUNT_NEW && !strcmp(mount->source, "tmpfs"));

    return ours ? PATH_LINKS_INSIDE : PATH_LINKS_REFUSE;
}

static int make_target(const Builder *builder, const PlanMount *mount, PathKind kind)
{
    return path_make(builder->root_fd, mount->target, kind, links_allowed(mount));
}

/* A link may lead there. What is mounted on the root is not to be seen, and goes with the old one.
 */
static bool is_root(const Builder *builder, int target)
{
    struct statx info[2];

    return statx(target, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &info[0]) == 0 &&
           statx(builder->root_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &info[1]) == 0 &&
           info[0].stx_ino == info[1].stx_ino && info[0].stx_mnt_id == info[1].stx_mnt_id;
}

static bool attach_at_target(const Builder *builder, const PlanMount *mount, int fd, GError **err)
{
    autofd int target = -1;
    struct stat info;

    if (fstat(fd, &info) < 0)
        return fail_mount(mount, err);
    target = make_target(builder, mount, S_ISDIR(info.st_mode) ? PATH_DIRECTORY : PATH_FILE);
    if (target >= 0 && is_root(builder, target))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot mount '%s' on '%s': that leads to the root of the tree"),
                    mount->source, mount->target);
    return (target >= 0 && mount_attach(fd, target)) || fail_mount(mount, err);
}

/* For a mount that changes what is at its target. *ret_fd stays -1 when that may be missing. */
static bool open_existing(const Builder *builder, const PlanMount *mount, int *ret_fd, GError **err)
{
    int fd = path_open(builder->root_fd, mount->target, O_PATH, links_allowed(mount));

    if (fd < 0 && errno == ENOENT && (mount->flags & PLAN_MOUNT_F_OPTIONAL))
        return true;
    if (fd < 0)
        return fail_errno(err, errno, _("cannot open '%s'"), mount->target);
    *ret_fd = fd;
    return true;
}

/* ---- kinds ---- */

static int take_source(const Builder *builder, uint32_t index)
{
    return fcntl(builder->run->sources[index], F_DUPFD_CLOEXEC, 3);
}

/* Opened by the controller; it left out only what is optional. */
static bool attach_source(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int fd = take_source(builder, index);

    if (fd < 0 && errno == EBADF && (mount->flags & PLAN_MOUNT_F_OPTIONAL))
        return true;
    if (fd < 0)
        return fail_mount(mount, err);
    return attach_at_target(builder, mount, fd, err);
}

static bool attach_inside(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    bool recursive = mount->flags & PLAN_MOUNT_F_RECURSIVE;
    autofd int source = path_open(builder->root_fd, mount->source, O_PATH, PATH_LINKS_INSIDE);
    autofd int fd = -1;

    if (source < 0 && errno == ENOENT && (mount->flags & PLAN_MOUNT_F_OPTIONAL))
        return true;
    if (source >= 0)
        fd = mount_clone_peer(source, "", recursive ? MOUNT_RECURSIVE : MOUNT_TOP_ONLY,
                              mount->propagation);
    if (fd < 0 || !mount_set_flags(fd, mount->flags))
        return fail_mount(mount, err);
    return attach_at_target(builder, mount, fd, err);
}

/* The kernel's own views stay what they are; what has a root directory to give is the container's.
 */
static bool give_to_root(const Builder *builder, const PlanMount *mount, int fd, GError **err)
{
    const Plan *plan = &builder->run->plan;

    if (!run_has_builder(builder->run) || !strcmp(mount->source, "proc") ||
        !strcmp(mount->source, "sysfs") ||
        fchownat(fd, "", idmap_root_uid(plan), idmap_root_gid(plan), AT_EMPTY_PATH) == 0)
        return true;
    return fail_errno(err, errno, _("cannot give '%s' to the container's root"), mount->target);
}

/* With a builder the file system is the host's: ids in its options are those of the host. */
static bool make_new(const Builder *builder, const PlanMount *mount, int *ret_fd, GError **err)
{
    const Plan *plan = &builder->run->plan;
    g_autofree char *options = idmap_options(plan, mount->options);
    const MountType type = { mount->source, options, label_of_mount(plan, mount->source) };
    autofd int fd = -1;

    if (!mount_new_labelled(&type, &fd, err) || !give_to_root(builder, mount, fd, err))
        return false;
    *ret_fd = fd_steal(&fd);
    return true;
}

static bool attach_new(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int fd = -1;

    if (!make_new(builder, mount, &fd, err))
        return fail_while(err, "'%s'", mount->target);
    if (!mount_set_flags(fd, mount->flags))
        return fail_mount(mount, err);
    return attach_at_target(builder, mount, fd, err);
}

static bool attach_console(const Builder *builder, int dev, size_t index, GError **err)
{
    g_autofree char *name = console_device((unsigned)index);
    autofd int place = path_open(dev, name, O_PATH, PATH_LINKS_REFUSE);

    if (place < 0 || !mount_attach(builder->run->consoles[index].mount, place))
        return fail_errno(err, errno, _("cannot mount a console on '/dev/%s'"), name);
    return true;
}

static bool attach_dev(const Builder *builder, uint32_t index, GError **err)
{
    autofd int dev = -1;

    if (!attach_source(builder, index, err))
        return false;
    dev = path_open(builder->root_fd, mount_at(builder, index)->target, O_PATH, PATH_LINKS_REFUSE);
    for (size_t i = 0; i < builder->run->n_consoles; i++) {
        if (!attach_console(builder, dev, i, err))
            return false;
    }
    return true;
}

static bool attach_cgroup(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int target = make_target(builder, mount, PATH_DIRECTORY);

    if (target < 0)
        return fail_mount(mount, err);
    return cgroup_attach_view(builder->run->cgroup, target, err) ||
           fail_while(err, "'%s'", mount->target);
}

/* The host's /dev/null, which is still to be seen, and which nobody in the container made. */
static int clone_null(void)
{
    autofd int null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (null < 0 || fstat(null, &info) < 0)
        return -1;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3)) {
        errno = ENODEV;
        return -1;
    }
    return mount_clone(null, "", MOUNT_TOP_ONLY);
}

static bool make_mask(const Run *run, MaskKind kind, int *ret_fd, GError **err)
{
    if (kind == MASK_DIRECTORY)
        return mount_new("tmpfs", "mode=555,size=0,nr_inodes=2", ret_fd, err);
    if (kind == MASK_REFUSED)
        return tree_file_refuse(run, ret_fd, err);
    *ret_fd = clone_null();
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot take the host's '%s'"), "/dev/null");
}

static bool make_first_mask(const Builder *builder, MaskKind kind, int *ret_fd, GError **err)
{
    autofd int fd = -1;

    if (!make_mask(builder->run, kind, &fd, err))
        return false;
    builder->masks[kind] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (builder->masks[kind] < 0 || !mount_set_flags(fd, MASK_FLAGS))
        return fail_errno(err, errno, _("cannot set the mount flags of what hides others"));
    *ret_fd = fd_steal(&fd);
    return true;
}

/* Nothing can be written to them, so one will do for all. */
static bool take_mask(const Builder *builder, MaskKind kind, int *ret_fd, GError **err)
{
    if (builder->masks[kind] < 0)
        return make_first_mask(builder, kind, ret_fd, err);
    *ret_fd = mount_again(builder->masks[kind]);
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot mount once more what hides others"));
}

static MaskKind mask_kind(const PlanMount *mount, mode_t mode)
{
    if (S_ISDIR(mode))
        return MASK_DIRECTORY;
    return mount->flags & PLAN_MOUNT_F_REFUSED ? MASK_REFUSED : MASK_FILE;
}

static bool attach_mask(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int target = -1;
    autofd int fd = -1;
    struct stat info;

    if (!open_existing(builder, mount, &target, err))
        return false;
    if (target < 0)
        return true;
    if (fstat(target, &info) < 0)
        return fail_errno(err, errno, _("cannot examine '%s', which is to be hidden"),
                          mount->target);
    if (!take_mask(builder, mask_kind(mount, info.st_mode), &fd, err))
        return fail_while(err, "'%s'", mount->target);
    if (!mount_set_flags(fd, mount->flags) || !mount_attach(fd, target))
        return fail_errno(err, errno, _("cannot hide '%s'"), mount->target);
    return true;
}

/* Binds what is at the target on itself, with other flags. */
static bool attach_again(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    bool writable = mount->kind == PLAN_MOUNT_WRITABLE;
    autofd int target = -1;
    autofd int fd = -1;

    if (!open_existing(builder, mount, &target, err))
        return false;
    if (target < 0)
        return true;
    fd = mount_clone(target, "",
                     mount->flags & PLAN_MOUNT_F_RECURSIVE ? MOUNT_RECURSIVE : MOUNT_TOP_ONLY);
    if (fd >= 0 &&
        (writable ? mount_set_writable(fd) && mount_set_flags(fd, mount->flags)
                  : mount_set_flags(fd, mount->flags | PLAN_MOUNT_F_READONLY)) &&
        mount_attach(fd, target))
        return true;
    return fail_errno(err, errno,
                      writable ? _("cannot make '%s' writable") : _("cannot make '%s' read-only"),
                      mount->target);
}

static bool attach_file(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int fd = -1;

    if (!tree_file_make(builder->run, index, &fd, err))
        return false;
    if (!mount_set_flags(fd, mount->flags))
        return fail_mount(mount, err);
    return attach_at_target(builder, mount, fd, err);
}

/* Over the kernel's own file, where that is. */
static bool attach_view(const Builder *builder, uint32_t index, GError **err)
{
    const PlanMount *mount = mount_at(builder, index);
    autofd int target = -1;
    autofd int fd = -1;

    if (mount_at(builder, index - 1)->kind != PLAN_MOUNT_VIEW)
        tree_view_learn(builder->run);
    if (!open_existing(builder, mount, &target, err) ||
        !tree_view_clone(builder->run, mount->target, &fd, err))
        return false;
    if (target < 0 || fd < 0)
        return true;
    return (mount_set_flags(fd, mount->flags) && mount_attach(fd, target)) ||
           fail_mount(mount, err);
}

/* Indexed by PlanMountKind. */
static bool (*const kinds[])(const Builder *builder, uint32_t index, GError **err) = {
    [PLAN_MOUNT_HOST] = attach_source,    [PLAN_MOUNT_INSIDE] = attach_inside,
    [PLAN_MOUNT_NEW] = attach_new,        [PLAN_MOUNT_DEV] = attach_dev,
    [PLAN_MOUNT_CGROUP] = attach_cgroup,  [PLAN_MOUNT_MASK] = attach_mask,
    [PLAN_MOUNT_READONLY] = attach_again, [PLAN_MOUNT_WRITABLE] = attach_again,
    [PLAN_MOUNT_BLOCK] = attach_source,   [PLAN_MOUNT_IMAGE] = attach_source,
    [PLAN_MOUNT_FILE] = attach_file,      [PLAN_MOUNT_VIEW] = attach_view,
    [PLAN_MOUNT_OVERLAY] = attach_source, [PLAN_MOUNT_NOTIFY] = attach_file,
};

static bool attach(const Builder *builder, uint32_t index, GError **err)
{
    unsigned kind = (unsigned)mount_at(builder, index)->kind;

    if (kind >= G_N_ELEMENTS(kinds) || !kinds[kind])
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("unknown kind %u of mount"), kind);
    return kinds[kind](builder, index, err);
}

/* ---- public ---- */

static bool take_root(const Builder *builder, const PlanMount *mount, int *ret_fd, GError **err)
{
    if (mount->kind == PLAN_MOUNT_NEW)
        return make_new(builder, mount, ret_fd, err) &&
               (mount_set_flags(*ret_fd, mount->flags) || fail_mount(mount, err));
    *ret_fd = take_source(builder, 0);
    return *ret_fd >= 0 || fail_mount(mount, err);
}

bool tree_attach_root(Run *run, int *ret_root_fd, GError **err)
{
    Builder builder = { .run = run, .root_fd = -1 };
    const PlanMount *mount = run->plan.mounts.items;
    autofd int top = -1;
    autofd int fd = -1;

    if (run->plan.mounts.len == 0 || strcmp(mount->target, "/"))
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("the plan has no root tree"));
    if (!mount_make_private())
        return fail_errno(err, errno,
                          _("cannot end the propagation of mounts between host and container"));
    if (!take_root(&builder, mount, &fd, err))
        return false;
    top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return fail_mount(mount, err);
    if (!tree_view_prepare(run, top, err) || !tree_files_prepare(run, top, err))
        return false;
    if (!mount_attach(fd, top))
        return fail_mount(mount, err);
    *ret_root_fd = fd_steal(&fd);
    return true;
}

bool tree_attach_mounts(const Run *run, int root_fd, GError **err)
{
    int masks[MASK_KINDS] = { -1, -1, -1 };
    Builder builder = { .run = run, .root_fd = root_fd, .masks = masks };
    bool fine = true;

    for (uint32_t i = 1; fine && i < run->plan.mounts.len; i++)
        fine = attach(&builder, i, err);
    for (size_t i = 0; i < MASK_KINDS; i++)
        fd_close(masks[i]);
    return fine;
}
