// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The per-container programs as sealed copies in memory, made once per daemon. Every container's
 * process runs from them: nothing inside can reach a file of the host by /proc/PID/exe, and the
 * pages are shared by all.
 */
#include "lxc_driver/controller-images.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

static bool load(const char *dir, const char *name, int *ret_fd, GError **err)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    int fd = process_seal_file(path, name);

    if (fd < 0)
        return fail_errno(err, errno, _("cannot copy '%s' into memory"), path);
    *ret_fd = fd;
    return true;
}

bool controller_images_load(const char *dir, ControllerImages **ret_images, GError **err)
{
    ControllerImages *images = g_new(ControllerImages, 1);

    *images = (ControllerImages){ -1, -1, -1, -1 };
    if (!load(dir, "virtlxc-controller", &images->controller_fd, err) ||
        !load(dir, "virtlxc-monitor", &images->monitor_fd, err) ||
        !load(dir, "virtlxc-view", &images->view_fd, err) ||
        !load(dir, "virtlxc-image", &images->image_fd, err)) {
        controller_images_free(images);
        return false;
    }
    *ret_images = images;
    return true;
}

void controller_images_free(ControllerImages *images)
{
    if (!images)
        return;
    fd_close(images->controller_fd);
    fd_close(images->monitor_fd);
    fd_close(images->view_fd);
    fd_close(images->image_fd);
    g_free(images);
}
