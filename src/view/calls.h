// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * System calls that say what files of the view say too: which they are on each architecture, the
 * filter that hands them over to us, and what they are answered with.
 */
#pragma once

#include "view/content.h"

#include <linux/filter.h>

/* The bits of plan.view_calls are 1 << ViewCall. */
typedef enum ViewCall { VIEW_CALL_SYSINFO, VIEW_CALL_AFFINITY, VIEW_CALLS } ViewCall;

/* Of one architecture whose programs a kernel may run. */
typedef struct CallMachine {
    uint32_t arch; /* AUDIT_ARCH_* */
    bool narrow;   /* its words have 32 bits */
    int numbers[VIEW_CALLS];
} CallMachine;

/* NULL: the call is none of these. */
const CallMachine *calls_find(uint32_t arch, int number, ViewCall *ret_call);

/* A program for seccomp(2) that notifies of `calls`, and allows everything else. */
#define CALLS_PROGRAM_MAX 128
size_t calls_make_program(unsigned calls, struct sock_filter ret_program[CALLS_PROGRAM_MAX]);

/* What sysinfo(2) fills in. */
ViewNeeds calls_sysinfo_needs(void);
void calls_make_sysinfo(const Facts *facts, bool narrow, Text *out);

/* Leaves the first `n` of a set of processors, in its bytes as the kernel has them, in it. */
void calls_keep_first(uint64_t *mask, size_t n_words, unsigned n);
