// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See host-path.h. The last component is never replaced by a link's target, so it stays as it is at
 * the end of what was given. */
#include "base/host-path.h"

#include "base/decimal.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define LINKS_MAX 40

typedef struct Way {
    int dir;             /* where we stand */
    char rest[PATH_MAX]; /* what is still to be gone: directories only, but for host_path_find */
    unsigned links;
    bool takes_all_links; /* not only root's and our own */
    HostPlaces closed;
} Way;

static bool is_closed(const Way *way, const struct stat *info)
{
    for (size_t i = 0; i < way->closed.n; i++)
        if (way->closed.items[i].inode == info->st_ino &&
            way->closed.items[i].device == info->st_dev)
            return true;
    return false;
}

/* Takes the first component off; false: there is none. */
static bool take_name(Way *way, char name[NAME_MAX + 1])
{
    const char *start = way->rest + strspn(way->rest, "/");
    size_t len = strcspn(start, "/");

    if (len == 0)
        return false;
    if (len > NAME_MAX)
        len = NAME_MAX; /* which is not there either */
    memcpy(name, start, len);
    name[len] = '\0';
    memmove(way->rest, start + len, strlen(start + len) + 1);
    return true;
}

/* The target takes the place of the link. */
static bool follow(Way *way, int link, const struct stat *info)
{
    char target[PATH_MAX];
    ssize_t len;

    errno = ELOOP;
    if (++way->links > LINKS_MAX ||
        (!way->takes_all_links && info->st_uid != 0 && info->st_uid != geteuid()))
        return false;
    len = readlinkat(link, "", target, sizeof target);
    if (len < 0)
        return false;
    errno = ENAMETOOLONG;
    if ((size_t)len + 1 + strlen(way->rest) >= sizeof way->rest)
        return false;
    memmove(way->rest + len + 1, way->rest, strlen(way->rest) + 1);
    memcpy(way->rest, target, (size_t)len);
    way->rest[len] = '/';
    if (*target != '/')
        return true;
    fd_close(way->dir);
    way->dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return way->dir >= 0;
}

static bool step(Way *way, const char *name)
{
    autofd int next = openat(way->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (next < 0 || fstat(next, &info) < 0)
        return false;
    if (S_ISLNK(info.st_mode))
        return follow(way, next, &info);
    errno = ENOTDIR;
    if (!S_ISDIR(info.st_mode))
        return false;
    errno = EXDEV;
    if (is_closed(way, &info))
        return false;
    fd_close(way->dir);
    way->dir = fd_steal(&next);
    return true;
}

int host_path_open_parent(const char *path, HostPlaces closed, const char **ret_name)
{
    const char *name = strrchr(path, '/');
    Way way = { .closed = closed };
    char component[NAME_MAX + 1];

    errno = EINVAL;
    if (*path != '/' || !name[1] || !strcmp(name, "/.") || !strcmp(name, "/.."))
        return -1;
    errno = ENAMETOOLONG;
    if ((size_t)(name - path) >= sizeof way.rest)
        return -1;
    memcpy(way.rest, path, (size_t)(name - path));
    way.dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (way.dir >= 0 && take_name(&way, component)) {
        if (step(&way, component))
            continue;
        fd_close(way.dir);
        return -1;
    }
    *ret_name = name + 1;
    return way.dir;
}

/* A link at the end of the way: its target takes its place in `path`. */
static bool follow_last(int dir, const char *name, char path[PATH_MAX])
{
    char target[PATH_MAX];
    struct stat info;
    ssize_t len;
    size_t kept = (size_t)(name - path);

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    errno = ELOOP;
    if (!S_ISLNK(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()))
        return false;
    len = readlinkat(dir, name, target, sizeof target);
    if (len <= 0)
        return false;
    if (*target == '/')
        kept = 0;
    errno = ENAMETOOLONG;
    if (kept + (size_t)len >= PATH_MAX)
        return false;
    memcpy(path + kept, target, (size_t)len);
    path[kept + (size_t)len] = '\0';
    return true;
}

int host_path_open(const char *path, HostPlaces closed, int flags)
{
    char way[PATH_MAX];
    unsigned links = 0;

    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof way)
        return -1;
    strcpy(way, path);
    for (;;) {
        const char *name = NULL;
        autofd int dir = host_path_open_parent(way, closed, &name);
        int fd;

        if (dir < 0)
            return -1;
        fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 || errno != ELOOP || ++links > LINKS_MAX)
            return fd;
        if (!follow_last(dir, name, way))
            return -1;
    }
}

/* ---- found, to be mounted ---- */

/* A directory is asked for as one first: that is when an automount on it is mounted. */
static int open_entry(int dir, const char *name)
{
    int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 || errno != ENOTDIR ? fd : openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* What is in a closed place and below it, by no link. */
static int find_inside(int place, const char *rest)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    long fd;

    /* EAGAIN: something was renamed on the way, and ".." could not be proved safe. */
    do {
        fd = syscall(SYS_openat2, place, rest, &how, sizeof how);
    } while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return (int)fd;
}

/* All the rest of the way at once. */
static bool go_inside(Way *way)
{
    int found = find_inside(way->dir, way->rest + strspn(way->rest, "/"));

    fd_close(way->dir);
    way->dir = found;
    *way->rest = '\0';
    return found >= 0;
}

static bool find_next(Way *way, const char *name, HostPathEnd end)
{
    autofd int next = open_entry(way->dir, name);
    bool is_last = !way->rest[strspn(way->rest, "/")];
    struct stat info;

    if (next < 0 || fstat(next, &info) < 0)
        return false;
    errno = ELOOP;
    if (S_ISLNK(info.st_mode))
        return !(is_last && end == HOST_PATH_NO_LINK) && follow(way, next, &info);
    fd_close(way->dir);
    way->dir = fd_steal(&next);
    return is_last || !is_closed(way, &info) || go_inside(way);
}

static bool is_directory(int fd)
{
    struct stat info;

    errno = ENOTDIR;
    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

int host_path_find(const char *path, HostPlaces closed, HostPathEnd end)
{
    Way way = { .closed = closed, .takes_all_links = true };
    char name[NAME_MAX + 1];
    bool found;

    errno = *path == '/' ? ENAMETOOLONG : EINVAL;
    if (*path != '/' || strlen(path) >= sizeof way.rest)
        return -1;
    strcpy(way.rest, path);
    way.dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    found = way.dir >= 0;
    while (found && take_name(&way, name))
        found = find_next(&way, name, end);
    if (found && (end == HOST_PATH_ANY || is_directory(way.dir)))
        return way.dir;
    fd_close(way.dir);
    return -1;
}

/* ---- sockets ---- */

/* By the directory's descriptor, since names of sockets are short and are resolved again. */
static bool make_address(int dir, const char *name, struct sockaddr_un *ret_address)
{
    static const char prefix[] = "/proc/self/fd/";
    char digits[DECIMAL_SIZE];
    size_t len = strlen(prefix) + strlen(decimal((unsigned)dir, digits)) + 1 + strlen(name);

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    errno = ENAMETOOLONG;
    if (len >= sizeof ret_address->sun_path)
        return false;
    strcat(strcpy(ret_address->sun_path, prefix), digits);
    strcat(strcat(ret_address->sun_path, "/"), name);
    return true;
}

int host_path_socket(const char *path, HostPlaces closed, HostPathCall *how)
{
    const char *name = NULL;
    autofd int dir = host_path_open_parent(path, closed, &name);
    autofd int sock = -1;
    struct sockaddr_un address;

    if (dir < 0 || !make_address(dir, name, &address))
        return -1;
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0 || how(sock, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return fd_steal(&sock);
}
