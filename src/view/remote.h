// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Writing into the memory of a process that waits for it, as the kernel would have done: nowhere
 * but where it may write itself, and never into another that got its number meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct RemotePlace {
    pid_t pid;
    uint64_t address;
    size_t size;
} RemotePlace;

/* `is_waiting` tells whether the process of that number is still the one that waits. */
bool remote_write(const RemotePlace *place, const void *data, bool (*is_waiting)(const void *),
                  const void *who);

/* Whether the whole place is writable, by the text of /proc/PID/maps. For the test. */
bool remote_may_write(const char *maps, const RemotePlace *place);
