// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Overlays: directories of the host laid over each other, which look like one.
 *
 *     upper   written to; a directory of the host, or in memory, or none
 *     source  \
 *     lower    } read, never written
 *     lower   /
 *
 * With an id map it is the layers that get it, since an overlay itself cannot be mapped (the kernel
 * takes mapped layers from Linux 5.19 on). What is written belongs, in the upper directory, to the
 * same ids as what was there before, whatever the map is today.
 *
 * The kernel is told of layers by paths, and wants their mounts in a mount namespace. So a process
 * in a namespace of its own attaches them there, one on top of the other, and puts the overlay
 * together from the descriptors that it has of them. It sends the new mount and is gone with its
 * namespace. The names of the host's directories do not show in the container's list of mounts.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/host-path.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/closed-places.h"
#include "kernel/idmap.h"
#include "kernel/label.h"
#include "kernel/mount.h"
#include "plan/message.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* What fits into one option of the kernel's (255 bytes) when descriptors are below 1000. */
#define LOWERS_MAX 60
/* The first kernel that takes mapped layers. */
#define MAPPED_LAYERS_MAJOR 5
#define MAPPED_LAYERS_MINOR 19

typedef struct Layers {
    const Run *run;         /* borrowed */
    const PlanMount *mount; /* borrowed */
    int lowers[LOWERS_MAX]; /* detached mounts, topmost first */
    size_t n_lowers;
    int base; /* a detached mount with what is written in it, or -1 */
    int upper;
    int work;
    bool is_mapped; /* at least one */
} Layers;

static bool fail_layer(const Layers *layers, const char *path, GError **err)
{
    if (errno == ELOOP || errno == EXDEV)
        return source_fail_way(layers->mount, path, errno, err);
    return fail_errno(err, errno, _("cannot use '%s' as a layer of '%s'"), path,
                      layers->mount->target);
}

static void layers_close(Layers *layers)
{
    for (size_t i = 0; i < layers->n_lowers; i++)
        fd_close(layers->lowers[i]);
    fd_close(layers->work);
    fd_close(layers->upper);
    fd_close(layers->base);
}

/* Maps `fd` if that is needed for the ids of what is in `dir`. */
static bool map_layer(Layers *layers, const char *path, int dir, int fd, GError **err)
{
    if (!source_wants_map(layers->run, layers->mount, dir))
        return true;
    layers->is_mapped = true;
    return source_map(layers->run, layers->mount, path, fd, err);
}

/* ---- what is read ---- */

static bool add_lower(Layers *layers, const char *path, GError **err)
{
    HostPlaces closed = closed_places(layers->run->closed);
    autofd int dir = host_path_find(path, closed, HOST_PATH_DIRECTORY);
    autofd int fd = -1;

    if (layers->n_lowers == LOWERS_MAX)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the overlay on '%s' has more than %d layers to read"), layers->mount->target,
                    LOWERS_MAX);
    if (dir >= 0)
        fd = mount_clone(dir, "", MOUNT_TOP_ONLY);
    if (fd < 0)
        return fail_layer(layers, path, err);
    if (!map_layer(layers, path, fd, fd, err))
        return false;
    layers->lowers[layers->n_lowers++] = fd_steal(&fd);
    return true;
}

static bool open_lowers(Layers *layers, GError **err)
{
    const PlanMount *mount = layers->mount;

    if (!add_lower(layers, mount->source, err))
        return false;
    for (uint32_t i = 0; i < mount->overlay.lowers.len; i++)
        if (!add_lower(layers, mount->overlay.lowers.items[i], err))
            return false;
    return true;
}

/* ---- what is written, on the host ---- */

/* Something is written there as root, so no way leads through what the container can change. */
static bool open_written(const Layers *layers, const char *path, int *ret_fd, GError **err)
{
    HostPlaces closed = closed_places(layers->run->closed);
    const char *name = NULL;
    autofd int dir = host_path_open_parent(path, closed, &name);
    int fd = -1;

    if (dir >= 0)
        fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EXDEV)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot use '%s' for '%s': a container can change a directory on the way"),
                    path, layers->mount->target);
    if (fd < 0)
        return fail_layer(layers, path, err);
    *ret_fd = fd;
    return true;
}

static bool is_same_mount(int a, int b)
{
    struct statx one, other;
    unsigned flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;

    return statx(a, "", (int)flags, STATX_MNT_ID, &one) == 0 &&
           statx(b, "", (int)flags, STATX_MNT_ID, &other) == 0 &&
           one.stx_mnt_id == other.stx_mnt_id;
}

