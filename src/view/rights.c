// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See rights.h. */
#include "view/rights.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

/* To open /proc/PID/mem, which is the process's owner's, and is as good as tracing it. */
#define FOR_MEMORY (1u << CAP_DAC_OVERRIDE | 1u << CAP_SYS_PTRACE)
#define FOR_NAMESPACES (1u << CAP_SYS_ADMIN)

static bool set_capabilities(uint32_t wanted)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = {
        {.effective = wanted, .permitted = wanted}
    };

    return syscall(SYS_capset, &header, data) == 0;
}

static bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/* The last of all: the kernel forgets the second where rights change. */
static bool seal(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

bool rights_give_up(void)
{
    return become_nobody() && seal();
}

bool rights_keep_for_memory(int users)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || !become_nobody() ||
        !set_capabilities(FOR_MEMORY | FOR_NAMESPACES))
        return false;
    if (users >= 0 && setns(users, CLONE_NEWUSER) < 0)
        return false;
    return set_capabilities(FOR_MEMORY) && seal();
}
