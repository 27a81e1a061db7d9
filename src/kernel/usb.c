// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See usb.h. */
#include "kernel/usb.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define DEVICES "bus/usb/devices"

/* ---- one device of sysfs ---- */

static char *read_attribute(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text
                                                        : NULL; /* it may just be unplugged */
}

static bool read_number(const char *dir, const char *name, unsigned base, unsigned *ret_number)
{
    g_autofree char *text = read_attribute(dir, name);
    guint64 number;

    if (!text || !g_ascii_string_to_unsigned(g_strstrip(text), base, 0, G_MAXUINT, &number, NULL))
        return false;
    *ret_number = (unsigned)number;
    return true;
}

static bool read_node(const char *dir, UsbDevice *device)
{
    g_autofree char *text = read_attribute(dir, "dev");

    return text && sscanf(text, "%u:%u", &device->major, &device->minor) == 2;
}

static bool read_device(const char *dir, UsbDevice *device)
{
    return read_number(dir, "busnum", 10, &device->bus) &&
           read_number(dir, "devnum", 10, &device->device) &&
           read_number(dir, "idVendor", 16, &device->vendor) &&
           read_number(dir, "idProduct", 16, &device->product) && read_node(dir, device);
}

/* ---- those that fit ---- */

static bool fits(const UsbDevice *device, const PlanUsb *wanted)
{
    return (!wanted->bus || (device->bus == wanted->bus && device->device == wanted->device)) &&
           (!wanted->vendor ||
            (device->vendor == wanted->vendor && device->product == wanted->product));
}

static int compare(const void *a, const void *b)
{
    const UsbDevice *one = a;
    const UsbDevice *other = b;

    return one->bus != other->bus ? (one->bus < other->bus ? -1 : 1)
                                  : (one->device > other->device) - (one->device < other->device);
}

/* Interfaces of devices are there as well, with a colon in their names. */
static GArray *find_all(const char *sysfs, const PlanUsb *wanted)
{
    g_autofree char *top = g_build_filename(sysfs, DEVICES, NULL);
    g_autoptr(GDir) entries = g_dir_open(top, 0, NULL);
    GArray *found = g_array_new(FALSE, FALSE, sizeof(UsbDevice));
    const char *name;

    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *dir = g_build_filename(top, name, NULL);
        UsbDevice device;

        if (!strchr(name, ':') && read_device(dir, &device) && fits(&device, wanted))
            g_array_append_val(found, device);
    }
    g_array_sort(found, compare);
    return found;
}

static bool fail_absent(const PlanUsb *wanted, GError **err)
{
    unsigned code = ERR(LXC, OPERATION_FAILED);

    if (!wanted->vendor)
        return fail(err, code, _("the host has no USB device %u on bus %u"), wanted->device,
                    wanted->bus);
    if (!wanted->bus)
        return fail(err, code, _("the host has no USB device '%04x:%04x'"), wanted->vendor,
                    wanted->product);
    return fail(err, code, _("the host's USB device %u on bus %u is not there, or not '%04x:%04x'"),
                wanted->device, wanted->bus, wanted->vendor, wanted->product);
}

bool usb_find(const char *sysfs, const PlanUsb *wanted, UsbDevice *ret_device, GError **err)
{
    g_autoptr(GArray) found = find_all(sysfs, wanted);
    const UsbDevice *devices = (const UsbDevice *)(void *)found->data;

    if (found->len == 0 && !wanted->optional)
        return fail_absent(wanted, err);
    if (found->len > 1)
        return fail(err, ERR(LXC, OPERATION_FAILED),
                    _("the host has several USB devices '%04x:%04x', number %u on bus %u and "
                      "number %u on bus %u: <address> says which one"),
                    wanted->vendor, wanted->product, devices[0].device, devices[0].bus,
                    devices[1].device, devices[1].bus);
    *ret_device = found->len ? devices[0] : (UsbDevice){ 0 };
    return true;
}
