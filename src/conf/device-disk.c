// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <disk>: a block device in the container's /dev, called like the target. It is a device of the
 * host, or a file that becomes one. What a machine would make of it besides is kept.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/disk.h"
#include "conf/domain-records.h"
#include "conf/volume.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define NODE_MODE 0700

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const type_names[] = { "file",   "block", "dir",       "network",
                                          "volume", "nvme",  "vhostuser", NULL };
static const char *const device_names[] = { "disk", "cdrom", "floppy", "lun", NULL };
static const char *const sgio_names[] = { NULL, "filtered", "unfiltered", NULL };
enum { SGIO_UNFILTERED = 2 };
static const char *const model_names[] = { NULL, "virtio", "virtio-transitional",
                                           "virtio-non-transitional", NULL };
static const char *const snapshot_names[] = { NULL, "no", "internal", "external", "manual", NULL };
static const char *const mode_names[] = { NULL, "host", "direct", NULL };
static const char *const policy_names[] = { NULL, "mandatory", "requisite", "optional", NULL };
static const char *const translation_names[] = { NULL, "none", "auto", "lba", NULL };
static const char *const tray_names[] = { "closed", "open", NULL };
static const char *const pci_name[] = { NULL, "pci", NULL };
static const char *const unix_name[] = { NULL, "unix", NULL };

