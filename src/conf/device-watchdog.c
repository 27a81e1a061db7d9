// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <watchdog>: a device that ends a virtual machine which has stopped to answer. Kept.
 */
#include "base/error.h"
#include "conf/device-info.h"
#include "conf/device.h"

#define INTERNAL ERR(DOMAIN, INTERNAL_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

typedef struct Watchdog {
    int model;
    int action;
    DeviceInfo info;
} Watchdog;

static const char *const model_names[] = { NULL, "i6300esb", "ib700", "diag288", NULL };
static const char *const action_names[] = { "reset", "shutdown", "poweroff",   "pause",
                                            "dump",  "none",     "inject-nmi", NULL };

/* clang-format off */
static const Row watchdog_rows[] = {
    { "@model",  ROW_ENUM, offsetof(Watchdog, model),  .names = model_names, .missing = INTERNAL,
                 .bad = UNSUPPORTED },
    { "@action", ROW_ENUM, offsetof(Watchdog, action), .names = action_names, .bad = UNSUPPORTED },
    DEVICE_INFO_ROWS(offsetof(Watchdog, info)),
    { NULL },
};
/* clang-format on */

static const Record watchdog_record = { "watchdog", sizeof(Watchdog), watchdog_rows, .kept = true };

const DeviceClass watchdog_class = {
    .element = "watchdog",
    .record = &watchdog_record,
    .single = INTERNAL,
};
