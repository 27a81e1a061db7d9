// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * How a machine would see a disk: its driver, limits, geometry and labels. Which of them go
 * together is checked as libvirt does; of all of it a container takes no more than the driver's
 * name, format and cache.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/disk.h"
#include "conf/domain-records.h"
#include "conf/image.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

static void forget_zero(OptNumber *number)
{
    number->set = number->set && number->value != 0;
}

/* ---- <driver> -------------------------------------------------------------------------------- */

const char *const disk_cache_names[] = { "default",   "none",       "writethrough",
                                         "writeback", "directsync", "unsafe",
                                         NULL };
static const char *const error_names[] = { NULL, "stop", "report", "ignore", "enospace", NULL };
enum { ERROR_ENOSPACE = 4 };
static const char *const io_names[] = { NULL, "native", "threads", "io_uring", NULL };
static const char *const discard_names[] = { NULL, "unmap", "ignore", NULL };
static const char *const zeroes_names[] = { NULL, "off", "on", "unmap", NULL };

/* "aio" is an old word for raw. */
static bool parse_format(const char *text, void *field, GError **err)
{
    int format = IMAGE_FORMAT_RAW;

    if (strcmp(text, "aio") != 0)
        while (image_format_names[format] && strcmp(image_format_names[format], text) != 0)
            format++;
    if (!image_format_names[format])
        return fail(err, UNSUPPORTED, _("unknown format '%s' of a disk"), text);
    *(int *)field = format;
    return true;
}

static char *format_format(const void *field)
{
    return g_strdup(image_format_names[*(const int *)field]);
}

static const TextFunctions format_text = { parse_format, format_format };

#define DRIVER(name) offsetof(DiskDriver, name)
#define UINT .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row driver_rows[] = {
    { "@name",           ROW_STRING, DRIVER(name) },
    { "@type",           ROW_TEXT,   DRIVER(format),         .text = &format_text, .size = sizeof(int) },
    { "@cache",          ROW_ENUM,   DRIVER(cache),          ROW_HIDE_DEFAULT, .names = disk_cache_names },
    { "@error_policy",   ROW_ENUM,   DRIVER(error_policy),   ROW_KEPT, .names = error_names },
    { "@rerror_policy",  ROW_ENUM,   DRIVER(rerror_policy),  ROW_KEPT, .names = error_names },
    { "@io",             ROW_ENUM,   DRIVER(io),             ROW_KEPT, .names = io_names },
    { "@ioeventfd",      ROW_ENUM,   DRIVER(ioeventfd),      ROW_KEPT, .names = switch_names },
    { "@event_idx",      ROW_ENUM,   DRIVER(event_idx),      ROW_KEPT, .names = switch_names },
    { "@copy_on_read",   ROW_ENUM,   DRIVER(copy_on_read),   ROW_KEPT, .names = switch_names },
    { "@discard",        ROW_ENUM,   DRIVER(discard),        ROW_KEPT, .names = discard_names },
    { "@iothread",       ROW_NUMBER, DRIVER(iothread),       ROW_KEPT, .min = 1, .max = UINT32_MAX },
    { "@detect_zeroes",  ROW_ENUM,   DRIVER(detect_zeroes),  ROW_KEPT, .names = zeroes_names },
    { "@queues",         ROW_NUMBER, DRIVER(queues),         ROW_KEPT, UINT },
    { "@queue_size",     ROW_NUMBER, DRIVER(queue_size),     ROW_KEPT, UINT },
    { "@iommu",          ROW_ENUM,   DRIVER(virtio.iommu),   ROW_KEPT, .names = switch_names },
    { "@ats",            ROW_ENUM,   DRIVER(virtio.ats),     ROW_KEPT, .names = switch_names },
    { "@packed",         ROW_ENUM,   DRIVER(virtio.packed),  ROW_KEPT, .names = switch_names },
    { "@page_per_vq",    ROW_ENUM,   DRIVER(virtio.page_per_vq), ROW_KEPT, .names = switch_names },
    { "metadata_cache/max_size",
                         ROW_SIZE,   DRIVER(metadata_cache), ROW_KEPT, .scale = 1 },
    { NULL },
};
/* clang-format on */

static bool check_driver(void *object, const Reader *reader, GError **err)
{
    DiskDriver *driver = object;

    forget_zero(&driver->queues);
    forget_zero(&driver->queue_size);
    forget_zero(&driver->metadata_cache);
    if (driver->rerror_policy == ERROR_ENOSPACE)
        return fail(err, UNSUPPORTED, _("a disk's read errors cannot have the policy 'enospace'"));
    return true;
}

