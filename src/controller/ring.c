// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See ring.h. */
#include "controller/ring.h"

#include "base/fd.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

void ring_drop(ControlRing *ring, size_t size)
{
    ring->start = (ring->start + (uint32_t)size) % RING_SIZE;
    ring->length -= (uint32_t)size;
    if (ring->length == 0)
        ring->start = 0; /* so that what is little stays in one page */
}

static void make_room(ControlRing *ring, size_t size)
{
    if (ring->length + size > RING_SIZE)
        ring_drop(ring, ring->length + size - RING_SIZE);
}

void ring_add(ControlRing *ring, const void *data, size_t size)
{
    const char *from = data;

    if (ring->memory < 0)
        ring->memory = memfd_create("backlog", MFD_CLOEXEC);
    while (size > 0) {
        uint32_t end = (ring->start + ring->length) % RING_SIZE;
        size_t part = lesser(size, RING_SIZE - end);
        if (pwrite(ring->memory, from, part, end) != (ssize_t)part)
            return; /* no memory: these are lost, their writer goes on */
        make_room(ring, part);
        ring->length += (uint32_t)part;
        from += part;
        size -= part;
    }
}

size_t ring_peek(const ControlRing *ring, void *data, size_t size)
{
    size_t part = lesser(lesser(size, ring->length), RING_SIZE - ring->start);
    ssize_t n = part > 0 ? pread(ring->memory, data, part, ring->start) : 0;

    return n > 0 ? (size_t)n : 0;
}

void ring_clear(ControlRing *ring)
{
    fd_close(fd_steal(&ring->memory));
    ring->start = ring->length = 0;
}
