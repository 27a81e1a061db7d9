// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Files with a disk or a file system in them, of <disk> and <filesystem> alike. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "plan-xdr.h"

enum { IMAGE_FORMAT_ABSENT, IMAGE_FORMAT_RAW, IMAGE_FORMAT_QCOW2 = 15 };

/* libvirt's words for what is in a file, raw, qcow2, ...; the first is NULL: not given. */
extern const char *const image_format_names[];

typedef struct Image {
    const char *path;
    const char *driver; /* "loop", "nbd", another word, or NULL: whichever fits the format */
    int format;         /* of image_format_names */
} Image;

/* How it becomes a block device, or why it cannot. */
bool image_plan(const Image *image, PlanImageDriver *ret_driver, GError **err);
/* The format as the plan says it. */
const char *image_format(int format);
