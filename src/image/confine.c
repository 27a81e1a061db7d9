// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See confine.h. */
#include "image/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY 65534
#define SECONDS 10
#define MEMORY_MORE (64ul << 20) /* beyond what the program itself takes */
#define LAST_FD 2

/* ---- limits ---- */

/* Address space in use; a large number when it is not known: then nothing is limited. */
static rlim_t memory_used(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file)
        (void)fclose(file); /* it was only read */
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static bool limit(void)
{
    const struct {
        __rlimit_resource_t resource;
        rlim_t most;
    } rows[] = {
        {RLIMIT_AS,      memory_used() + MEMORY_MORE},
        { RLIMIT_CPU,    SECONDS                    },
        { RLIMIT_FSIZE,  0                          },
        { RLIMIT_CORE,   0                          },
        { RLIMIT_NOFILE, LAST_FD + 1                },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rlimit both = { rows[i].most, rows[i].most };
        if (setrlimit(rows[i].resource, &both) < 0)
            return false;
    }
    return true;
}

/* ---- rights ---- */

/* Without root every capability goes, and the death of who asks is ours after the change only. */
static bool drop_rights(void)
{
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

/* ---- system calls ---- */

/* Reading, memory, and the end. What else libraries try is answered with EPERM. */
/* clang-format off */
static const char *const calls[] = {
    "read", "pread64", "readv", "lseek", "_llseek", "fstat", "fstat64", "newfstatat", "statx",
    "fadvise64", "close", "write", "mmap", "mmap2", "munmap", "mremap", "madvise", "mprotect", "brk",
    "futex", "getrandom", "clock_gettime", "uname", "getpid", "gettid", "rt_sigreturn",
    "rt_sigprocmask", "sigaltstack", "exit", "exit_group",
};
/* clang-format on */

/* What a block device tells about its size. */
static const unsigned long questions[] = { BLKGETSIZE64, BLKGETSIZE, BLKSSZGET,  BLKPBSZGET,
                                           BLKIOMIN,     BLKIOOPT,   BLKALIGNOFF };

static int allow(scmp_filter_ctx filter)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < sizeof calls / sizeof *calls; i++) {
        int number = seccomp_syscall_resolve_name(calls[i]);
        if (number != __NR_SCMP_ERROR)
            result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    for (size_t i = 0; result == 0 && i < sizeof questions / sizeof *questions; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_EQ, questions[i]));
    return result;
}

static bool filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool done = filter && allow(filter) == 0 && seccomp_load(filter) == 0;

    seccomp_release(filter);
    return done;
}

bool confine(const char **ret_what)
{
    static const struct {
        const char *what;
        bool (*give_up)(void);
    } rows[] = {
        {"rights",  drop_rights },
        { "limits", limit       },
        { "filter", filter_calls},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *ret_what = rows[i].what;
        if (!rows[i].give_up())
            return false;
    }
    return true;
}
