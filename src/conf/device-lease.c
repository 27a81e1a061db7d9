// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <lease>: what a lock manager would hold while a machine runs. Nobody holds it for a container.
 * Kept.
 */
#include "base/error.h"
#include "conf/device.h"

#define WRONG ERR(DOMAIN, XML_ERROR)

typedef struct Lease {
    char *lockspace;
    char *key;
    char *path;
    OptNumber offset;
} Lease;

/* clang-format off */
static const Row lease_rows[] = {
    { "lockspace",      ROW_STRING, offsetof(Lease, lockspace), ROW_NOT_EMPTY,
                        .missing = ERR(NONE, INTERNAL_ERROR) },
    { "key",            ROW_STRING, offsetof(Lease, key),       ROW_NOT_EMPTY, .missing = WRONG },
    { "target/@path",   ROW_STRING, offsetof(Lease, path),      .missing = WRONG },
    { "target/@offset", ROW_NUMBER, offsetof(Lease, offset),    .min = 0, .max = INT64_MAX },
    { NULL },
};
/* clang-format on */

static bool check_lease(void *object, const Reader *reader, GError **err)
{
    Lease *lease = object;

    lease->offset.set = lease->offset.set && lease->offset.value != 0;
    return true;
}

static const Record lease_record = { "lease", sizeof(Lease), lease_rows, .kept = true,
                                     .check = check_lease };

const DeviceClass lease_class = { .element = "lease", .record = &lease_record };
