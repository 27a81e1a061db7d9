// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See usb-claim.h. */
#include "lxc_driver/usb-claim.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/usb.h"
#include "lxc_driver/domain-list.h"

#include <string.h>

/* ---- one definition ---- */

static PlanUsb wanted_by(const Hostdev *hostdev)
{
    return (PlanUsb){
        .bus = (uint32_t)hostdev->bus.value,
        .device = (uint32_t)hostdev->device.value,
        .vendor = (uint32_t)hostdev->vendor.value,
        .product = (uint32_t)hostdev->product.value,
        .optional = hostdev->startup_policy == STARTUP_OPTIONAL,
    };
}

static void note(Hostdev *hostdev, const UsbDevice *device)
{
    hostdev->missing = device->bus ? CHOICE_ABSENT : CHOICE_YES;
    if (!device->bus)
        return;
    hostdev->bus = (OptNumber){ .set = true, .value = device->bus };
    hostdev->device = (OptNumber){ .set = true, .value = device->device };
}

/* Where the device of a running container is by now: what is known by what it is may have been
 * plugged in again since. */
static bool find_again(const Hostdev *hostdev, UsbDevice *ret_device)
{
    PlanUsb wanted = wanted_by(hostdev);

    wanted.optional = false;
    if (usb_find(USB_SYSFS, &wanted, ret_device, NULL))
        return true;
    wanted.bus = wanted.device = 0;
    return wanted.vendor && usb_find(USB_SYSFS, &wanted, ret_device, NULL);
}

static bool has_device(const DomainDef *def, const UsbDevice *device)
{
    for (size_t i = 0; def && i < def->hostdevs.n; i++) {
        const Hostdev *hostdev = def->hostdevs.items[i];
        UsbDevice its;

        if (hostdev->type == HOSTDEV_USB && hostdev->missing != CHOICE_YES &&
            find_again(hostdev, &its) && its.bus == device->bus && its.device == device->device)
            return true;
    }
    return false;
}

/* ---- claims ---- */

static bool check_free(const Domain *domain, const UsbDevice *device, GError **err)
{
    g_autoptr(GPtrArray) all = domain_list_all(domain->driver->domains);

    for (guint i = 0; i < all->len; i++) {
        const Domain *other = g_ptr_array_index(all, i);

        if (other != domain && (has_device(domain_live(other), device) ||
                                (other->run && has_device(other->draft, device))))
            return fail(err, ERR(LXC, OPERATION_INVALID),
                        _("the USB device %u on bus %u is in use by domain '%s'"), device->device,
                        device->bus, other->name);
    }
    return true;
}

/* Two ways to say which one may come to the same. */
static bool check_once(const DomainDef *live, size_t n_claimed, const UsbDevice *device,
                       GError **err)
{
    for (size_t i = 0; i < n_claimed; i++) {
        const Hostdev *hostdev = live->hostdevs.items[i];

        if (hostdev->type == HOSTDEV_USB && hostdev->bus.value == device->bus &&
            hostdev->device.value == device->device)
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("the USB device %u on bus %u is given twice"), device->device,
                        device->bus);
    }
    return true;
}

/* The plan's devices are those of the definition, in the same order. */
static void drop(Plan *plan, uint32_t index)
{
    PlanUsb *item = &plan->usb.items[index];

    memmove(item, item + 1, (--plan->usb.len - index) * sizeof *item);
}

bool usb_claim(const Domain *domain, DomainDef *live, Plan *plan, GError **err)
{
    uint32_t n_found = 0;

    for (size_t i = 0; i < live->hostdevs.n; i++) {
        Hostdev *hostdev = live->hostdevs.items[i];
        PlanUsb wanted = wanted_by(hostdev);
        UsbDevice device;

        if (hostdev->type != HOSTDEV_USB)
            continue;
        if (!usb_find(USB_SYSFS, &wanted, &device, err))
            return false;
        if (device.bus && (!check_once(live, i, &device, err) || !check_free(domain, &device, err)))
            return false;
        note(hostdev, &device);
        if (device.bus)
            n_found++;
        else
            drop(plan, n_found);
    }
    return true;
}

void usb_claim_renew(DomainDef *live)
{
    for (size_t i = 0; i < live->hostdevs.n; i++) {
        Hostdev *hostdev = live->hostdevs.items[i];
        UsbDevice device = { 0 };

        if (hostdev->type != HOSTDEV_USB || hostdev->missing == CHOICE_YES)
            continue;
        (void)find_again(hostdev, &device); /* else it is missing by now */
        note(hostdev, &device);
    }
}
