// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <panic>: how a virtual machine's kernel would tell that it has crashed. Kept.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"

typedef struct Panic {
    int model;
    DeviceInfo info;
} Panic;

static const char *const model_names[] = { "default", "isa", "pseries", "hyperv", "s390", NULL };

/* clang-format off */
static const Row panic_rows[] = {
    { "@model", ROW_ENUM, offsetof(Panic, model), ROW_HIDE_DEFAULT, .names = model_names,
                .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    DEVICE_INFO_ROWS(offsetof(Panic, info)),
    { NULL },
};
/* clang-format on */

static const Record panic_record = { "panic", sizeof(Panic), panic_rows, .kept = true };

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *list = device_list(def, &panic_class);
    bool seen[G_N_ELEMENTS(model_names)] = { false };

    for (size_t i = 0; i < list->n; i++) {
        int model = ((const Panic *)list->items[i])->model;

        if (seen[model])
            return fail(err, ERR(DOMAIN, XML_ERROR), _("two <panic> have the model '%s'"),
                        model_names[model]);
        seen[model] = true;
    }
    return true;
}

const DeviceClass panic_class = { .element = "panic", .record = &panic_record, .check = check };
