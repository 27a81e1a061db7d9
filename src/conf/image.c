// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The kernel's loop devices know raw images only; qemu-nbd knows all formats. Who does not say
 * which of the two gets the first that can.
 */
#include "conf/image.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

const char *const image_format_names[] = {
    NULL,  "raw",   "dir",  "bochs", "cloop", "dmg",   "iso", "vpc",  "vdi", "fat",
    "vhd", "ploop", "luks", "cow",   "qcow",  "qcow2", "qed", "vmdk", NULL,
};

const char *image_format(int format)
{
    return image_format_names[format ? format : IMAGE_FORMAT_RAW];
}

bool image_plan(const Image *image, PlanImageDriver *ret_driver, GError **err)
{
    bool raw = image->format == IMAGE_FORMAT_ABSENT || image->format == IMAGE_FORMAT_RAW;

    if (!image->driver || strcmp(image->driver, "nbd") == 0) {
        *ret_driver = raw && !image->driver ? PLAN_IMAGE_LOOP : PLAN_IMAGE_NBD;
        return true;
    }
    if (strcmp(image->driver, "loop") != 0)
        return fail(err, UNSUPPORTED,
                    _("the driver '%s' of the image '%s' is not supported in a container"),
                    image->driver, image->path);
    if (!raw)
        return fail(err, UNSUPPORTED,
                    _("the image '%s' has the format '%s', which the driver 'loop' does not know"),
                    image->path, image_format_names[image->format]);
    *ret_driver = PLAN_IMAGE_LOOP;
    return true;
}
