// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <hub>: a USB hub, which a virtual machine would have.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Hub {
    int type;
    DeviceInfo info;
} Hub;

static const char *const type_names[] = { NULL, "usb", NULL };

/* clang-format off */
static const Row hub_rows[] = {
    { "@type", ROW_ENUM, offsetof(Hub, type), ROW_TYPE, .names = type_names,
               .missing = ERR(DOMAIN, INTERNAL_ERROR), .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    DEVICE_INFO_ROWS(offsetof(Hub, info)),
    { NULL },
};
/* clang-format on */

static const Record hub_record = { "hub", sizeof(Hub), hub_rows, .kept = true,
                                   .type = &hub_rows[0] };

const DeviceClass hub_class = { .element = "hub", .record = &hub_record };
