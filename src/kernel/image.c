// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See image.h. */
#include "kernel/image.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/loop.h"
#include "kernel/mount.h"
#include "kernel/nbd.h"
#include "kernel/probe.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_ENDS_MS 5000

/* ---- opening ---- */

static bool fail_open(const char *path, GError **err)
{
    if (errno == EXDEV)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot use '%s': a container can change a directory on the way"), path);
    if (errno == ELOOP)
        return fail(err, ERR(LXC, OPERATION_FAILED),
                    _("cannot use '%s': a symbolic link on the way is not to be trusted"), path);
    return fail_errno(err, errno, _("cannot open '%s'"), path);
}

static bool check_kind(const ImageSource *source, mode_t mode, GError **err)
{
    if (source->driver == PLAN_IMAGE_NONE)
        return S_ISBLK(mode) || fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                                     _("'%s' is not a block device"), source->path);
    if (S_ISREG(mode))
        return true;
    if (S_ISBLK(mode))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("'%s' is a block device, not an image in a file: say type='block'"),
                    source->path);
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("the image '%s' is not a regular file"),
                source->path);
}

/*
 * It may turn out to be a pipe, a terminal or a drive without a disk: none is waited for. Who
 * mounts a block device opens it again; a descriptor for reading is enough to know it by.
 */
static bool open_source(const ImageTools *tools, const ImageSource *source, int *ret_fd,
                        GError **err)
{
    bool writable = source->driver != PLAN_IMAGE_NONE && !source->readonly;
    autofd int fd = host_path_open(source->path, tools->closed,
                                   (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return fail_open(source->path, err);
    if (!check_kind(source, info.st_mode, err))
        return false;
    *ret_fd = fd_steal(&fd);
    return true;
}

/*
 * Two kernels' worth of caches over one file destroy what is in it. The lock is the open file's, so
 * it is there as long as the loop device. A file system that knows no locks is no reason to refuse.
 */
static bool lock(int fd, const ImageSource *source, GError **err)
{
    struct flock whole = { .l_type = source->readonly ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return fail(err, ERR(LXC, OPERATION_INVALID), _("the image '%s' is in use"), source->path);
    g_printerr("cannot lock '%s': %s\n", source->path, g_strerror(errno));
    return true;
}

/* ---- from a file to a device ---- */

typedef struct Content {
    const FileSystemType *type;
    LoopPart part; /* where it is */
} Content;

/* All of a disk is the container's; nobody here looks into it. */
static bool look(const ImageTools *tools, const ImageSource *source, int fd, Content *ret_content,
                 GError **err)
{
    const ProbeRequest request = {
        .program_fd = tools->program_fd,
        .fd = fd,
        .depth = source->driver == PLAN_IMAGE_NONE ? PROBE_WHOLE : PROBE_PARTITIONS,
        .name = source->path,
    };

    return source->use == IMAGE_AS_DISK ||
           probe_run(&request, &ret_content->type, &ret_content->part, err);
}

static bool open_block(const ImageTools *tools, const ImageSource *source, ImageDevice *ret_device,
                       GError **err)
{
    Content content = { 0 };
    autofd int fd = -1;

    if (!open_source(tools, source, &fd, err) || !look(tools, source, fd, &content, err))
        return false;
    *ret_device = (ImageDevice){ fd_steal(&fd), -1, content.type };
    return true;
}

static bool open_loop(const ImageTools *tools, const ImageSource *source, ImageDevice *ret_device,
                      GError **err)
{
    Content content = { 0 };
    autofd int file = -1;
    int fd;

    if (!open_source(tools, source, &file, err) || !lock(file, source, err) ||
        !look(tools, source, file, &content, err) ||
        !loop_attach(file, content.part, source->path, &fd, err))
        return false;
    *ret_device = (ImageDevice){ fd, -1, content.type };
    return true;
}

/* A partition of it is a loop device on top. qemu-nbd locks the file itself. */
static bool open_nbd(const ImageTools *tools, const ImageSource *source, ImageDevice *ret_device,
                     GError **err)
{
    Content content = { 0 };
    autofd int file = -1;
    autofd int device = -1;
    autofd int server = -1;
    NbdImage image = { tools->program_fd, -1, source->readonly, source->format, source->path };
    int fd = -1;

    if (!open_source(tools, source, &file, err))
        return false;
    image.fd = file;
    if (!nbd_open(&image, &device, &server, err) || !look(tools, source, device, &content, err))
        return false;
    if (content.part.size > 0 && !loop_attach(device, content.part, source->path, &fd, err))
        return false;
    *ret_device =
        (ImageDevice){ fd >= 0 ? fd : fd_steal(&device), fd_steal(&server), content.type };
    return true;
}

bool image_open(const ImageTools *tools, const ImageSource *source, ImageDevice *ret_device,
                GError **err)
{
    switch (source->driver) {
    case PLAN_IMAGE_NONE:
        return open_block(tools, source, ret_device, err);
    case PLAN_IMAGE_LOOP:
        return open_loop(tools, source, ret_device, err);
    case PLAN_IMAGE_NBD:
        return open_nbd(tools, source, ret_device, err);
    }
    return fail(err, ERR(LXC, INTERNAL_ERROR), _("unknown driver %u of an image"),
                (unsigned)source->driver);
}

void image_close(int fd, int server)
{
    fd_close(fd);
    if (server >= 0)
        (void)process_wait_end(server, SERVER_ENDS_MS); /* else somebody has it open still */
    fd_close(server);
}

/* ---- from a device to a mount ---- */

/* By its name in the host's /dev, which is what a list of mounts shows. */
static bool find_path(int fd, char path[PATH_MAX], GError **err)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);

    if (len < 0)
        return fail_errno(err, errno, _("cannot find the name of a block device"));
    path[len] = '\0';
    return true;
}

bool image_mount(const ImageDevice *device, bool readonly, int *ret_fd, GError **err)
{
    const FileSystemType *type = device->type;
    char path[PATH_MAX];
    g_autofree char *options = NULL;

    if (!find_path(device->fd, path, err))
        return false;
    options = g_strconcat(readonly || type->readonly ? "ro," : "", type->options, NULL);
    return mount_device(path, type->name, options, ret_fd, err);
}
