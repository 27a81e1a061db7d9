// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Limits on block devices. LXC knows them by their numbers, a domain by paths: what is said of a
 * number is said of the kernel's link of that name.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/lxc-format.h"
#include "conf/record.h"

#define DEVICE_PATH "/dev/block/"

/* The order is that of the paths, whichever key has named a device first. */
static BlkioDevice *find_device(LxcImport *in, const char *number)
{
    BlkioDeviceList *list = &in->def->blkiotune.devices;
    g_autofree char *path = g_strconcat(DEVICE_PATH, number, NULL);
    BlkioDevice *device = NULL;
    size_t at = 0;

    while (at < list->n && strcmp(list->items[at]->path, path) < 0)
        at++;
    if (at < list->n && strcmp(list->items[at]->path, path) == 0)
        return list->items[at];
    device = g_new0(BlkioDevice, 1);
    device->path = g_steal_pointer(&path);
    record_list_append(list, device);
    memmove(list->items + at + 1, list->items + at, (list->n - 1 - at) * sizeof(*list->items));
    return list->items[at] = device;
}

static bool is_device_number(const char *text)
{
    size_t major = strspn(text, "0123456789");
    size_t minor = text[major] == ':' ? strspn(text + major + 1, "0123456789") : 0;

    return major > 0 && minor > 0 && !text[major + 1 + minor];
}

static bool set_device(LxcImport *in, const char *number, size_t offset, const char *text,
                       GError **err)
{
    bool bytes =
        offset == offsetof(BlkioDevice, read_bytes) || offset == offsetof(BlkioDevice, write_bytes);
    int64_t value = 0;

    if (!is_device_number(number))
        return fail(err, LXC_BAD_VALUE, _("'%s' is not the number of a device"), number);
    if (!lxc_parse_number(text, 0, bytes ? INT64_MAX : UINT32_MAX, &value, err))
        return false;
    *(OptNumber *)((char *)find_device(in, number) + offset) =
        (OptNumber){ .set = true, .value = value };
    return true;
}

/* "8:0 1048576". */
static bool read_device(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line->value, " ", 2);

    if (!words[1])
        return fail(err, LXC_BAD_VALUE, _("'%s' is not a device and a number"), line->value);
    return set_device(in, words[0], key->offset, g_strstrip(words[1]), err);
}

/* "100", "default 100" or "8:0 100". */
static bool read_weight(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line->value, " ", 2);
    const char *number = words[1] ? words[1] : words[0];
    OptNumber *weight = &in->def->blkiotune.weight;

    if (words[1] && strcmp(words[0], "default") != 0)
        return set_device(in, words[0], offsetof(BlkioDevice, weight), words[1], err);
    weight->set = lxc_parse_number(number, 0, UINT32_MAX, &weight->value, err);
    return weight->set;
}

/* The names in io.max. */
typedef struct Throttle {
    const char *name;
    size_t offset;
} Throttle;

static const Throttle throttles[] = {
    {"rbps",   offsetof(BlkioDevice, read_bytes) },
    { "wbps",  offsetof(BlkioDevice, write_bytes)},
    { "riops", offsetof(BlkioDevice, read_iops)  },
    { "wiops", offsetof(BlkioDevice, write_iops) },
};

static const Throttle *find_throttle(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(throttles); i++)
        if (g_str_has_prefix(word, throttles[i].name) && word[strlen(throttles[i].name)] == '=')
            return &throttles[i];
    return NULL;
}

/* "8:0 rbps=1048576 wiops=max". */
static bool read_throttles(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line->value, " ", -1);

    for (char **word = words + 1; *words && *word; word++) {
        const Throttle *throttle = find_throttle(*word);
        const char *number = strchr(*word, '=');

        if (!**word)
            continue;
        if (!throttle)
            return fail(err, LXC_BAD_VALUE, _("'%s' is no limit of a device"), *word);
        if (strcmp(number + 1, "max") != 0 &&
            !set_device(in, words[0], throttle->offset, number + 1, err))
            return false;
    }
    return true;
}

