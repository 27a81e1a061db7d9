// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See quota-project.h. The tree may be an attacker's: nothing in it is opened that is not a regular
 * file or a directory of the same file system, and no link is followed. The top is marked last, so
 * that one that is marked has all of it marked.
 */
#include "kernel/quota-project.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Ours are the upper half; what an administrator numbers in /etc/projects is below. */
#define OURS 0x80000000u
#define BLOCK 1024u /* what limits are counted in */
/* A tree that is deeper was made to be. */
#define DEPTH_MAX 128

typedef struct Marking {
    const char *path; /* of the top, for messages */
    uint32_t id;
    dev_t device;
} Marking;

/* ---- numbers ---- */

bool project_is_enforced(int fd)
{
    struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };

    return syscall(SYS_quotactl_fd, fd, QCMD(Q_XGETQSTATV, PRJQUOTA), 0, &state) == 0 &&
           (state.qs_flags & FS_QUOTA_PDQ_ENFD);
}

static uint32_t number_for(ino_t inode)
{
    uint32_t folded = (uint32_t)(inode ^ (inode >> 31)) & ~OURS;

    return OURS | (folded == ~OURS ? 0 : folded); /* all ones is no number */
}

bool project_choose(int fd, const char *path, uint32_t *ret_id, GError **err)
{
    struct fsxattr attributes;
    struct stat info;

    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0 || fstat(fd, &info) < 0)
        return fail_errno(err, errno, _("cannot limit the space of '%s'"), path);
    if (attributes.fsx_projid && attributes.fsx_projid < OURS)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot limit the space of '%s': it is in the project %u of its file system, "
                      "which has a limit of its own; 'chattr -R -p 0' takes it out"),
                    path, attributes.fsx_projid);
    *ret_id = number_for(info.st_ino);
    return true;
}

bool project_find(int fd, uint32_t *ret_id)
{
    struct fsxattr attributes;
    struct stat info;

    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0 || fstat(fd, &info) < 0)
        return false;
    *ret_id = number_for(info.st_ino);
    return attributes.fsx_projid == *ret_id;
}

bool project_limit(int fd, uint32_t id, uint64_t bytes)
{
    struct if_dqblk limit = { .dqb_bhardlimit = bytes / BLOCK + (bytes % BLOCK != 0),
                              .dqb_valid = QIF_BLIMITS };

    return syscall(SYS_quotactl_fd, fd, QCMD(Q_SETQUOTA, PRJQUOTA), id, &limit) == 0;
}

/* ---- marks ---- */

static bool has_mark(int fd, uint32_t id)
{
    struct fsxattr attributes;

    return ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 && attributes.fsx_projid == id &&
           (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT);
}

/* What nobody can change any more cannot grow either. */
static bool put_mark(int fd, uint32_t id, uint32_t inherit)
{
    struct fsxattr attributes;

    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
        return false;
    attributes.fsx_projid = id;
    attributes.fsx_xflags |= inherit;
    return ioctl(fd, FS_IOC_FSSETXATTR, &attributes) == 0 || errno == EPERM;
}

/* Looked at before it is opened: opening a pipe or a device does something. */
static int open_inside(const Marking *marking, int dir, const char *name, mode_t *ret_mode)
{
    autofd int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char self[sizeof "/proc/self/fd/" + 11];
    struct stat info;

    if (place < 0 || fstat(place, &info) < 0)
        return -1;
    errno = EXDEV;
    if ((!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) || info.st_dev != marking->device)
        return -1;
    *ret_mode = info.st_mode;
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", place);
    return open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Of a directory inside that has a limit of its own. */
static bool is_apart(int fd)
{
    uint32_t id;

    return project_find(fd, &id);
}

static bool mark_directory(const Marking *marking, int fd, unsigned depth, GError **err);

static bool mark_inside(const Marking *marking, int dir, const char *name, unsigned depth,
                        GError **err)
{
    mode_t mode = 0;
    autofd int fd = open_inside(marking, dir, name, &mode);

    if (fd < 0)
        return errno == EXDEV || errno == ENOENT || /* not of this tree, or gone */
               fail_errno(err, errno, _("cannot open '%s' in '%s'"), name, marking->path);
    if (S_ISDIR(mode))
        return is_apart(fd) || mark_directory(marking, fd, depth + 1, err);
    return put_mark(fd, marking->id, 0) ||
           fail_errno(err, errno, _("cannot count '%s' in '%s'"), name, marking->path);
}

static bool mark_entries(const Marking *marking, DIR *entries, unsigned depth, GError **err)
{
    const struct dirent *entry;

    while (errno = 0, (entry = readdir(entries))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!mark_inside(marking, dirfd(entries), entry->d_name, depth, err))
            return false;
    }
    return errno == 0 || fail_errno(err, errno, _("cannot read '%s'"), marking->path);
}

static bool mark_directory(const Marking *marking, int fd, unsigned depth, GError **err)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = own >= 0 ? fdopendir(own) : NULL;
    bool done;

    if (!entries) {
        fd_close(own);
        return fail_errno(err, errno, _("cannot read '%s'"), marking->path);
    }
    if (depth > DEPTH_MAX)
        done = fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot limit the space of '%s': it is more than %d directories deep"),
                    marking->path, DEPTH_MAX);
    else
        done = mark_entries(marking, entries, depth, err);
    (void)closedir(entries);
    return done && (put_mark(fd, marking->id, FS_XFLAG_PROJINHERIT) ||
                    fail_errno(err, errno, _("cannot count what is in '%s'"), marking->path));
}

bool project_mark(int fd, const char *path, uint32_t id, GError **err)
{
    Marking marking = { .path = path, .id = id };
    struct stat info;

    if (has_mark(fd, id))
        return true;
    if (fstat(fd, &info) < 0)
        return fail_errno(err, errno, _("cannot limit the space of '%s'"), path);
    marking.device = info.st_dev;
    return mark_directory(&marking, fd, 0, err);
}
