// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See numa.h. */
#include "kernel/numa.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES_MAX 1024 /* as large as kernels are built for */
#define WORD_BITS (8 * sizeof(unsigned long))

/* Indexed by PlanNumaMode. */
static const int modes[] = {
    [PLAN_NUMA_DEFAULT] = MPOL_DEFAULT,
    [PLAN_NUMA_BIND] = MPOL_BIND,
    [PLAN_NUMA_PREFERRED] = MPOL_PREFERRED,
    [PLAN_NUMA_INTERLEAVE] = MPOL_INTERLEAVE,
};

/* "0-3,8", checked when the definition was read. */
static bool parse_nodes(const char *text, unsigned long mask[NODES_MAX / WORD_BITS])
{
    while (*text) {
        char *end = NULL;
        unsigned long first = strtoul(text, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

        if (end == text || first > last || last >= NODES_MAX)
            return false;
        for (unsigned long node = first; node <= last; node++)
            mask[node / WORD_BITS] |= 1ul << node % WORD_BITS;
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

bool numa_set_policy(const PlanNuma *numa)
{
    unsigned long mask[NODES_MAX / WORD_BITS] = { 0 };

    if (numa->mode == PLAN_NUMA_DEFAULT)
        return true;
    if (!parse_nodes(numa->nodes, mask)) {
        errno = EINVAL;
        return false;
    }
    return syscall(SYS_set_mempolicy, modes[numa->mode], mask, NODES_MAX + 1ul) == 0;
}
