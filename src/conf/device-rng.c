// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <rng>: where a virtual machine's random numbers come from. A container has the host's own. Kept.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

enum { BACKEND_RANDOM = 1, BACKEND_EGD, BACKEND_BUILTIN };

typedef struct Backend {
    int model;
    char *path;     /* random */
    Chardev source; /* egd */
} Backend;

typedef struct Rng {
    int model;
    OptNumber rate_bytes;
    OptNumber rate_period;
    Backend *backend;
    VirtioOptions virtio;
    DeviceInfo info;
} Rng;

static const char *const model_names[] = { NULL, "virtio", "virtio-transitional",
                                           "virtio-non-transitional", NULL };
static const char *const backend_names[] = { NULL, "random", "egd", "builtin", NULL };

/* clang-format off */
static const Row backend_rows[] = {
    { "@model", ROW_ENUM,   offsetof(Backend, model), .names = backend_names,
                .missing = WRONG, .bad = UNSUPPORTED },
    CHARDEV_TYPE_ROW(offsetof(Backend, source)),
    { "",       ROW_STRING, offsetof(Backend, path),  ROW_NOT_EMPTY, .types = CHARDEV_IS(NONE) },
    CHARDEV_ROWS(offsetof(Backend, source)),
    { NULL },
};
/* clang-format on */

/* What belongs to another model goes, as with libvirt. */
static bool check_backend(void *object, const Reader *reader, GError **err)
{
    Backend *backend = object;

    if (backend->model != BACKEND_RANDOM)
        g_clear_pointer(&backend->path, g_free);
    else if (!backend->path)
        backend->path = g_strdup("/dev/random");
    if (backend->model != BACKEND_EGD) {
        chardev_forget(&backend->source);
        return true;
    }
    if (!backend->source.type)
        return fail(err, WRONG, _("the backend 'egd' of random numbers lacks type='...'"));
    return chardev_check(&backend->source, err);
}

static const Record backend_record = {
    "backend",    sizeof(Backend),        backend_rows,
    .kept = true, .check = check_backend, .type = &backend_rows[1]
};

#define FIELD(name) offsetof(Rng, name)

/* clang-format off */
static const Row rng_rows[] = {
    { "@model",       ROW_ENUM,   FIELD(model),       .names = model_names, .missing = WRONG, .bad = UNSUPPORTED },
    { "rate/@bytes",  ROW_NUMBER, FIELD(rate_bytes),  .min = 0, .max = UINT32_MAX, .bad = WRONG },
    { "rate/@period", ROW_NUMBER, FIELD(rate_period), .min = 0, .max = UINT32_MAX, .bad = WRONG },
    { "backend",      ROW_MAYBE,  FIELD(backend),     .record = &backend_record, .missing = WRONG },
    VIRTIO_ROWS(FIELD(virtio)),
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static bool check_rng(void *object, const Reader *reader, GError **err)
{
    Rng *rng = object;

    rng->rate_bytes.set = rng->rate_bytes.value != 0;
    rng->rate_period.set = rng->rate_bytes.set && rng->rate_period.value != 0;
    return true;
}

static const Record rng_record = { "rng", sizeof(Rng), rng_rows, .kept = true, .check = check_rng };

const DeviceClass rng_class = { .element = "rng", .record = &rng_record };
