// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See console-file.h. */
#include "controller/console-file.h"

#include "base/decimal.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NAME_SIZE (NAME_MAX + 1 + DECIMAL_SIZE)
#define FRESH ".new"

/* Others may have cut the file short. */
static void look_at_size(ConsoleFile *file)
{
    struct stat info;

    if (fstat(file->kept->fd, &info) == 0)
        file->size = (uint64_t)info.st_size;
}

void console_file_start(ConsoleFile *file, ControlConsoleFile *kept)
{
    *file = (ConsoleFile){ .kept = kept };
    if (kept->fd >= 0)
        look_at_size(file);
}

/* ---- rotation ---- */

static const char *backup_name(const ControlConsoleFile *kept, unsigned number,
                               char name[NAME_SIZE])
{
    char digits[DECIMAL_SIZE];

    strcat(strcpy(name, kept->name), ".");
    return strcat(name, decimal(number, digits));
}

/* The oldest is replaced. What is not there leaves a gap, and is no failure. */
static bool shift_backups(const ControlConsoleFile *kept)
{
    char from[NAME_SIZE];
    char to[NAME_SIZE];

    for (unsigned i = kept->max_backups - 1; i > 0; i--) {
        if (renameat(kept->dir, backup_name(kept, i - 1, from), kept->dir,
                     backup_name(kept, i, to)) < 0 &&
            errno != ENOENT)
            return false;
    }
    return renameat(kept->dir, kept->name, kept->dir, backup_name(kept, 0, to)) == 0 ||
           errno == ENOENT;
}

/* Whoever may read the file may read the next one. */
static int make_fresh(const ControlConsoleFile *kept, const char *name)
{
    autofd int fd = -1;
    struct stat info;

    (void)unlinkat(kept->dir, name, 0); /* left by a crash, or not there */
    fd = openat(kept->dir, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(kept->fd, &info) < 0 || fchown(fd, info.st_uid, info.st_gid) < 0 ||
        fchmod(fd, info.st_mode & 0777) < 0)
        return -1;
    return fd_steal(&fd);
}

/* Nothing is given up before the new file is there. False: errno, and the old one stays in use. */
static bool rotate(ConsoleFile *file)
{
    ControlConsoleFile *kept = file->kept;
    autofd int fresh = -1;
    char name[NAME_SIZE];

    if (kept->max_backups == 0) {
        file->size = 0;
        return ftruncate(kept->fd, 0) == 0;
    }
    strcat(strcpy(name, kept->name), FRESH);
    fresh = make_fresh(kept, name);
    if (fresh < 0 || !shift_backups(kept) || renameat(kept->dir, name, kept->dir, kept->name) < 0) {
        (void)unlinkat(kept->dir, name, 0); /* ours, or not there */
        return false;
    }
    fd_close(kept->fd);
    kept->fd = fd_steal(&fresh);
    file->size = 0;
    return true;
}

/* ---- writing ---- */

static void complain(ConsoleFile *file, int errnum)
{
    static const char what[] = "output of a console is lost: cannot write to '";
    const char *name = file->kept->name;
    const char *why = strerrordesc_np(errnum);
    const struct iovec parts[] = {
        {(void *)what,   sizeof what - 1},
        { (void *)name,  strlen(name)   },
        { (void *)"': ", 3              },
        { (void *)why,   strlen(why)    },
        { (void *)"\n",  1              },
    };

    if (!file->failing)
        (void)writev(2, parts, sizeof parts / sizeof *parts); /* nowhere else to say it */
    file->failing = true;
}

/* How much of it belongs into the file that is open. */
static size_t part_that_fits(ConsoleFile *file, const char *data, size_t size)
{
    uint64_t max = file->kept->max_size;
    const char *end;

    if (max == 0 || file->size + size <= max)
        return size;
    look_at_size(file);
    if (file->size + size <= max)
        return size;
    end = max > file->size ? memrchr(data, '\n', max - file->size) : NULL;
    if (end)
        return (size_t)(end - data) + 1;
    return file->size == 0 ? (size_t)max : 0;
}

static bool write_part(ConsoleFile *file, const char *data, size_t size)
{
    if (!fd_write_full(file->kept->fd, data, size)) {
        complain(file, errno);
        return false;
    }
    file->size += size;
    if (size > 0) /* else it was not tried */
        file->failing = false;
    return true;
}

/* A log that cannot be rotated rather grows than stops. */
void console_file_write(ConsoleFile *file, const char *data, size_t size)
{
    while (size > 0) {
        size_t part = part_that_fits(file, data, size);
        if (!write_part(file, data, part))
            return;
        data += part;
        size -= part;
        if (size > 0 && !rotate(file)) {
            (void)write_part(file, data, size); /* else lost, which was said */
            return;
        }
    }
}
