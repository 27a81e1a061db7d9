// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The clock that nobody sets, without GLib, for the resident monitor. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* every kernel has it */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
