// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What is in an image: libblkid reads, these are the rules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum LookDepth { LOOK_WHOLE, LOOK_PARTITIONS } LookDepth;

/* Writes the answer for descriptor 0, one line: see kernel/probe.c for the words. */
void look(int fd, LookDepth depth, char *answer, size_t size);
