// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See console-host.h. */
#include "kernel/console-host.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/closed-places.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS_WAITING 16

static bool fail_path(const PlanConsole *console, const char *path, int errnum, GError **err)
{
    if (errnum == EXDEV)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot use '%s' for '%s': a container can change a directory on the way"),
                    path, console->alias);
    if (errnum == ELOOP)
        return fail(err, ERR(LXC, OPERATION_FAILED),
                    _("cannot use '%s' for '%s': a symbolic link on the way is not to be trusted"),
                    path, console->alias);
    if (errnum == ENXIO || errnum == EISDIR)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot use '%s' for '%s': it is not a regular file"), path, console->alias);
    return fail_errno(err, errnum, _("cannot open '%s' for '%s'"), path, console->alias);
}

/* ---- files ---- */

static void remove_backups(int dir, const char *name)
{
    int gone = 0;

    for (unsigned i = 0; gone == 0; i++) {
        g_autofree char *backup = g_strdup_printf("%s.%u", name, i);
        gone = unlinkat(dir, backup, 0);
    }
}

/* Not blocking, as it may turn out to be a pipe that nobody reads. */
static bool open_file(int dir, const char *name, int *ret_fd)
{
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    autofd int fd = openat(dir, name, flags, 0600);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return false;
    if (!S_ISREG(info.st_mode)) {
        errno = ENXIO; /* as the kernel says of a pipe that nobody reads */
        return false;
    }
    *ret_fd = fd_steal(&fd);
    return true;
}

typedef enum FileStart { FILE_ANEW, FILE_APPEND } FileStart;

static bool start_file(const char *path, HostPlaces closed, FileStart how,
                       ControlConsoleFile *ret_file)
{
    const char *name = NULL;
    autofd int dir = host_path_open_parent(path, closed, &name);
    autofd int fd = -1;

    if (dir < 0 || !open_file(dir, name, &fd))
        return false;
    if (how == FILE_ANEW && ftruncate(fd, 0) < 0)
        return false;
    ret_file->fd = fd_steal(&fd);
    ret_file->dir = fd_steal(&dir);
    ret_file->name = g_strdup(name);
    return true;
}

bool console_open_file(const PlanConsole *console, HostPlaces closed, ControlConsoleFile *ret_file,
                       GError **err)
{
    if (!start_file(console->path, closed, console->append ? FILE_APPEND : FILE_ANEW, ret_file))
        return fail_path(console, console->path, errno, err);
    fd_close(fd_steal(&ret_file->dir)); /* it is not rotated */
    return true;
}

bool console_open_log(const PlanConsole *console, HostPlaces closed, ControlConsoleFile *ret_log,
                      GError **err)
{
    if (!start_file(console->log, closed, console->log_append ? FILE_APPEND : FILE_ANEW, ret_log))
        return fail_path(console, console->log, errno, err);
    if (!console->log_append)
        remove_backups(ret_log->dir, ret_log->name);
    return true;
}

/* ---- sockets ---- */

/* One that was left by a crash: a socket, and nobody listens. */
static bool remove_stale(const char *path, HostPlaces closed)
{
    const char *name = NULL;
    autofd int dir = host_path_open_parent(path, closed, &name);
    autofd int sock = -1;
    struct stat info;

    if (dir < 0 || fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(info.st_mode))
        return false;
    sock = host_path_socket(path, closed, connect);
    return sock < 0 && errno == ECONNREFUSED && unlinkat(dir, name, 0) == 0;
}

/* Root's alone, from its beginning. */
static int bind_private(int sock, const struct sockaddr *address, socklen_t size)
{
    mode_t before = umask(0177);
    int done = bind(sock, address, size);

    (void)umask(before); /* gives what was set above */
    return done;
}

bool console_listen(const PlanConsole *console, HostPlaces closed, int *ret_listener, GError **err)
{
    autofd int sock = host_path_socket(console->path, closed, bind_private);

    if (sock < 0 && errno == EADDRINUSE) {
        (void)remove_stale(console->path, closed); /* else it is in use */
        sock = host_path_socket(console->path, closed, bind_private);
    }
    if (sock < 0)
        return fail_path(console, console->path, errno, err);
    if (listen(sock, CLIENTS_WAITING) < 0)
        return fail_errno(err, errno, _("cannot listen at '%s'"), console->path);
    *ret_listener = fd_steal(&sock);
    return true;
}

bool console_connect(const PlanConsole *console, HostPlaces closed, int *ret_reader, GError **err)
{
    autofd int sock = host_path_socket(console->path, closed, connect);

    if (sock < 0 && console->reconnect > 0 && errno != EXDEV && errno != ELOOP)
        return true;
    if (sock < 0)
        return fail_path(console, console->path, errno, err);
    *ret_reader = fd_steal(&sock);
    return true;
}

void console_remove_sockets(const Plan *plan)
{
    g_autoptr(GArray) places = closed_places_new(plan);

    for (uint32_t i = 0; i < plan->consoles.len; i++) {
        const PlanConsole *console = &plan->consoles.items[i];
        if (console->kind == PLAN_CONSOLE_UNIX && !console->connect)
            (void)remove_stale(console->path, closed_places(places)); /* mostly gone already */
    }
}
