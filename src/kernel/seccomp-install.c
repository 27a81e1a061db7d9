// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See seccomp.h. */
#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

bool seccomp_install(const void *program, size_t size)
{
    struct sock_fprog filter = { .len = (unsigned short)(size / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)program };

    if (size == 0)
        return true;
    if (size % sizeof(struct sock_filter) != 0 ||
        size / sizeof(struct sock_filter) > BPF_MAXINSNS) {
        errno = EINVAL;
        return false;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}
