// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <pstore>: where a virtual machine's kernel leaves its last words. Kept.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Pstore {
    int backend;
    char *path;
    OptNumber size; /* KiB */
    DeviceInfo info;
} Pstore;

static const char *const backend_names[] = { NULL, "acpi-erst", NULL };

#define FIELD(name) offsetof(Pstore, name)

/* clang-format off */
static const Row pstore_rows[] = {
    { "@backend", ROW_ENUM,   FIELD(backend), .names = backend_names, .missing = ERR(XML, XML_ERROR) },
    { "path",     ROW_STRING, FIELD(path),    ROW_NOT_EMPTY, .missing = ERR(XML, XML_ERROR) },
    { "size",     ROW_SIZE,   FIELD(size),    .scale = 1024, .missing = ERR(XML, XML_ERROR) },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static const Record pstore_record = { "pstore", sizeof(Pstore), pstore_rows, .kept = true };

const DeviceClass pstore_class = { .element = "pstore",
                                   .record = &pstore_record,
                                   .single = ERR(DOMAIN, XML_ERROR) };
