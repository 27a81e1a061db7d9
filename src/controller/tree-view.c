// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The files with limits in them, as the tree gets them: mounts of files of one file system, which
 * itself lies, like that of generated files, between the host's tree and the container's. To find
 * files in it the controller is asked, who answers once it has nothing else to do: see view.c.
 */
#include "controller/tree.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/mount.h"
#include "view/node.h"

#include <dirent.h>
#include <fcntl.h>

bool tree_view_prepare(const Run *run, int top_fd, GError **err)
{
    return run->view.mount < 0 || mount_attach(run->view.mount, top_fd) ||
           fail_errno(err, errno, _("cannot mount the files that show the limits"));
}

/* A kernel without clocks for containers has no use for a time since they started. */
static bool is_shown(const Run *run, ViewKind kind)
{
    return run->view.mount >= 0 && (kind != VIEW_UPTIME || run->has_clocks);
}

/* The kernel then knows all names, and asks for none by itself. It may ask if this fails. */
void tree_view_learn(const Run *run)
{
    _Alignas(8) char entries[4096];
    autofd int fd =
        run->view.mount < 0 ? -1 : openat(run->view.mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)getdents64(fd, entries, sizeof entries);
}

bool tree_view_clone(const Run *run, const char *path, int *ret_fd, GError **err)
{
    ViewKind kind = node_by_kernel_path(path);
    char name[VIEW_NAME_MAX];

    if (kind == VIEW_ROOT)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("nothing can stand in for '%s'"), path);
    if (!is_shown(run, kind))
        return true;
    node_name((ViewNode){ kind, 0 }, name);
    *ret_fd = mount_clone(run->view.mount, name, MOUNT_TOP_ONLY);
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot make a mount for '%s'"), path);
}
