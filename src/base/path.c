// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See path.h. */
#include "base/path.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int path_open(int root_fd, const char *path, int flags, PathLinks links)
{
    struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    long fd;

    if (links == PATH_LINKS_REFUSE)
        how.resolve |= RESOLVE_NO_SYMLINKS;
    while (*path == '/')
        path++;
    if (!*path)
        path = ".";
    /* EAGAIN: something was renamed on the way, and ".." could not be proved safe. */
    do {
        fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
    } while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return (int)fd;
}

/* Splits off the last component, in place; returns it. "/a/b//" gives "/a" and "b". */
static char *split_last(char *path)
{
    size_t len = strlen(path);
    char *slash;

    while (len > 0 && path[len - 1] == '/')
        path[--len] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return slash + 1;
}

static bool make_entry(int parent, const char *name, PathKind kind)
{
    int fd;

    if (kind == PATH_DIRECTORY)
        return mkdirat(parent, name, 0755) == 0 || errno == EEXIST;
    fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    fd_close(fd);
    return fd >= 0 || errno == EEXIST;
}

/* What was made, or was there already: a symlink then, one that leads nowhere. */
static int open_made(int parent, const char *name)
{
    autofd int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -1;
    if (S_ISLNK(info.st_mode)) {
        errno = ELOOP;
        return -1;
    }
    return fd_steal(&fd);
}

/* Makes the missing end of `path`, outermost first. `path` is the caller's to spoil. */
static int make_missing(int root_fd, char *path, PathKind kind, PathLinks links)
{
    autofd int parent = -1;
    char *name = split_last(path);

    if (!name || !strcmp(name, "..") || !strcmp(name, ".")) {
        errno = ENOENT;
        return -1;
    }
    if (*path) {
        parent = path_make(root_fd, path, PATH_DIRECTORY, links);
        if (parent < 0)
            return -1;
        root_fd = parent;
    }
    return make_entry(root_fd, name, kind) ? open_made(root_fd, name) : -1;
}

int path_make(int root_fd, const char *path, PathKind kind, PathLinks links)
{
    int fd = path_open(root_fd, path, O_PATH, links);
    char *copy;
    int saved;

    if (fd >= 0 || errno != ENOENT)
        return fd;
    /* A leading slash gives every component a parent to split from. */
    if (strlen(path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    copy = malloc(strlen(path) + 2);
    if (!copy)
        return -1;
    copy[0] = '/';
    strcpy(copy + 1, path);
    fd = make_missing(root_fd, copy, kind, links);
    saved = errno;
    free(copy);
    errno = saved;
    return fd;
}

static char *read_all(int fd, size_t max)
{
    char *text = malloc(max + 1);
    size_t len = 0;
    ssize_t n = 1;

    while (text && len <= max && (n = read(fd, text + len, max + 1 - len)) > 0)
        len += (size_t)n;
    if (!text || n < 0 || len > max) {
        free(text);
        if (len > max)
            errno = EFBIG;
        return NULL;
    }
    text[len] = '\0';
    return text;
}

char *path_read(int root_fd, const char *path, size_t max)
{
    autofd int fd = path_open(root_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, PATH_LINKS_INSIDE);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return NULL;
    if (!S_ISREG(info.st_mode)) {
        errno = EINVAL;
        return NULL;
    }
    return read_all(fd, max);
}

char *path_read_kernel(const char *path, size_t max)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? NULL : read_all(fd, max);
}

bool path_write(int dir_fd, const char *path, const char *text)
{
    autofd int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    return fd >= 0 && fd_write_full(fd, text, strlen(text));
}
