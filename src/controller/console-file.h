// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A file that a console's output goes to: that of <console type='file'>, or a log. A log is rotated
 * when it has grown to its greatest size: NAME becomes NAME.0, which becomes NAME.1 and so on, and
 * the oldest goes. It is cut where a line ends, if one ends in what is written just then. What
 * cannot be written, as a disk is full, is lost; the container goes on, and later output is written
 * again. libc only.
 */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ConsoleFile {
    ControlConsoleFile *kept; /* borrowed from the handover */
    uint64_t size;
    bool failing; /* which was said */
} ConsoleFile;

void console_file_start(ConsoleFile *file, ControlConsoleFile *kept);
void console_file_write(ConsoleFile *file, const char *data, size_t size);
