// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-view: shows a container its limits where programs look for the machine's. It serves a
 * FUSE file system whose files are mounted over the kernel's (/proc/meminfo and others, see
 * node.c).
 *
 *     program in the container --read--> kernel --request--> virtlxc-view --read--> control groups,
 *                                            | nobody serves                        host's /proc
 *                                            v
 *                                       virtlxc-monitor, which starts virtlxc-view
 *
 * The monitor holds the connection, and starts this program when a request waits; it ends when none
 * has come for some seconds. A container in which nobody looks costs nothing, and one whose server
 * is killed gets a new one. It lives outside of the container, as a user who may do nothing.
 *
 * Another process of it answers system calls, where the definition asks for that: see answer.h.
 *
 *     virtlxc-view files MEMORY CONNECTION
 *     virtlxc-view calls MEMORY TALK LISTENER [USERS]
 */
#include "base/fd.h"
#include "view/answer.h"
#include "view/rights.h"
#include "view/server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* An end of our own: what we have taken and not answered when we die fails with it. */
static int clone_connection(int connection)
{
    autofd int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    uint32_t number = (uint32_t)connection;

    if (fd < 0 || ioctl(fd, FUSE_DEV_IOC_CLONE, &number) < 0)
        return -1;
    return fd_steal(&fd);
}

/* Never unmapped: the load is in it. */
static bool load_view(int memory, ControlView *ret_view, FactLoad **ret_load)
{
    struct stat info;
    char *data;
    size_t size;

    if (fstat(memory, &info) < 0 || (size_t)info.st_size <= sizeof(FactLoad))
        return false;
    size = (size_t)info.st_size;
    data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (data == MAP_FAILED)
        return false;
    *ret_load = (FactLoad *)data;
    return xdr_decode(&control_view_xdr, data + sizeof(FactLoad), size - sizeof(FactLoad), ret_view,
                      NULL) == XDR_OK;
}

static int fail(const char *what)
{
    const char *why = strerror(errno);

    (void)fd_write_full(2, what, strlen(what)); /* nowhere else to say it */
    (void)fd_write_full(2, why, strlen(why));
    (void)fd_write_full(2, "\n", 1);
    return EXIT_FAILURE;
}

static int serve_files(int connection, Gatherer *gatherer)
{
    int fd = clone_connection(connection);

    if (fd < 0)
        return fail("cannot take up the view's connection: ");
    fd_close(connection);
    if (!rights_give_up())
        return fail("cannot give up privileges: ");
    server_run(fd, gatherer);
    return EXIT_SUCCESS;
}

static int answer_calls(int talk, int listener, int users, Gatherer *gatherer)
{
    if (!rights_keep_for_memory(users))
        return fail("cannot give up privileges: ");
    answer_run(talk, listener, gatherer);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    ControlView view;
    Gatherer gatherer = { .view = &view };
    int status = EXIT_FAILURE;

    (void)prctl(PR_SET_NAME, "virtlxc-view", 0, 0, 0); /* for ps only */
    if (argc < 4)
        return fail("virtlxc-view is started by virtlxc-monitor only: ");
    gatherer.load_fd = atoi(argv[2]);
    if (!load_view(gatherer.load_fd, &view, &gatherer.load))
        return fail("cannot read what the view shows: ");
    if (argc == 4 && !strcmp(argv[1], "files"))
        status = serve_files(atoi(argv[3]), &gatherer);
    else if (argc >= 5 && !strcmp(argv[1], "calls"))
        status =
            answer_calls(atoi(argv[3]), atoi(argv[4]), argc > 5 ? atoi(argv[5]) : -1, &gatherer);
    _exit(status); /* at once: nothing is left to write */
}
