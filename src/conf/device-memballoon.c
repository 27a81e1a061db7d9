// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <memballoon>: how a virtual machine gives memory back. A container's limit is simply changed.
 * Kept.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Memballoon {
    int model;
    Switch autodeflate;
    Switch free_page_reporting;
    OptNumber period; /* seconds */
    DeviceInfo info;
    VirtioOptions virtio;
} Memballoon;

static const char *const model_names[] = {
    NULL, "virtio", "xen", "none", "virtio-transitional", "virtio-non-transitional", NULL
};

#define FIELD(name) offsetof(Memballoon, name)

/* clang-format off */
static const Row memballoon_rows[] = {
    { "@model",             ROW_ENUM,   FIELD(model),               .names = model_names,
                            .missing = ERR(XML, XML_ERROR) },
    { "@autodeflate",       ROW_ENUM,   FIELD(autodeflate),         .names = switch_names },
    { "@freePageReporting", ROW_ENUM,   FIELD(free_page_reporting), .names = switch_names },
    { "stats/@period",      ROW_NUMBER, FIELD(period),              .min = INT32_MIN, .max = INT32_MAX },
    DEVICE_INFO_ROWS(FIELD(info)),
    VIRTIO_ROWS(FIELD(virtio)),
    { NULL },
};
/* clang-format on */

/* No period, or none that could be, asks for no statistics. */
static bool check(void *object, const Reader *reader, GError **err)
{
    Memballoon *balloon = object;

    balloon->period.set = balloon->period.value > 0;
    return true;
}

static const Record memballoon_record = { "memballoon", sizeof(Memballoon), memballoon_rows,
                                          .kept = true, .check = check };

const DeviceClass memballoon_class = {
    .element = "memballoon",
    .record = &memballoon_record,
    .single = ERR(DOMAIN, INTERNAL_ERROR),
};
