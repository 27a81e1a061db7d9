// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Images of other formats than raw, as the kernel's network block devices, which qemu-nbd serves.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct NbdImage {
    int program_fd; /* virtlxc-image */
    int fd;
    bool readonly;
    const char *format; /* libvirt's word */
    const char *name;   /* for people */
} NbdImage;

/* The device lives, and its server, as long as somebody has it open or mounted. */
bool nbd_open(const NbdImage *image, int *ret_fd, GError **err);
