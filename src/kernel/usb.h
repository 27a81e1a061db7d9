// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * USB devices of the host, as sysfs shows them. A device that is plugged in again has another
 * number, and so another node: a definition that says what it is, not where, still finds it.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

#define USB_SYSFS "/sys"

typedef struct UsbDevice {
    unsigned bus; /* 0: no device */
    unsigned device;
    unsigned vendor;
    unsigned product;
    unsigned major; /* of its node, /dev/bus/usb/BBB/DDD */
    unsigned minor;
} UsbDevice;

/*
 * Looks below `sysfs`, USB_SYSFS for all but tests. Fails where there is none such, unless it is
 * optional, and where what is said of it holds for several.
 */
bool usb_find(const char *sysfs, const PlanUsb *wanted, UsbDevice *ret_device, GError **err);
