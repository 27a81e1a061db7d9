// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See server.h. It gets a listening socket in the way of systemd. The socket has a name in a
 * network namespace that nobody else is in, and there is a client before there is a server: ours.
 */
#include "image/server.h"

#include "base/fd.h"
#include "base/process.h"
#include "image/jail.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 3 /* systemd's first */
#define OUT_OF_THE_WAY 10

const char *server_program(void)
{
    static const char *const places[] = { "/usr/bin/qemu-nbd", "/usr/local/bin/qemu-nbd",
                                          "/bin/qemu-nbd" };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* ---- the socket ---- */

/* The kernel chooses a name. */
static int make_listener(struct sockaddr_un *ret_address, socklen_t *ret_size)
{
    autofd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *ret_size = sizeof *ret_address;
    if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof address.sun_family) < 0 ||
        listen(sock, 1) < 0 || getsockname(sock, (struct sockaddr *)ret_address, ret_size) < 0)
        return -1;
    return fd_steal(&sock);
}

static int make_client(const struct sockaddr_un *address, socklen_t size)
{
    autofd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (sock < 0 || connect(sock, (const struct sockaddr *)address, size) < 0)
        return -1;
    return fd_steal(&sock);
}

/* ---- the process ---- */

static void execute(const ServerImage *image, const char *program)
{
    char options[128];
    char pid[32];
    char *argv[] = { (char *)"qemu-nbd",
                     (char *)"--image-opts",
                     (char *)"--discard=unmap",
                     image->readonly ? (char *)"--read-only" : options,
                     image->readonly ? options : NULL,
                     NULL };
    char *env[] = { (char *)"LISTEN_FDS=1", pid, (char *)"MALLOC_ARENA_MAX=2", NULL };

    (void)snprintf(options, sizeof options, "driver=%s,file.driver=file,file.filename=%s",
                   image->driver, JAIL_IMAGE);
    (void)snprintf(pid, sizeof pid, "LISTEN_PID=%d", (int)getpid());
    (void)execve(program, argv, env); /* comes back only to fail */
}

static bool place(int listener, int words)
{
    autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    autofd int high_listener = fcntl(listener, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    autofd int high_words = fcntl(words, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);

    return null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(high_words, 2) == 2 &&
           dup2(high_listener, LISTEN_FD) == LISTEN_FD;
}

static void become_server(const ServerImage *image, const char *program, int listener, int words)
{
    const char *what = "descriptors";
    autofd int file = fcntl(image->fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);

    (void)setsid(); /* fails for who leads a session already */
    if (file >= 0 && place(listener, words) && jail_enter(file, image->readonly, &what) &&
        close_range(LISTEN_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        execute(image, program);
    (void)dprintf(2, "cannot confine or execute it (%s): %m\n", what); /* nowhere else to say it */
    _exit(127);
}

void server_init(Server *server)
{
    *server = (Server){ -1, -1, -1 };
}

void server_clear(Server *server)
{
    fd_close(server->connection);
    fd_close(server->pidfd);
    fd_close(server->words);
    server_init(server);
}

bool server_start(const ServerImage *image, const char *program, Server *server)
{
    struct sockaddr_un address;
    socklen_t size;
    autofd int listener = -1;
    autofd int inner = -1;
    int ends[2];
    pid_t pid;

    if (unshare(CLONE_NEWNET) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return false;
    server->words = ends[0];
    inner = ends[1];
    listener = make_listener(&address, &size);
    server->connection = listener < 0 ? -1 : make_client(&address, size);
    if (server->connection < 0)
        return false;
    pid = process_clone(CLONE_NEWPID, -1, &server->pidfd);
    if (pid == 0)
        become_server(image, program, listener, inner);
    return pid > 0;
}