static bool is_same_file(int a, int b)
{
    struct stat one, other;

    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

static char *path_of(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

    return g_file_read_link(link, NULL);
}

/* How much of both paths is the directory that both are below. */
static size_t common_length(const char *a, const char *b)
{
    size_t end = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            end = i;
    return end ? end : 1;
}

/* The same directory once more, as a part of layers->base. */
static int open_in_base(const Layers *layers, const char *below, int original)
{
    autofd int fd =
        path_open(layers->base, below, O_PATH | O_DIRECTORY | O_NOFOLLOW, PATH_LINKS_REFUSE);

    errno = fd < 0 ? errno : ESTALE;
    return fd >= 0 && is_same_file(fd, original) ? fd_steal(&fd) : -1;
}

/* The kernel wants both in one mount, and a mapped one is a mount of its own: of what has both. */
static bool open_base(Layers *layers, int upper, int work, GError **err)
{
    const PlanOverlay *overlay = &layers->mount->overlay;
    g_autofree char *upper_path = path_of(upper);
    g_autofree char *work_path = path_of(work);
    g_autofree char *above = NULL;
    autofd int dir = -1;
    size_t common;

    if (!is_same_mount(upper, work))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the directories '%s' and '%s' of an overlay are not in the same mount"),
                    overlay->upper, overlay->work);
    if (!upper_path || !work_path)
        return fail_layer(layers, overlay->upper, err);
    common = common_length(upper_path, work_path);
    above = g_strndup(upper_path, common);
    dir = open(above, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0)
        layers->base = mount_clone(dir, "", MOUNT_TOP_ONLY);
    if (layers->base < 0)
        return fail_layer(layers, overlay->upper, err);
    layers->upper = open_in_base(layers, upper_path + common, upper);
    layers->work = open_in_base(layers, work_path + common, work);
    return (layers->upper >= 0 && layers->work >= 0) || fail_layer(layers, overlay->upper, err);
}

static bool open_upper(Layers *layers, GError **err)
{
    const PlanOverlay *overlay = &layers->mount->overlay;
    autofd int upper = -1;
    autofd int work = -1;

    if (!open_written(layers, overlay->upper, &upper, err) ||
        !open_written(layers, overlay->work, &work, err) || !open_base(layers, upper, work, err))
        return false;
    return map_layer(layers, overlay->upper, upper, layers->base, err);
}

/* ---- what is written, in memory ---- */

/* On a host with SELinux all of it has the container's label, whatever its layers have. */
static bool make_mount(const Layers *layers, const char *name, const char *options, int *ret_fd,
                       GError **err)
{
    const MountType type = { name, options, label_of_mount(&layers->run->plan, name) };

    return mount_new_labelled(&type, ret_fd, err);
}

static int make_directory(int dir, const char *name)
{
    return mkdirat(dir, name, 0700) == 0
               ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
               : -1;
}

/* What is seen of the top of the overlay is the upper directory's: so it looks like the one below.
 */
static bool make_memory(Layers *layers, GError **err)
{
    uint64_t size = layers->mount->quota;
    g_autofree char *options =
        size ? g_strdup_printf("mode=700,size=%" PRIu64, size) : g_strdup("mode=700");
    struct stat info;

    if (!make_mount(layers, "tmpfs", options, &layers->base, err))
        return false;
    layers->upper = make_directory(layers->base, "upper");
    layers->work = make_directory(layers->base, "work");
    return (layers->upper >= 0 && layers->work >= 0 && fstat(layers->lowers[0], &info) == 0 &&
            fchown(layers->upper, info.st_uid, info.st_gid) == 0 &&
            fchmod(layers->upper, info.st_mode & 07777) == 0) ||
           fail_errno(err, errno, _("cannot make a layer of '%s' in memory"),
                      layers->mount->target);
}

/* ---- put together ---- */

static bool attach_layers(const Layers *layers, GError **err)
{
    autofd int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool done =
        top >= 0 && mount_make_private() && (layers->base < 0 || mount_attach(layers->base, top));

    for (size_t i = 0; done && i < layers->n_lowers; i++)
        done = mount_attach(layers->lowers[i], top);
    return done || fail_errno(err, errno, _("cannot attach the layers of an overlay"));
}

/* Paths in it begin at the directory with all descriptors. */
static char *layer_options(const Layers *layers)
{
    GString *text = g_string_new("lowerdir");

    for (size_t i = 0; i < layers->n_lowers; i++)
        g_string_append_printf(text, "%c%d", i ? ':' : '=', layers->lowers[i]);
    if (layers->base >= 0)
        g_string_append_printf(text, ",upperdir=%d,workdir=%d", layers->upper, layers->work);
    return g_string_free(text, FALSE);
}