/* NULL when only the host could tell. */
static const char *device_number(const BlkioDevice *device)
{
    const char *number = device->path + strlen(DEVICE_PATH);

    return g_str_has_prefix(device->path, DEVICE_PATH) && is_device_number(number) ? number : NULL;
}

static void write_device(LxcExport *out, const LxcKey *key)
{
    const BlkioDeviceList *list = &out->def->blkiotune.devices;

    for (size_t i = 0; i < list->n; i++) {
        const OptNumber *value = (const OptNumber *)((const char *)list->items[i] + key->offset);
        const char *number = device_number(list->items[i]);

        if (value->set && number)
            lxc_put_format(out, key->key, "%s %" G_GINT64_FORMAT, number, value->value);
        else if (value->set)
            lxc_put_comment(out, "%s: %s %" G_GINT64_FORMAT, key->key, list->items[i]->path,
                            value->value);
    }
}

static void write_device_throttles(LxcExport *out, const char *key, const BlkioDevice *device)
{
    g_autoptr(GString) text = g_string_new(device_number(device));
    bool any = false;

    for (size_t i = 0; i < G_N_ELEMENTS(throttles); i++) {
        const OptNumber *value = (const OptNumber *)((const char *)device + throttles[i].offset);

        if (value->set && value->value)
            g_string_append_printf(text, " %s=%" G_GINT64_FORMAT, throttles[i].name, value->value);
        any = any || (value->set && value->value);
    }
    if (any)
        lxc_put(out, key, text->str);
}

static void write_throttles(LxcExport *out, const LxcKey *key)
{
    const BlkioDeviceList *list = &out->def->blkiotune.devices;

    for (size_t i = 0; i < list->n; i++)
        if (device_number(list->items[i]))
            write_device_throttles(out, key->key, list->items[i]);
}

static void write_v2_weight(LxcExport *out, const LxcKey *key)
{
    const BlkioDeviceList *list = &out->def->blkiotune.devices;

    lxc_write_number(out, key);
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->weight.set && device_number(list->items[i]))
            lxc_put_format(out, key->key, "%s %" G_GINT64_FORMAT, device_number(list->items[i]),
                           list->items[i]->weight.value);
}

#define WEIGHT offsetof(DomainDef, blkiotune.weight)
#define DEVICE(name) offsetof(BlkioDevice, name)

/* clang-format off */
const LxcKey lxc_blkio_keys[] = {
    { "lxc.cgroup2.io.weight",                    read_weight,    write_v2_weight,       WEIGHT, 1, 10000 },
    { "lxc.cgroup2.io.bfq.weight",                read_weight },
    { "lxc.cgroup2.io.max",                       read_throttles, write_throttles },
    { "lxc.cgroup.blkio.weight",                  lxc_read_number, lxc_write_number,     WEIGHT, 0, UINT32_MAX, .says = "blkiotune/weight blkiotune/device/path" },
    { "lxc.cgroup.blkio.bfq.weight",              lxc_read_number, NULL,                 WEIGHT, 0, UINT32_MAX },
    { "lxc.cgroup.blkio.device_weight",           read_device,    NULL,                  DEVICE(weight) },
    { "lxc.cgroup.blkio.bfq.weight_device",       read_device,    NULL,                  DEVICE(weight) },
    { "lxc.cgroup.blkio.weight_device",           read_device,    write_device,          DEVICE(weight), .says = "blkiotune/device/weight" },
    { "lxc.cgroup.blkio.throttle.read_bps_device", read_device,   write_device,          DEVICE(read_bytes), .says = "blkiotune/device/read_bytes_sec" },
    { "lxc.cgroup.blkio.throttle.write_bps_device", read_device,  write_device,          DEVICE(write_bytes), .says = "blkiotune/device/write_bytes_sec" },
    { "lxc.cgroup.blkio.throttle.read_iops_device", read_device,  write_device,          DEVICE(read_iops), .says = "blkiotune/device/read_iops_sec" },
    { "lxc.cgroup.blkio.throttle.write_iops_device", read_device, write_device,          DEVICE(write_iops), .says = "blkiotune/device/write_iops_sec" },
    { NULL },
};
/* clang-format on */
