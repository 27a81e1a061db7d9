// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Loop devices. Each is told to clear itself when it is closed last: it belongs to whoever has it
 * open or mounted, and ends with them, whatever they die of.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Some bytes of a file; size 0: up to its end. */
typedef struct LoopPart {
    uint64_t offset;
    uint64_t size;
} LoopPart;

/*
 * A new device of what `file_fd` is open for: a descriptor for reading only makes one that cannot
 * be written. The device keeps that very open file, and the locks it has. `name` is for people.
 */
bool loop_attach(int file_fd, LoopPart part, const char *name, int *ret_fd, GError **err);
