// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <crypto>: a device of a virtual machine that does cryptography. Kept.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Crypto {
    int model;
    int type;
    int backend;
    OptNumber queues;
    DeviceInfo info;
    VirtioOptions virtio;
} Crypto;

static const char *const model_names[] = { NULL, "virtio", NULL };
static const char *const type_names[] = { NULL, "qemu", NULL };
static const char *const backend_names[] = { NULL, "builtin", "lkcf", NULL };

#define FIELD(name) offsetof(Crypto, name)
#define REQUIRED .missing = ERR(XML, XML_ERROR)

/* clang-format off */
static const Row crypto_rows[] = {
    { "@model",          ROW_ENUM,   FIELD(model),   .names = model_names,   REQUIRED },
    { "@type",           ROW_ENUM,   FIELD(type),    .names = type_names,    REQUIRED },
    { "backend/@model",  ROW_ENUM,   FIELD(backend), .names = backend_names, REQUIRED },
    { "backend/@queues", ROW_NUMBER, FIELD(queues),  .min = 1, .max = UINT32_MAX },
    VIRTIO_ROWS(FIELD(virtio)),
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static const Record crypto_record = { "crypto", sizeof(Crypto), crypto_rows, .kept = true };

const DeviceClass crypto_class = { .element = "crypto", .record = &crypto_record };
