// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <nvram>: the memory of a POWER machine's firmware. Kept.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Nvram {
    DeviceInfo info;
} Nvram;

/* clang-format off */
static const Row nvram_rows[] = {
    DEVICE_INFO_ROWS(offsetof(Nvram, info)),
    { NULL },
};
/* clang-format on */

static const Record nvram_record = { "nvram", sizeof(Nvram), nvram_rows, .kept = true };

const DeviceClass nvram_class = { .element = "nvram",
                                  .record = &nvram_record,
                                  .single = ERR(DOMAIN, INTERNAL_ERROR) };
