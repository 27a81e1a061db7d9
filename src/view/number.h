// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Counters of the kernel are read one after the other: a difference never wraps around. */
#pragma once

#include <stdint.h>

static inline uint64_t number_less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

static inline uint64_t number_lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
