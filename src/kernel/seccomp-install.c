// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See seccomp.h. */
#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static long install(const void *program, size_t size, unsigned flags)
{
    struct sock_fprog filter = { .len = (unsigned short)(size / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)program };

    if (size % sizeof(struct sock_filter) != 0 ||
        size / sizeof(struct sock_filter) > BPF_MAXINSNS) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

bool seccomp_install(const void *program, size_t size)
{
    return size == 0 || install(program, size, 0) == 0;
}

/* Once it has been heard of, a call is not begun anew for each signal: Linux 5.19. */
int seccomp_install_listener(const void *program, size_t size)
{
    unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    long fd = install(program, size, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

    if (fd < 0 && errno == EINVAL)
        fd = install(program, size, flags);
    return (int)fd;
}
