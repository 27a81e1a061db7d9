// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The last 64 KiB of a stream of bytes, in a memfd that is made when there is something to keep: it
 * survives exec and is handed over as it is. libc only.
 */
#pragma once

#include "control-xdr.h"

#include <stddef.h>

#define RING_SIZE 65536u

/* Puts bytes at the end; the oldest give way. Without memory for them they are lost. */
void ring_add(ControlRing *ring, const void *data, size_t size);

/* Copies from the start, at most `size` bytes; less where there are less, or where it wraps. */
size_t ring_peek(const ControlRing *ring, void *data, size_t size);
void ring_drop(ControlRing *ring, size_t size); /* so much of the start */

/* Empty, and without memory. */
void ring_clear(ControlRing *ring);
