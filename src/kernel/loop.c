// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See loop.h. */
#include "kernel/loop.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONTROL "/dev/loop-control"
#define ATTEMPTS 64 /* others look for a free one as well */

static bool is_writable(int fd)
{
    return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

static int open_free(int control, bool writable)
{
    g_autofree char *path = NULL;
    int number = ioctl(control, LOOP_CTL_GET_FREE);

    if (number < 0)
        return -1;
    path = g_strdup_printf("/dev/loop%d", number);
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

static void fill(struct loop_config *config, int file_fd, LoopPart part, const char *name)
{
    *config = (struct loop_config){ .fd = (uint32_t)file_fd };
    config->info.lo_offset = part.offset;
    config->info.lo_sizelimit = part.size;
    config->info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (!is_writable(file_fd))
        config->info.lo_flags |= LO_FLAGS_READ_ONLY;
    g_strlcpy((char *)config->info.lo_file_name, name, sizeof config->info.lo_file_name);
}

bool loop_attach(int file_fd, LoopPart part, const char *name, int *ret_fd, GError **err)
{
    autofd int control = open(CONTROL, O_RDWR | O_CLOEXEC);
    struct loop_config config;

    if (control < 0 && errno == ENOENT)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the image '%s' needs loop devices, which this host's kernel lacks"), name);
    if (control < 0)
        return fail_errno(err, errno, _("cannot make a loop device of '%s': cannot open '%s'"),
                          name, CONTROL);
    fill(&config, file_fd, part, name);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        autofd int device = open_free(control, is_writable(file_fd));

        if (device >= 0 && ioctl(device, LOOP_CONFIGURE, &config) == 0) {
            *ret_fd = fd_steal(&device);
            return true;
        }
        if (errno != EBUSY)
            break;
    }
    return fail_errno(err, errno, _("cannot make a loop device of '%s'"), name);
}