#define FIELD(name) offsetof(Disk, name)
#define IS(type) TYPE_BIT(DISK_##type)
#define WITH_POLICY (IS(FILE) | IS(BLOCK) | IS(DIR) | IS(VOLUME))
#define LABELED (IS(FILE) | IS(BLOCK) | IS(VOLUME) | IS(DIR))
#define UINT .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row disk_rows[] = {
    { "@type",                  ROW_ENUM,   FIELD(type),                  ROW_TYPE, .names = type_names,
                                .works = IS(FILE) | IS(BLOCK) | IS(VOLUME) },
    { "@device",                ROW_ENUM,   FIELD(device),                .names = device_names },
    { "@model",                 ROW_ENUM,   FIELD(model),                 ROW_KEPT, .names = model_names },
    { "@rawio",                 ROW_ENUM,   FIELD(rawio),                 ROW_KEPT, .names = choice_names },
    { "@sgio",                  ROW_ENUM,   FIELD(sgio),                  ROW_KEPT, .names = sgio_names },
    { "@snapshot",              ROW_ENUM,   FIELD(snapshot),              ROW_KEPT, .names = snapshot_names },
    { "driver",                 ROW_RECORD, FIELD(driver),                .record = &disk_driver_record },
    { "auth",                   ROW_MAYBE,  FIELD(auth),                  .record = &disk_auth_record },
    { "source/@file",           ROW_STRING, FIELD(source.path),           ROW_NOT_EMPTY, .types = IS(FILE) },
    { "source/@fdgroup",        ROW_REFUSED,                              .types = IS(FILE), .bad = UNSUPPORTED },
    { "source/@dev",            ROW_STRING, FIELD(source.path),           ROW_NOT_EMPTY, .types = IS(BLOCK) },
    { "source/@dir",            ROW_STRING, FIELD(source.path),           ROW_NOT_EMPTY, .types = IS(DIR) },
    { "source/@protocol",       ROW_ENUM,   FIELD(source.protocol),       .types = IS(NETWORK),
                                .names = disk_protocol_names },
    { "source/@name",           ROW_STRING, FIELD(source.name),           .types = IS(NETWORK) },
    { "source/@query",          ROW_STRING, FIELD(source.query),          .types = IS(NETWORK) },
    { "source/@tls",            ROW_ENUM,   FIELD(source.tls),            .types = IS(NETWORK),
                                .names = choice_names },
    { "source/@tlsHostname",    ROW_STRING, FIELD(source.tls_hostname),   .types = IS(NETWORK) },
    { "source/@pool",           ROW_STRING, FIELD(source.pool),           .types = IS(VOLUME) },
    { "source/@volume",         ROW_STRING, FIELD(source.volume),         .types = IS(VOLUME) },
    { "source/@mode",           ROW_ENUM,   FIELD(source.mode),           .types = IS(VOLUME),
                                .names = mode_names, .bad = UNSUPPORTED },
    { "source/@type",           ROW_ENUM,   FIELD(source.kind),           .types = IS(NVME),
                                .names = pci_name, .bad = WRONG },
    { "source/@type",           ROW_ENUM,   FIELD(source.kind),           .types = IS(VHOSTUSER),
                                .names = unix_name, .bad = WRONG },
    { "source/@path",           ROW_STRING, FIELD(source.path),           .types = IS(VHOSTUSER) },
    { "source/@managed",        ROW_ENUM,   FIELD(source.managed),        .types = IS(NVME),
                                .names = choice_names },
    { "source/@namespace",      ROW_NUMBER, FIELD(source.nvme_namespace), .types = IS(NVME), UINT, .bad = WRONG },
    { "source/@startupPolicy",  ROW_ENUM,   FIELD(source.startup_policy), .types = WITH_POLICY,
                                .names = policy_names },
    { "source/@startupPolicy",  ROW_REFUSED,                              .types = ~WITH_POLICY, .bad = WRONG },
    { "source/@index",          ROW_NUMBER, FIELD(source.index),          ROW_LIVE, UINT },
    { "source/host",            ROW_LIST,   FIELD(source.hosts),          .types = IS(NETWORK),
                                .record = &disk_host_record },
    { "source/snapshot/@name",  ROW_STRING, FIELD(source.snapshot),       .types = IS(NETWORK) },
    { "source/config/@file",    ROW_STRING, FIELD(source.config),         .types = IS(NETWORK) },
    { "source/initiator/iqn/@name",
                                ROW_STRING, FIELD(source.initiator),      .types = IS(NETWORK) },
    { "source/ssl/@verify",     ROW_ENUM,   FIELD(source.verify),         .types = IS(NETWORK),
                                .names = choice_names },
    { "source/readahead/@size", ROW_NUMBER, FIELD(source.readahead),      .types = IS(NETWORK), UINT, .bad = WRONG },
    { "source/timeout/@seconds", ROW_NUMBER, FIELD(source.timeout),       .types = IS(NETWORK), UINT, .bad = WRONG },
    { "source/identity/@user",  ROW_STRING, FIELD(source.user),           .types = IS(NETWORK) },
    { "source/identity/@group", ROW_STRING, FIELD(source.group),          .types = IS(NETWORK) },
    { "source/address",         ROW_MAYBE,  FIELD(source.address),        ROW_EVEN_EMPTY, .types = IS(NVME),
                                .record = &disk_nvme_address_record },
    { "source/reconnect",       ROW_MAYBE,  FIELD(source.reconnect),      .types = IS(VHOSTUSER),
                                .record = &disk_reconnect_record },
    { "source/slices/slice",    ROW_MAYBE,  FIELD(source.slice),          .record = &disk_slice_record },
    { "source/seclabel",        ROW_LIST,   FIELD(source.labels),         .types = LABELED,
                                .record = &source_label_record },
    { "source/reservations",    ROW_MAYBE,  FIELD(source.reservations),   .record = &disk_reservations_record },
    { "source/auth",            ROW_MAYBE,  FIELD(source.auth),           .record = &disk_auth_record },
    { "source/encryption",      ROW_MAYBE,  FIELD(source.encryption),     .record = &disk_encryption_record },
    { "backingStore",           ROW_KEEP,   FIELD(backing_store) },
    { "mirror",                 ROW_KEEP,   FIELD(mirror),                ROW_LIVE },
    { "backenddomain/@name",    ROW_STRING, FIELD(backend_domain),        ROW_KEPT },
    { "geometry/@cyls",         ROW_NUMBER, FIELD(geometry.cylinders),    ROW_KEPT, UINT },
    { "geometry/@heads",        ROW_NUMBER, FIELD(geometry.heads),        ROW_KEPT, UINT },
    { "geometry/@secs",         ROW_NUMBER, FIELD(geometry.sectors),      ROW_KEPT, UINT },
    { "geometry/@trans",        ROW_ENUM,   FIELD(geometry.translation),  ROW_KEPT, .names = translation_names },
    { "blockio/@logical_block_size",
                                ROW_NUMBER, FIELD(logical_block_size),    ROW_KEPT, UINT },
    { "blockio/@physical_block_size",
                                ROW_NUMBER, FIELD(physical_block_size),   ROW_KEPT, UINT },
    { "target/@dev",            ROW_STRING, FIELD(target),                ROW_NOT_EMPTY,
                                .missing = ERR(DOMAIN, NO_TARGET) },
    { "target/@bus",            ROW_ENUM,   FIELD(bus),                   ROW_KEPT, .names = disk_bus_names },
    { "target/@tray",           ROW_ENUM,   FIELD(tray),                  ROW_KEPT | ROW_HIDE_DEFAULT,
                                .names = tray_names },
    { "target/@removable",      ROW_ENUM,   FIELD(removable),             ROW_KEPT, .names = switch_names },
    { "target/@rotation_rate",  ROW_NUMBER, FIELD(rotation_rate),         ROW_KEPT, UINT },
    { "iotune",                 ROW_RECORD, FIELD(limits),                .record = &disk_limits_record },
    { "readonly",               ROW_FLAG,   FIELD(readonly) },
    { "shareable",              ROW_FLAG,   FIELD(shareable),             ROW_KEPT },
    { "transient",              ROW_MAYBE,  FIELD(transient),             ROW_EVEN_EMPTY,
                                .record = &disk_transient_record },
    { "serial",                 ROW_STRING, FIELD(serial),                ROW_KEPT | ROW_NOT_EMPTY },
    { "wwn",                    ROW_STRING, FIELD(wwn),                   ROW_KEPT | ROW_NOT_EMPTY },
    { "vendor",                 ROW_STRING, FIELD(vendor),                ROW_KEPT | ROW_NOT_EMPTY },
    { "product",                ROW_STRING, FIELD(product),               ROW_KEPT | ROW_NOT_EMPTY },
    { "encryption",             ROW_MAYBE,  FIELD(encryption),            .record = &disk_encryption_record },
    BOOT_ROW(FIELD(boot)),
    DEVICE_INFO_ROWS(FIELD(info)),
    VOLUME_ROWS(FIELD(volume), IS(VOLUME)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record disk_record = { "disk", sizeof(Disk), disk_rows, .type = &disk_rows[0],
                                    .check = check_one };

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Disk *disk = object;

    if (disk->sgio == SGIO_UNFILTERED)
        return fail(err, UNSUPPORTED, _("sgio='unfiltered' of disk '%s' is not supported"),
                    disk->target);
    if (disk->device == DISK_CDROM)
        disk->readonly = true;
    return disk_source_check(disk, err);
}

