// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See lock.h. The lock ends with its process, so a daemon that was killed leaves none. The file is
 * removed while it is still locked; whoever waited for it finds that its name leads elsewhere now.
 */
#include "lxc_driver/lock.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Lock {
    int fd;
    char *path;
};

static bool is_same_file(int fd, const char *path)
{
    struct stat mine;
    struct stat named;

    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_dev == named.st_dev &&
           mine.st_ino == named.st_ino;
}

/* Mostly it is libvirtd with its own driver for containers, and then people should know. */
static char *name_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int)pid);
    g_autofree char *name = NULL;

    if (!g_file_get_contents(path, &name, NULL, NULL))
        return g_strdup("?");
    return g_strdup(g_strstrip(name));
}

static bool fail_held(int fd, const char *path, GError **err)
{
    struct flock holder = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    g_autofree char *name = NULL;

    if (fcntl(fd, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK) {
        name = name_of(holder.l_pid);
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("another daemon uses this directory: '%s' is held by process %d (%s)"), path,
                    (int)holder.l_pid, name);
    }
    return fail(err, ERR(LXC, OPERATION_INVALID),
                _("another daemon uses this directory: '%s' is held"), path);
}

static bool write_pid(int fd, const char *path, GError **err)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());

    if (ftruncate(fd, 0) < 0 || !fd_write_full(fd, text, strlen(text)))
        return fail_errno(err, errno, _("cannot write '%s'"), path);
    return true;
}

bool lock_take(const char *path, Lock **ret_lock, GError **err)
{
    struct flock wanted = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    for (;;) {
        autofd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
            return fail_errno(err, errno, _("cannot open '%s'"), path);
        if (fcntl(fd, F_SETLK, &wanted) < 0)
            return fail_held(fd, path, err);
        if (!is_same_file(fd, path))
            continue; /* its holder removed it just now */
        if (!write_pid(fd, path, err))
            return false;
        *ret_lock = g_new0(Lock, 1);
        (*ret_lock)->fd = fd_steal(&fd);
        (*ret_lock)->path = g_strdup(path);
        return true;
    }
}

void lock_release(Lock *lock)
{
    if (!lock)
        return;
    (void)unlink(lock->path); /* it says nothing once nobody holds it */
    fd_close(lock->fd);
    g_free(lock->path);
    g_free(lock);
}
