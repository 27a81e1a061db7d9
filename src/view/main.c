// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-view: shows a container its limits where programs look for the machine's. It serves a
 * FUSE file system whose files are mounted over the kernel's (/proc/meminfo and others, see
 * node.c).
 *
 *     program in the container --read--> kernel --request--> virtlxc-view --read--> control groups
 *                                            | nobody serves                        and host's
 * /proc
 *                                            v
 *                                       virtlxc-monitor, which starts virtlxc-view
 *
 * The monitor holds the connection, and starts this program when a request waits; it ends when none
 * has come for some seconds. A container in which nobody looks costs nothing, and one whose server
 * is killed gets a new one. It lives outside of the container, as a user who may do nothing.
 */
#include "base/fd.h"
#include "view/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

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

/* Everything that is read may be read by anybody. */
static bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

static int fail(const char *what)
{
    const char *why = strerror(errno);

    (void)fd_write_full(2, what, strlen(what)); /* nowhere else to say it */
    (void)fd_write_full(2, why, strlen(why));
    (void)fd_write_full(2, "\n", 1);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    ControlView view;
    Gatherer gatherer = { .view = &view };
    int fd;

    (void)prctl(PR_SET_NAME, "virtlxc-view", 0, 0, 0); /* for ps only */
    if (argc < 3)
        return fail("virtlxc-view is started by virtlxc-monitor only: ");
    fd = clone_connection(atoi(argv[1]));
    if (fd < 0)
        return fail("cannot take up the view's connection: ");
    fd_close(atoi(argv[1]));
    if (!load_view(atoi(argv[2]), &view, &gatherer.load))
        return fail("cannot read what the view shows: ");
    fd_close(atoi(argv[2]));
    if (!become_nobody())
        return fail("cannot give up privileges: ");
    server_run(fd, &gatherer);
    _exit(EXIT_SUCCESS); /* at once: nothing is left to write */
}
