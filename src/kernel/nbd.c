// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See nbd.h. */
#include "kernel/nbd.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/image-helper.h"

#include <fcntl.h>
#include <string.h>

/* Formats that are one file, whose reader needs nothing but that. */
typedef struct Format {
    const char *name;
    const char *driver; /* qemu's word */
} Format;

static const Format formats[] = {
    {"raw",    "raw"  },
    { "bochs", "bochs"},
    { "cloop", "cloop"},
    { "dmg",   "dmg"  },
    { "vpc",   "vpc"  },
    { "vhd",   "vpc"  },
    { "vdi",   "vdi"  },
    { "qcow",  "qcow" },
    { "qcow2", "qcow2"},
    { "qed",   "qed"  },
    { "vmdk",  "vmdk" },
};

static const char *find_driver(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (strcmp(formats[i].name, format) == 0)
            return formats[i].driver;
    return NULL;
}

bool nbd_open(const NbdImage *image, int *ret_fd, int *ret_server, GError **err)
{
    const char *driver = find_driver(image->format);
    const char *argv[] = { "virtlxc-image", "nbd", driver, image->readonly ? "ro" : "rw", NULL };
    const ImageHelper helper = { .program_fd = image->program_fd,
                                 .argv = argv,
                                 .input = image->fd,
                                 .input_flags = image->readonly ? O_RDONLY : O_RDWR,
                                 .name = image->name };
    g_auto(GStrv) words = NULL;
    int fds[2];

    if (!driver)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("cannot use '%s': images of the format '%s' are not served to containers"),
                    image->name, image->format);
    if (!image_helper_ask(&helper, &words, fds, G_N_ELEMENTS(fds), err))
        return false;
    *ret_fd = fds[0];
    *ret_server = fds[1];
    return true;
}
