// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See remote.h. Of a process its /proc/PID/mem is written, which stays that of its memory once it
 * is open, whoever has the number then: hence first open, then ask whether it was the right one.
 * But the kernel lets through there what the process itself may not write (as a debugger wants it):
 * hence its map is looked at. What its other threads change in between is between them.
 */
#include "view/remote.h"

#include "base/fd.h"
#include "view/scan.h"
#include "view/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 32

/* "7f1c5a000000-7f1c5a021000 rw-p ...", in order of addresses. */
bool remote_may_write(const char *maps, const RemotePlace *place)
{
    uint64_t next = place->address;
    uint64_t end = place->address + place->size;

    if (end < next)
        return false;
    for (const char *line = maps; line; line = scan_next_line(line)) {
        char *at = NULL;
        uint64_t first = strtoull(line, &at, 16);
        uint64_t behind = *at == '-' ? strtoull(at + 1, &at, 16) : first;

        if (first > next)
            return false;
        if (behind <= next)
            continue;
        if (at[0] != ' ' || at[1] == '\0' || at[2] != 'w')
            return false;
        next = behind;
        if (next >= end)
            return true;
    }
    return false;
}

static int open_of(const RemotePlace *place, const char *name, int flags)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)place->pid, name); /* at most 22 */
    return open(path, flags | O_CLOEXEC);
}

bool remote_write(const RemotePlace *place, const void *data, bool (*is_waiting)(const void *),
                  const void *who)
{
    autofd int memory = open_of(place, "mem", O_WRONLY);
    autofd int maps = open_of(place, "maps", O_RDONLY);
    Text text = { 0 };
    bool fine = memory >= 0 && maps >= 0 && is_waiting(who) && text_add_file(&text, maps) &&
                remote_may_write(text.data, place);

    text_clear(&text);
    return fine && pwrite(memory, data, place->size, (off_t)place->address) == (ssize_t)place->size;
}
