// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See file.h. */
#include "lxc_driver/file.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool file_sync_dir(const char *dir, GError **err)
{
    autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return fail_errno(err, errno, _("cannot sync the directory '%s'"), dir);
    return true;
}

static bool write_new(const char *path, const char *text, FileDurability durability, GError **err)
{
    autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return fail_errno(err, errno, _("cannot write '%s'"), path);
    if (!fd_write_full(fd, text, strlen(text)) || (durability == FILE_SYNCED && fsync(fd) < 0))
        return fail_errno(err, errno, _("cannot write '%s'"), path);
    if (close(fd_steal(&fd)) < 0)
        return fail_errno(err, errno, _("cannot write '%s'"), path);
    return true;
}

bool file_replace(const char *path, const char *text, FileDurability durability, GError **err)
{
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    if (!write_new(fresh, text, durability, err)) {
        (void)unlink(fresh); /* half a file helps nobody; the error is on its way already */
        return false;
    }
    if (rename(fresh, path) < 0) {
        (void)fail_errno(err, errno, _("cannot write '%s'"), path);
        (void)unlink(fresh);
        return false;
    }
    return durability == FILE_FOR_THIS_BOOT || file_sync_dir(dir, err);
}

bool file_remove(const char *path, GError **err)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return fail_errno(err, errno, _("cannot remove '%s'"), path);
    return true;
}