const Record disk_driver_record = { "driver", sizeof(DiskDriver), driver_rows,
                                    .check = check_driver };

/* ---- <iotune> -------------------------------------------------------------------------------- */

#define LIMIT(i)                                                                                   \
    ROW_NUMBER, offsetof(DiskLimits, items[i]), .min = 0, .max = INT64_MAX, .bad = WRONG

/* clang-format off */
static const Row limits_rows[] = {
    { "total_bytes_sec",            LIMIT(0) },
    { "read_bytes_sec",             LIMIT(1) },
    { "write_bytes_sec",            LIMIT(2) },
    { "total_iops_sec",             LIMIT(3) },
    { "read_iops_sec",              LIMIT(4) },
    { "write_iops_sec",             LIMIT(5) },
    { "total_bytes_sec_max",        LIMIT(6) },
    { "read_bytes_sec_max",         LIMIT(7) },
    { "write_bytes_sec_max",        LIMIT(8) },
    { "total_iops_sec_max",         LIMIT(9) },
    { "read_iops_sec_max",          LIMIT(10) },
    { "write_iops_sec_max",         LIMIT(11) },
    { "size_iops_sec",              LIMIT(12) },
    { "group_name",                 ROW_STRING, offsetof(DiskLimits, group), ROW_NOT_EMPTY },
    { "total_bytes_sec_max_length", LIMIT(13) },
    { "read_bytes_sec_max_length",  LIMIT(14) },
    { "write_bytes_sec_max_length", LIMIT(15) },
    { "total_iops_sec_max_length",  LIMIT(16) },
    { "read_iops_sec_max_length",   LIMIT(17) },
    { "write_iops_sec_max_length",  LIMIT(18) },
    { NULL },
};
/* clang-format on */

/* The limits that come as total, read and write, where the total excludes the other two. */
#define TRIPLES 12

static bool check_limits(void *object, const Reader *reader, GError **err)
{
    DiskLimits *limits = object;

    for (size_t i = 0; i < DISK_LIMITS; i++)
        forget_zero(&limits->items[i]);
    for (size_t i = 0; i < TRIPLES; i += 3)
        if (limits->items[i].set && (limits->items[i + 1].set || limits->items[i + 2].set))
            return fail(err, WRONG, _("<iotune> has <%s> as well as one for reading or writing"),
                        limits_rows[i].path);
    return true;
}

const Record disk_limits_record = { "iotune", sizeof(DiskLimits), limits_rows, .kept = true,
                                    .check = check_limits };

/* ---- <transient> ----------------------------------------------------------------------------- */

/* clang-format off */
static const Row transient_rows[] = {
    { "@shareBacking", ROW_ENUM, offsetof(DiskTransient, share_backing), .names = choice_names },
    { NULL },
};
/* clang-format on */

static bool check_transient(void *object, const Reader *reader, GError **err)
{
    DiskTransient *transient = object;

    if (transient->share_backing == CHOICE_NO)
        transient->share_backing = CHOICE_ABSENT;
    return true;
}

const Record disk_transient_record = { "transient", sizeof(DiskTransient), transient_rows,
                                       .kept = true, .check = check_transient };

/* ---- what goes together ---------------------------------------------------------------------- */

/* One thing that a disk says, and what it takes. */
typedef struct Demand {
    bool said;
    bool met;
    unsigned error;
    const char *what;
    const char *condition;
} Demand;

static bool check_demands(const Disk *disk, const Demand *demands, GError **err)
{
    for (const Demand *demand = demands; demand->what; demand++)
        if (demand->said && !demand->met)
            return fail(err, demand->error, _("%s of disk '%s' needs %s"), demand->what,
                        disk->target, demand->condition);
    return true;
}

static bool check_combination(const Disk *disk, GError **err)
{
    const DiskDriver *driver = &disk->driver;
    const VirtioOptions *options = &driver->virtio;
    bool is_virtio = disk->bus == DISK_BUS_VIRTIO, is_lun = disk->device == DISK_LUN;
    bool is_tray = disk->device == DISK_CDROM || disk->device == DISK_FLOPPY;
    bool has_options = options->iommu || options->ats || options->packed || options->page_per_vq;
    bool is_raw = driver->format == IMAGE_FORMAT_ABSENT || driver->format == IMAGE_FORMAT_RAW;
    const Demand demands[] = {
        {disk->rawio,         is_lun, UNSUPPORTED, "rawio=", "device='lun'" },
        { disk->sgio,        is_lun, UNSUPPORTED, "sgio=", "device='lun'" },
        { disk->model,     is_virtio, UNSUPPORTED, "model=", "bus='virtio'" },
        { driver->queues.set,         is_virtio, UNSUPPORTED, "driver queues=", "bus='virtio'" },
        { driver->ioeventfd,        is_virtio, UNSUPPORTED, "driver ioeventfd=", "bus='virtio'" },
        { driver->event_idx,     is_virtio, UNSUPPORTED, "driver event_idx=", "bus='virtio'" },
        { has_options,        is_virtio, UNSUPPORTED, "a virtio option", "bus='virtio'" },
        { is_lun,        is_raw, UNSUPPORTED, "device='lun'", "type='raw'" },
        { disk->tray,     is_tray, UNSUPPORTED, "tray=", "device='cdrom'" },
        { disk->removable, disk->bus == DISK_BUS_USB, WRONG, "removable=", "bus='usb'" },
        { 0       },
    };

    return check_demands(disk, demands, err);
}