/* The kernel makes files in its work directory in our name. */
static bool become_owner(const Layers *layers, GError **err)
{
    if (!(layers->mount->flags & PLAN_MOUNT_F_IDMAP) ||
        idmap_make_files_as_root(&layers->run->plan))
        return true;
    return fail_errno(err, errno, _("cannot make files in the name of the container's root"));
}

static bool is_older(unsigned wanted_major, unsigned wanted_minor, const struct utsname *system)
{
    unsigned major = 0, minor = 0;

    return sscanf(system->release, "%u.%u", &major, &minor) == 2 &&
           (major < wanted_major || (major == wanted_major && minor < wanted_minor));
}

/* Its own words are "invalid argument" and "too many levels of symbolic links". */
static bool explain(const Layers *layers, GError **err)
{
    struct utsname system;

    if (error_errno(*err) == ELOOP)
        return fail_while(err, _("two of its directories are the same, or one is in the other"));
    if (!layers->is_mapped || uname(&system) < 0 ||
        !is_older(MAPPED_LAYERS_MAJOR, MAPPED_LAYERS_MINOR, &system))
        return false;
    return fail_while(err,
                      _("Linux %s takes no idmapped layers, which begin with 5.19: give the "
                        "directories to the container's ids"),
                      system.release);
}

static bool put_together(const Layers *layers, int *ret_fd, GError **err)
{
    g_autofree char *options = layer_options(layers);

    if (!attach_layers(layers, err) || !become_owner(layers, err))
        return false;
    if (chdir("/proc/self/fd") < 0)
        return fail_errno(err, errno, _("cannot enter '%s'"), "/proc/self/fd");
    return make_mount(layers, "overlay", options, ret_fd, err) || explain(layers, err);
}

static void helper_main(const Layers *layers, int sock)
{
    g_autoptr(GError) why = NULL;
    int fd = -1;
    bool sent;

    if (put_together(layers, &fd, &why))
        sent = message_send(sock, CONTROL_MOUNT, NULL, &fd, 1);
    else
        sent = send_error(sock, CONTROL_FAILED, why);
    _exit(sent ? 0 : 1);
}

static bool take_mount(int sock, int *ret_fd, GError **err)
{
    Message message = { 0 };
    int got = message_receive(sock, &message);

    if (got > 0 && message.kind == CONTROL_MOUNT)
        *ret_fd = message_take_fd(&message, 0);
    else if (got > 0)
        fail_control(err, &message.body.error);
    else
        fail(err, ERR(LXC, INTERNAL_ERROR), _("the helper that puts an overlay together ended"));
    if (got > 0)
        message_clear(&message);
    return *ret_fd >= 0;
}

static bool ask_helper(const Layers *layers, int *ret_fd, GError **err)
{
    int ends[2];
    pid_t pid;
    bool done;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    pid = process_clone(CLONE_NEWNS, -1, NULL);
    if (pid == 0)
        helper_main(layers, ends[1]);
    fd_close(ends[1]);
    done = pid > 0 ? take_mount(ends[0], ret_fd, err)
                   : fail_errno(err, errno, _("cannot clone a helper"));
    fd_close(ends[0]);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0); /* what it had to say has been heard */
    return done;
}

static bool fail_overlay(const PlanMount *mount, GError **err)
{
    if (*mount->overlay.upper)
        return fail_while(err, _("the overlay of '%s' and '%s' on '%s'"), mount->source,
                          mount->overlay.upper, mount->target);
    return fail_while(err, _("the overlay of '%s' on '%s'"), mount->source, mount->target);
}

static bool open_layers(Layers *layers, GError **err)
{
    const PlanOverlay *overlay = &layers->mount->overlay;

    if (!open_lowers(layers, err))
        return false;
    if (overlay->ephemeral)
        return make_memory(layers, err);
    return !*overlay->upper || open_upper(layers, err);
}

bool overlay_make(const Run *run, const PlanMount *mount, int *ret_fd, GError **err)
{
    Layers layers = { .run = run, .mount = mount, .base = -1, .upper = -1, .work = -1 };
    autofd int fd = -1;
    bool done;

    if ((mount->flags & PLAN_MOUNT_F_OPTIONAL) && access(mount->source, F_OK) < 0)
        return true;
    done = open_layers(&layers, err) && (ask_helper(&layers, &fd, err) || fail_overlay(mount, err));
    layers_close(&layers);
    if (!done)
        return false;
    if (!mount_set_propagation(fd, mount->propagation) || !mount_set_flags(fd, mount->flags))
        return fail_errno(err, errno, _("cannot mount '%s' on '%s'"), mount->source, mount->target);
    *ret_fd = fd_steal(&fd);
    return true;
}
