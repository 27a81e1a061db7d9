// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Generated files of the container's tree (/etc/hosts and the like), the socket that hears from
 * init, and a file that cannot be opened. They live in a small file system in memory that nobody
 * sees: it lies between the host's tree and the container's, and goes with the former. Only mounts
 * of its files stay.
 */
#include "controller/tree.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/label.h"
#include "kernel/mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static bool has_files(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++) {
        const PlanMount *mount = &plan->mounts.items[i];

        if (mount->kind == PLAN_MOUNT_FILE || mount->kind == PLAN_MOUNT_NOTIFY ||
            mount->flags & PLAN_MOUNT_F_REFUSED)
            return true;
    }
    return false;
}

bool tree_files_prepare(Run *run, int top_fd, GError **err)
{
    const MountType type = { "tmpfs", "mode=755,size=1m", label_of_mount(&run->plan, "tmpfs") };
    autofd int fd = -1;

    if (!has_files(&run->plan))
        return true;
    if (!mount_new_labelled(&type, &fd, err))
        return false;
    if (!mount_set_flags(fd, PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV | PLAN_MOUNT_F_NOEXEC) ||
        !mount_attach(fd, top_fd))
        return fail_errno(err, errno, _("cannot mount a place for generated files"));
    run->files_fd = fd_steal(&fd);
    return true;
}

static bool write_file(const Run *run, const PlanMount *mount, const char *name, GError **err)
{
    autofd int file =
        openat(run->files_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

    return (file >= 0 && fchmod(file, mount->flags & PLAN_MOUNT_F_SECRET ? 0400 : 0644) == 0 &&
            fd_write_full(file, mount->options, strlen(mount->options))) ||
           fail_errno(err, errno, _("cannot write '%s'"), mount->target);
}

/* For root of the container alone. The socket itself is the controller's. */
static bool name_socket(const Run *run, const PlanMount *mount, const char *name, GError **err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    (void)g_snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
                     run->files_fd, name); /* there is room for two numbers */
    return (bind(run->notify_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            fchmodat(run->files_fd, name, 0600, 0) == 0) ||
           fail_errno(err, errno, _("cannot make the socket '%s'"), mount->target);
}

bool tree_file_make(const Run *run, uint32_t index, int *ret_fd, GError **err)
{
    const PlanMount *mount = &run->plan.mounts.items[index];
    g_autofree char *name = g_strdup_printf("%u", index);

    if (!(mount->kind == PLAN_MOUNT_NOTIFY ? name_socket : write_file)(run, mount, name, err))
        return false;
    *ret_fd = mount_clone(run->files_fd, name, MOUNT_TOP_ONLY);
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot make a mount of '%s'"), mount->target);
}

/* A node of no device: opening it fails, where an empty file would have its readers ask for more in
 * a loop. */
bool tree_file_refuse(const Run *run, int *ret_fd, GError **err)
{
    static const char name[] = "refused";

    if (mknodat(run->files_fd, name, S_IFCHR, makedev(0, 0)) < 0 && errno != EEXIST)
        return fail_errno(err, errno, _("cannot make a node that cannot be opened"));
    *ret_fd = mount_clone(run->files_fd, name, MOUNT_TOP_ONLY);
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot make a mount of '%s'"), name);
}
