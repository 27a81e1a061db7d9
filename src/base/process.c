// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See process.h. */
#include "base/process.h"

#include "base/fd.h"
#include "base/monotonic.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEAL_MS 10000

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
    int pidfd = -1;
    struct clone_args args = { .flags = flags };
    pid_t pid;

    /* With CLONE_PARENT the signal is the parent's own, and must not be named. */
    args.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
    if (ret_pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)&pidfd;
    }
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid > 0 && ret_pidfd)
        *ret_pidfd = pidfd;
    return pid;
}

int process_open(pid_t pid)
{
    return pidfd_open(pid, 0);
}

bool process_signal(int pidfd, int signum)
{
    return pidfd_send_signal(pidfd, signum, NULL, 0) == 0;
}

bool process_wait_end(int pidfd, int timeout_ms)
{
    struct pollfd wait = { .fd = pidfd, .events = POLLIN };
    int n;

    do {
        n = poll(&wait, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        errno = ETIMEDOUT;
    return n > 0;
}

static int open_memory(const char *name, unsigned flags, bool executable)
{
    int fd = memfd_create(name, flags | (executable ? MFD_EXEC : 0));

    if (fd < 0 && errno == EINVAL && executable)
        fd = memfd_create(name, flags);
    return fd;
}

/*
 * The kernel seals pages that nobody else holds, and waits for 75 ms at most until that is so. When
 * it is just reclaiming or moving memory it holds some itself for longer: then it says EBUSY.
 */
static bool seal(int fd)
{
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int64_t deadline = monotonic_ms() + SEAL_MS;
    bool sealed;

    do {
        sealed = fcntl(fd, F_ADD_SEALS, seals) == 0;
    } while (!sealed && errno == EBUSY && monotonic_ms() < deadline);
    return sealed;
}

/*
 * The seals let root open it for writing, in vain; but who does keeps everybody from running it.
 * Linux 6.6; before it, this fails.
 */
static void make_immutable(int fd)
{
    int flags = FS_IMMUTABLE_FL;

    (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static bool copy_whole(int from, int to)
{
    struct stat info;

    if (fstat(from, &info) < 0)
        return false;
    for (off_t left = info.st_size; left > 0;) {
        ssize_t n = sendfile(to, from, NULL, (size_t)left);
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return false;
        left -= n;
    }
    return true;
}

int process_seal_file(const char *path, const char *name)
{
    autofd int file = open(path, O_RDONLY | O_CLOEXEC);
    autofd int memory = -1;

    if (file < 0)
        return -1;
    memory = open_memory(name, MFD_CLOEXEC | MFD_ALLOW_SEALING, true);
    if (memory < 0 || !copy_whole(file, memory) || fchmod(memory, 0500) < 0 || !seal(memory))
        return -1;
    make_immutable(memory);
    return fd_steal(&memory);
}

int process_seal_bytes(const char *name, const void *data, size_t size)
{
    autofd int memory = open_memory(name, MFD_CLOEXEC | MFD_ALLOW_SEALING, false);

    if (memory < 0 || !fd_write_full(memory, data, size) || !seal(memory))
        return -1;
    return fd_steal(&memory);
}
