// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* How devices of the host are found: nodes by their path, USB devices in a sysfs of our own. */
#include "base/error.h"
#include "kernel/device-set.h"
#include "kernel/usb.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- USB ---- */

typedef struct Sysfs {
    char *top;
} Sysfs;

static void put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A device with five attributes, separated by blanks: bus, device, vendor, product, node. */
static void plug(const Sysfs *sysfs, const char *name, const char *attributes)
{
    static const char *const names[] = { "busnum", "devnum", "idVendor", "idProduct", "dev" };
    g_autofree char *dir = g_build_filename(sysfs->top, "bus/usb/devices", name, NULL);
    g_auto(GStrv) texts = g_strsplit(attributes, " ", -1);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    for (guint i = 0; texts[i]; i++) {
        g_autofree char *line = g_strconcat(texts[i], "\n", NULL);
        put(dir, names[i], line);
    }
}

static void set_up(Sysfs *sysfs, const void *data)
{
    sysfs->top = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    g_assert_nonnull(sysfs->top);
    plug(sysfs, "usb1", "1 1 1d6b 0002 189:0");
    plug(sysfs, "1-1", "1 4 0951 1666 189:3");
    plug(sysfs, "1-1:1.0", "1 4 0951 1666 189:3"); /* its interface, which has none of these */
    plug(sysfs, "2-1", "2 5 0951 1666 189:132");
    plug(sysfs, "2-2", "2 12 abcd 0001 189:139");
    plug(sysfs, "2-3", "2 13 beef"); /* just being unplugged */
    plug(sysfs, "2-4", "2 14 beef 0001 none");
}

static void tear_down(Sysfs *sysfs, const void *data)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", sysfs->top);

    g_assert_cmpint(system(command), ==, 0);
    g_free(sysfs->top);
}

static void assert_found(const Sysfs *sysfs, PlanUsb wanted, unsigned bus, unsigned device)
{
    UsbDevice found;
    GError *err = NULL;

    (void)usb_find(sysfs->top, &wanted, &found, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(found.bus, ==, bus);
    g_assert_cmpuint(found.device, ==, device);
}

/* Promise: a device is found by its address, by what it is, or by both. */
static void test_usb_found(Sysfs *sysfs, const void *data)
{
    PlanUsb wanted = { .vendor = 0xabcd, .product = 1 };
    UsbDevice found;

    assert_found(sysfs, (PlanUsb){ .bus = 2, .device = 5 }, 2, 5);
    assert_found(sysfs, (PlanUsb){ .bus = 1, .device = 4, .vendor = 0x951, .product = 0x1666 }, 1,
                 4);
    assert_found(sysfs, wanted, 2, 12);
    g_assert_true(usb_find(sysfs->top, &wanted, &found, NULL));
    g_assert_cmpuint(found.major, ==, 189);
    g_assert_cmpuint(found.minor, ==, 139);
}

/* Promise: only an optional one may be missing, on a host without any USB as well. */
static void test_usb_optional(Sysfs *sysfs, const void *data)
{
    Sysfs none = { (char *)"/dev/null/none" };

    assert_found(sysfs, (PlanUsb){ .bus = 2, .device = 6, .optional = true }, 0, 0);
    assert_found(sysfs, (PlanUsb){ .vendor = 0xbeef, .product = 1, .optional = true }, 0, 0);
    assert_found(&none, (PlanUsb){ .vendor = 1, .optional = true }, 0, 0);
}

/* Promise: the error names what was asked for, and of several that fit the first two. */
static void test_usb_refused(Sysfs *sysfs, const void *data)
{
    static const struct {
        PlanUsb wanted;
        const char *text;
    } cases[] = {
        {{ .bus = 2, .device = 6 },                                  "the host has no USB device 6 on bus 2" },
        { { .vendor = 0xbeef, .product = 0xa },                      "the host has no USB device 'beef:000a'"},
        { { .bus = 2, .device = 5, .vendor = 0xabcd, .product = 1 },
         "the host's USB device 5 on bus 2 is not there, or not 'abcd:0001'"                                 },
        { { .vendor = 0x951, .product = 0x1666 },
         "the host has several USB devices '0951:1666', number 4 on bus 1 and number 5 on bus 2: "
          "<address> says which one"                                                                         },
        { { .vendor = 0x951, .product = 0x1666, .optional = true },
         "the host has several USB devices '0951:1666', number 4 on bus 1 and number 5 on bus 2: "
          "<address> says which one"                                                                         },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;
        UsbDevice found;

        g_assert_false(usb_find(sysfs->top, &cases[i].wanted, &found, &err));
        g_assert_cmpstr(err->message, ==, cases[i].text);
    }
}

/* ---- nodes ---- */

/* Promise: a set has the plan's rules, and node and rule of each device that was found. */
static void test_set(void)
{
    PlanDeviceRule rule = { 'c', 136, -1, PLAN_ACCESS_READ };
    Plan plan = {
        .cgroup.devices = {1, &rule}
    };
    g_autoptr(DeviceSet) set = device_set_new(&plan);
    PlanHostNode wanted = { .path = (char *)"a/b",
                            .kind = PLAN_HOST_NODE_CHAR,
                            .source = (char *)"/dev/zero",
                            .access = PLAN_ACCESS_WRITE,
                            .mode = 0640 };
    const PlanDeviceRule *last;
    const PlanNode *node;

    g_assert_true(device_set_find(set, &wanted, NULL));
    wanted.kind = PLAN_HOST_NODE_EITHER;
    g_assert_true(device_set_find(set, &wanted, NULL));
    g_assert_cmpuint(set->rules->len, ==, 3);
    g_assert_cmpint(g_array_index(set->rules, PlanDeviceRule, 0).major, ==, 136);
    last = &g_array_index(set->rules, PlanDeviceRule, 2);
    g_assert_true(last->type == 'c' && last->major == 1 && last->minor == 5 &&
                  last->access == PLAN_ACCESS_WRITE);
    g_assert_cmpuint(set->nodes->len, ==, 2);
    node = &g_array_index(set->nodes, PlanNode, 1);
    g_assert_cmpstr(node->path, ==, "a/b");
    g_assert_true(node->type == 'c' && node->major == 1 && node->minor == 5 && node->mode == 0640);
}

/* Promise: a rule is for what the host happens to have, and makes no node. */
static void test_rule(void)
{
    Plan plan = { 0 };
    g_autoptr(DeviceSet) set = device_set_new(&plan);
    PlanHostNode wanted = { .path = (char *)"",
                            .kind = PLAN_HOST_NODE_RULE,
                            .source = (char *)"/dev/null/none",
                            .access = PLAN_ACCESS_READ };

    g_assert_true(device_set_find(set, &wanted, NULL));
    wanted.source = (char *)"/proc"; /* no device */
    g_assert_true(device_set_find(set, &wanted, NULL));
    g_assert_cmpuint(set->rules->len, ==, 0);
    wanted.source = (char *)"/dev/zero";
    g_assert_true(device_set_find(set, &wanted, NULL));
    g_assert_cmpuint(set->rules->len, ==, 1);
    g_assert_cmpuint(set->nodes->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/devices/usb/found", Sysfs, NULL, set_up, test_usb_found, tear_down);
    g_test_add("/devices/usb/optional", Sysfs, NULL, set_up, test_usb_optional, tear_down);
    g_test_add("/devices/usb/refused", Sysfs, NULL, set_up, test_usb_refused, tear_down);
    g_test_add_func("/devices/set", test_set);
    g_test_add_func("/devices/rule", test_rule);
    return g_test_run();
}