static bool check_targets(const DiskList *disks, GError **err)
{
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < disks->n; i++) {
        const Disk *disk = disks->items[i];
        const Disk *other = g_hash_table_lookup(targets, disk->target);

        if (other)
            return fail(err, WRONG, _("the disks '%s' and '%s' have the same target '%s'"),
                        disk_source_text(other), disk_source_text(disk), disk->target);
        g_hash_table_insert(targets, disk->target, (void *)disk);
    }
    return true;
}

static bool check_places(const DiskList *disks, GError **err)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < disks->n; i++) {
        const Disk *disk = disks->items[i];
        const Address *at = &disk->info.address;
        char *place = NULL;

        if (at->type != ADDRESS_DRIVE)
            continue;
        place = g_strdup_printf("%s %u:%u:%u:%u", disk_bus_names[disk->bus], at->controller,
                                at->bus, at->target, at->unit);
        if (!g_hash_table_add(places, place))
            return fail(err, UNSUPPORTED,
                        _("the disk '%s' has the same drive address as another: %u:%u:%u:%u"),
                        disk->target, at->controller, at->bus, at->target, at->unit);
    }
    return true;
}

/* Twice in order: as they were written, and with those together whose bus was guessed. */
static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    DiskList *disks = (DiskList *)device_list(def, &disk_class);

    if (!disks->n)
        return true;
    if (!check_targets(disks, err))
        return false;
    disk_bus_sort(disks);
    for (size_t i = 0; i < disks->n; i++)
        if (!disk_bus_check(disks->items[i], err) || !disk_options_check(disks->items[i], err))
            return false;
    disk_bus_sort(disks);
    return check_places(disks, err);
}

