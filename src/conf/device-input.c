// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <input>: a keyboard or a mouse, which libvirt refuses for a container.
 */
#include "base/error.h"
#include "conf/device.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

typedef struct Input {
    int type;
    int bus;
    KeptXml rest;
} Input;

static const char *const type_names[] = { NULL,          "mouse", "tablet", "keyboard",
                                          "passthrough", "evdev", NULL };
static const char *const bus_names[] = { NULL,        "ps2",    "usb",  "xen",
                                         "parallels", "virtio", "none", NULL };

/* Enough to tell a slip of the pen from a device that cannot be. */
/* clang-format off */
static const Row input_rows[] = {
    { "@type", ROW_ENUM, offsetof(Input, type), .names = type_names,
               .missing = ERR(DOMAIN, INTERNAL_ERROR), .bad = UNSUPPORTED },
    { "@bus",  ROW_ENUM, offsetof(Input, bus),  .names = bus_names, .bad = UNSUPPORTED },
    { "source|driver|alias|address",
               ROW_KEEP, offsetof(Input, rest) },
    { NULL },
};
/* clang-format on */

static const Record input_record = { "input", sizeof(Input), input_rows, .kept = true };

const DeviceClass input_class = {
    .element = "input",
    .record = &input_record,
    .refused = ERR(DOMAIN, INTERNAL_ERROR),
};
