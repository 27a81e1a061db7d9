// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <vsock>: sockets between a virtual machine and its host. A container shares the host's kernel and
 * has no number of its own there. Kept.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

/* The smaller ones are the hypervisor, the machine itself, and the host. */
#define CID_FIRST 3

typedef struct Vsock {
    int model;
    Choice auto_cid;
    OptNumber cid;
    DeviceInfo info;
    VirtioOptions virtio;
} Vsock;

static const char *const model_names[] = { "default", "virtio", "virtio-transitional",
                                           "virtio-non-transitional", NULL };

/* clang-format off */
static const Row vsock_rows[] = {
    { "@model",       ROW_ENUM,   offsetof(Vsock, model),    ROW_HIDE_DEFAULT, .names = model_names },
    { "cid/@auto",    ROW_ENUM,   offsetof(Vsock, auto_cid), .names = choice_names },
    { "cid/@address", ROW_NUMBER, offsetof(Vsock, cid),      .min = 1, .max = UINT32_MAX },
    DEVICE_INFO_ROWS(offsetof(Vsock, info)),
    VIRTIO_ROWS(offsetof(Vsock, virtio)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Vsock *vsock = object;

    if (vsock->cid.set && vsock->cid.value < CID_FIRST)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the vsock address %" PRId64 " is below %d"), vsock->cid.value, CID_FIRST);
    if (!vsock->auto_cid)
        vsock->auto_cid = vsock->cid.set ? CHOICE_NO : CHOICE_YES;
    return true;
}

static const Record vsock_record = { "vsock", sizeof(Vsock), vsock_rows, .kept = true,
                                     .check = check_one };

const DeviceClass vsock_class = { .element = "vsock",
                                  .record = &vsock_record,
                                  .single = ERR(DOMAIN, XML_ERROR) };