/* Another process serves it, and has its own say in nearly everything. */
static bool check_vhostuser(Disk *disk, GError **err)
{
    const DiskDriver *driver = &disk->driver;
    const char *other = _("another type");
    bool is_no = !disk->snapshot || disk->snapshot == 1;
    static const DiskLimits no_limits;
    bool limited = !record_equal(&disk_limits_record, &disk->limits, &no_limits);
    const Demand demands[] = {
        {true,                   disk->bus == DISK_BUS_VIRTIO, UNSUPPORTED, "type='vhostuser'", "bus='virtio'" },
        { true,           is_no, UNSUPPORTED, "type='vhostuser'", "snapshot='no'" },
        { driver->cache,        false, UNSUPPORTED, "driver cache=", other },
        { driver->error_policy,                  false, UNSUPPORTED, "driver error_policy=", other },
        { driver->rerror_policy,           false, UNSUPPORTED, "driver rerror_policy=", other },
        { driver->io,       false, UNSUPPORTED, "driver io=", other },
        { driver->ioeventfd,         false, UNSUPPORTED, "driver ioeventfd=", other },
        { driver->copy_on_read,           false, UNSUPPORTED, "driver copy_on_read=", other },
        { driver->discard,                 false, UNSUPPORTED, "driver discard=", other },
        { driver->iothread.set,  false, UNSUPPORTED, "driver iothread=", other },
        { driver->detect_zeroes,           false, UNSUPPORTED, "driver detect_zeroes=", other },
        { limited,                 false, UNSUPPORTED, "<iotune>", other },
        { disk->readonly, false, UNSUPPORTED, "<readonly>", other },
        { disk->shareable,           false, UNSUPPORTED, "<shareable>", other },
        { disk->transient,                 false, UNSUPPORTED, "<transient>", other },
        { disk->serial,            false, UNSUPPORTED, "<serial>", other },
        { disk->wwn,           false, UNSUPPORTED, "<wwn>", other },
        { 0                },
    };

    disk->snapshot = 1;
    return check_demands(disk, demands, err);
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (!g_ascii_isprint(*text))
            return false;
    return true;
}

static bool check_label(const char *text, const char *what, size_t max, GError **err)
{
    if (!text)
        return true;
    if (!is_printable(text))
        return fail(err, WRONG, _("the <%s> '%s' of a disk is not printable"), what, text);
    if (strlen(text) > max)
        return fail(err, UNSUPPORTED, _("the <%s> '%s' of a disk is longer than %zu characters"),
                    what, text, max);
    return true;
}

static bool check_wwn(const char *wwn, GError **err)
{
    size_t digits = wwn ? strspn(wwn, "0123456789abcdefABCDEF") : 16;

    if (digits != 16 || (wwn && wwn[digits]))
        return fail(err, ERR(NONE, INTERNAL_ERROR),
                    _("the <wwn> '%s' of a disk is not 16 hexadecimal digits"), wwn);
    return true;
}

/* A geometry is three numbers or none. */
static void check_geometry(DiskGeometry *geometry)
{
    if (geometry->cylinders.value && geometry->heads.value && geometry->sectors.value)
        return;
    *geometry = (DiskGeometry){ 0 };
}

bool disk_options_check(Disk *disk, GError **err)
{
    forget_zero(&disk->logical_block_size);
    forget_zero(&disk->physical_block_size);
    forget_zero(&disk->rotation_rate);
    check_geometry(&disk->geometry);
    return check_combination(disk, err) &&
           (disk->type != DISK_VHOSTUSER || check_vhostuser(disk, err)) &&
           check_label(disk->vendor, "vendor", 8, err) &&
           check_label(disk->product, "product", 16, err) && check_wwn(disk->wwn, err);
}
