// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The block devices that files become for the container, and those that it has file systems on. The
 * controller, and the monitor after it, keeps them open: they end with it. Over a reboot they stay,
 * since what the last run had mounted may still be written back: mounting the same device again
 * meets it, mounting the same file by another device would destroy it.
 */
#include "kernel/image.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "controller/run.h"
#include "kernel/closed-places.h"
#include "kernel/mount.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const ControlHandoverImage *find(const Run *run, bool is_node, uint32_t index)
{
    for (guint i = 0; i < run->images->len; i++) {
        const ControlHandoverImage *image = &g_array_index(run->images, ControlHandoverImage, i);
        if (image->is_node == is_node && image->index == index)
            return image;
    }
    return NULL;
}

static void keep(Run *run, bool is_node, uint32_t index, const ImageDevice *device)
{
    ControlHandoverImage image = {
        .is_node = is_node,
        .index = index,
        .fd = device->fd,
        .server_fd = device->server,
        .type = (char *)(device->type ? device->type->name : ""),
    };

    g_array_append_val(run->images, image);
}

static bool open_image(Run *run, const ImageSource *source, ImageDevice *ret_device, GError **err)
{
    ImageTools tools = { run->image_program_fd, closed_places(run->closed) };

    return image_open(&tools, source, ret_device, err);
}

/* ---- file systems ---- */

static bool is_image(const PlanMount *mount)
{
    return mount->kind == PLAN_MOUNT_BLOCK || mount->kind == PLAN_MOUNT_IMAGE;
}

static bool open_mount(Run *run, uint32_t index, GError **err)
{
    const PlanMount *mount = &run->plan.mounts.items[index];
    const ImageSource source = {
        .path = mount->source,
        .driver = mount->kind == PLAN_MOUNT_IMAGE ? mount->image : PLAN_IMAGE_NONE,
        .format = mount->format,
        .readonly = mount->flags & PLAN_MOUNT_F_READONLY,
        .use = IMAGE_AS_FILE_SYSTEM,
    };
    g_autoptr(GError) why = NULL;
    ImageDevice device;

    if (!is_image(mount) || find(run, false, index))
        return true;
    if (open_image(run, &source, &device, &why)) {
        keep(run, false, index, &device);
        return true;
    }
    if (error_errno(why) == ENOENT && (mount->flags & PLAN_MOUNT_F_OPTIONAL))
        return true;
    g_propagate_error(err, g_steal_pointer(&why));
    return fail_while(err, "'%s'", mount->target);
}

bool images_mount(const Run *run, uint32_t index, int *ret_fd, GError **err)
{
    const PlanMount *mount = &run->plan.mounts.items[index];
    const ControlHandoverImage *image = find(run, false, index);
    ImageDevice device;
    autofd int fd = -1;

    if (!image)
        return true;
    device = (ImageDevice){ image->fd, -1, file_system_find(image->type) };
    if (!device.type)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("no file system '%s' is known"), image->type);
    if (!image_mount(&device, mount->flags & PLAN_MOUNT_F_READONLY, &fd, err))
        return fail_while(err, _("'%s' on '%s'"), mount->source, mount->target);
    if (!mount_set_flags(fd, mount->flags))
        return fail_errno(err, errno, _("cannot mount '%s' on '%s'"), mount->source, mount->target);
    *ret_fd = fd_steal(&fd);
    return true;
}

/* ---- disks ---- */

static bool add_node(Run *run, const PlanHostNode *wanted, int fd, GError **err)
{
    PlanNode node = { .path = wanted->path, .type = 'b', .mode = wanted->mode };
    struct stat info;

    if (fstat(fd, &info) < 0)
        return fail_errno(err, errno, _("cannot examine the block device of '%s'"), wanted->source);
    node.major = major(info.st_rdev);
    node.minor = minor(info.st_rdev);
    device_set_add(run->devices, &node, wanted->access);
    return true;
}

static bool open_node(Run *run, uint32_t index, GError **err)
{
    const PlanHostNode *node = &run->plan.host_nodes.items[index];
    const ImageSource source = {
        .path = node->source,
        .driver = node->image,
        .format = node->format,
        .readonly = node->readonly,
        .use = IMAGE_AS_DISK,
    };
    const ControlHandoverImage *kept = find(run, true, index);
    g_autoptr(GError) why = NULL;
    ImageDevice device;

    if (node->kind != PLAN_HOST_NODE_IMAGE)
        return true;
    if (kept)
        return add_node(run, node, kept->fd, err);
    if (!open_image(run, &source, &device, &why)) {
        if (node->optional && (error_errno(why) == ENOENT || error_errno(why) == ENOTDIR))
            return true;
        g_propagate_error(err, g_steal_pointer(&why));
        return fail_while(err, "'/dev/%s'", node->path);
    }
    keep(run, true, index, &device);
    return add_node(run, node, device.fd, err);
}

/* ---- the step ---- */

bool images_open(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.mounts.len; i++) {
        if (!open_mount(run, i, err))
            return false;
    }
    for (uint32_t i = 0; i < run->plan.host_nodes.len; i++) {
        if (!open_node(run, i, err))
            return false;
    }
    return true;
}

void images_close(Run *run)
{
    for (guint i = 0; i < run->images->len; i++) {
        const ControlHandoverImage *image = &g_array_index(run->images, ControlHandoverImage, i);
        image_close(image->fd, image->server_fd);
    }
    g_array_set_size(run->images, 0);
}