/* ---- plan ------------------------------------------------------------------------------------ */

/* qemu-nbd is told nothing about caching, so only what it does by itself can be asked for. */
static bool plan_image(const Disk *disk, int format, PlanHostNode *node, GError **err)
{
    const Image image = { node->source, disk->driver.name, format };
    int cache = disk->driver.cache;

    if (!image_plan(&image, &node->image, err))
        return fail_while(err, _("disk '%s'"), disk->target);
    if (node->image == PLAN_IMAGE_NBD && cache != DISK_CACHE_DEFAULT && cache != DISK_CACHE_NONE)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the disk '%s' cannot have the cache mode '%s' in a container"), disk->target,
                    disk_cache_names[cache]);
    node->kind = PLAN_HOST_NODE_IMAGE;
    node->format = g_strdup(image_format(format));
    node->readonly = disk->readonly;
    return true;
}

/* A container cannot be shown that something else has been put in. */
static bool check_source(const Disk *disk, GError **err)
{
    bool is_volume = disk->type == DISK_VOLUME;

    if (!(is_volume ? disk->source.volume : disk->source.path))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the disk '%s' is empty, which a container's cannot be"), disk->target);
    if (!is_volume && *disk->source.path != '/')
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the source '%s' of disk '%s' is not an absolute path"), disk->source.path,
                    disk->target);
    return true;
}

static bool plan_volume(const Disk *disk, PlanHostNode *node, GError **err)
{
    const VolumeUse use = { disk->source.pool, disk->source.volume, (Volume *)&disk->volume,
                            disk_is_optional(disk) };
    int format;

    if (!volume_check(&use, err))
        return false;
    switch (disk->volume.kind) {
    case VOLUME_ABSENT:
    case VOLUME_MISSING:
        node->kind = PLAN_HOST_NODE_VOLUME;
        node->source = g_strdup(use.name);
        node->pool = g_strdup(use.pool);
        return true;
    case VOLUME_DIR:
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the disk '%s' cannot be the volume '%s' of pool '%s', which is a directory"),
                    disk->target, use.name, use.pool);
    case VOLUME_BLOCK:
        node->kind = PLAN_HOST_NODE_BLOCK;
        node->source = g_strdup(disk->volume.path);
        return true;
    case VOLUME_FILE:
        node->source = g_strdup(disk->volume.path);
        return volume_format(&use, disk->driver.format, &format, err) &&
               plan_image(disk, format, node, err);
    }
    return true;
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Disk *disk = device;
    PlanHostNode *node = NULL;

    if (!check_source(disk, err))
        return false;
    node = PLAN_ADD(&builder->plan->host_nodes);
    node->kind = PLAN_HOST_NODE_EITHER;
    node->path = g_strdup(disk->target);
    node->access = PLAN_ACCESS_READ | PLAN_ACCESS_MKNOD | (disk->readonly ? 0 : PLAN_ACCESS_WRITE);
    node->mode = NODE_MODE;
    node->optional = disk_is_optional(disk);
    if (disk->type == DISK_VOLUME)
        return plan_volume(disk, node, err);
    node->source = g_strdup(disk->source.path);
    return disk->type != DISK_FILE || plan_image(disk, disk->driver.format, node, err);
}

const DeviceClass disk_class = {
    .element = "disk",
    .record = &disk_record,
    .check = check,
    .plan = plan,
};
