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

/*
 * The device lives, and its server, as long as somebody has it open or mounted. *ret_server is a
 * pidfd of the server: with its end all is in the file, and that is free.
 */
bool nbd_open(const NbdImage *image, int *ret_fd, int *ret_server, GError **err);
