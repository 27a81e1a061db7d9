// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Files and block devices that a container gets as a device or as a file system.
 *
 *     path --image_open--> a block device and what is in it --image_mount--> a detached mount
 *
 * What becomes a device for the container belongs to who holds its descriptor, and is gone when
 * that is closed and nobody has it mounted: see loop.h. While it is there the file is locked,
 * against a second writer here and against QEMU.
 */
#pragma once

#include "base/host-path.h"
#include "kernel/file-system.h"
#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

typedef enum ImageUse {
    IMAGE_AS_DISK,        /* all of it, whatever is in it */
    IMAGE_AS_FILE_SYSTEM, /* what is in it is found out, and the partition that it is in */
} ImageUse;

typedef struct ImageSource {
    const char *path;
    PlanImageDriver driver; /* PLAN_IMAGE_NONE: it is a block device already */
    const char *format;     /* raw, qcow2, ...; it is never guessed */
    bool readonly;
    ImageUse use;
} ImageSource;

/* What opening takes besides; all borrowed. */
typedef struct ImageTools {
    int program_fd;    /* virtlxc-image */
    HostPlaces closed; /* where the container could put something else in the way */
} ImageTools;

typedef struct ImageDevice {
    int fd;
    int server;                 /* a pidfd of who serves it; -1: the kernel alone */
    const FileSystemType *type; /* NULL of a disk */
} ImageDevice;

bool image_open(const ImageTools *tools, const ImageSource *source, ImageDevice *ret_device,
                GError **err);

/* Closes it. If nobody has it any more, the file is free and complete when this comes back. */
void image_close(int fd, int server);

/* A file system of its own type, or the one that is mounted from the same device already. */
bool image_mount(const ImageDevice *device, bool readonly, int *ret_fd, GError **err);
