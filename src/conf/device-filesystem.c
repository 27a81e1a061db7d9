// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <filesystem>: what is mounted in the container, in the order of the document. The one with target
 * "/" is the root and is mounted first; without one the host's root is it. A template means nothing
 * to a container, and what is said to virtiofs alone is kept.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/filesystem.h"
#include "conf/image.h"
#include "conf/value.h"
#include "conf/volume.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const type_names[] = { "mount", "block", "file",   "template",
                                          "ram",   "bind",  "volume", NULL };
static const char *const access_names[] = { NULL, "passthrough", "mapped", "squash", NULL };
static const char *const model_names[] = { NULL, "virtio", "virtio-transitional",
                                           "virtio-non-transitional", NULL };
static const char *const multidevs_names[] = { "default", "remap", "forbid", "warn", NULL };
static const char *const driver_names[] = { "default", "path",  "handle",   "loop",
                                            "nbd",     "ploop", "virtiofs", NULL };
static const char *const wrpolicy_names[] = { "default", "immediate", NULL };
static const char *const cache_names[] = { NULL, "none", "always", NULL };
static const char *const sandbox_names[] = { NULL, "namespace", "chroot", NULL };
static const char *const propagation_names[] = { NULL,     "private",    "slave",
                                                 "shared", "unbindable", NULL };

/* What makes a block device of an image. */
#define IMAGE_DRIVERS                                                                              \
    (TYPE_BIT(FILESYSTEM_DRIVER_DEFAULT) | TYPE_BIT(FILESYSTEM_DRIVER_LOOP) |                      \
     TYPE_BIT(FILESYSTEM_DRIVER_NBD))
#define MODE_MAX 0777

static bool parse_mode(const char *text, void *field, GError **err)
{
    char *end = NULL;
    guint64 mode = g_ascii_strtoull(text, &end, 8);

    if (!g_ascii_isdigit(*text) || *end)
        return fail(err, ERR(XML, XML_ERROR), _("the mode '%s' is not an octal number"), text);
    if (mode > MODE_MAX)
        return fail(err, WRONG, _("the mode '%s' is above 0777"), text);
    *(OptNumber *)field = (OptNumber){ .set = true, .value = (int64_t)mode };
    return true;
}

static char *format_mode(const void *field)
{
    const OptNumber *mode = field;

    return mode->set ? g_strdup_printf("0%03o", (unsigned)mode->value) : NULL;
}

static const TextFunctions mode_text = { parse_mode, format_mode };

/* clang-format off */
static const Row lower_rows[] = {
    { "@path", ROW_STRING, offsetof(PathItem, path), ROW_NOT_EMPTY, .missing = WRONG },
    { NULL },
};
/* clang-format on */

static const Record lower_record = { "virtlxcd:lower", sizeof(PathItem), lower_rows };

#define IS(type) FILESYSTEM_IS(type)
#define IMAGES (IS(FILE) | IS(VOLUME))
#define FIELD(name) offsetof(Filesystem, name)
#define MODE ROW_KEPT, .text = &mode_text, .size = sizeof(OptNumber)
#define NUMBER .min = 0, .max = UINT32_MAX, .bad = WRONG

/* clang-format off */
static const Row filesystem_rows[] = {
    { "@type",                    ROW_ENUM,   FIELD(type),              ROW_TYPE, .names = type_names,
                                  .works = IS(MOUNT) | IS(BLOCK) | IS(FILE) | IS(RAM) | IS(BIND) | IS(VOLUME) },
    { "@accessmode",              ROW_ENUM,   FIELD(access),            .names = access_names },
    { "@model",                   ROW_ENUM,   FIELD(model),             ROW_KEPT, .names = model_names },
    { "@multidevs",               ROW_ENUM,   FIELD(multidevs),         ROW_KEPT | ROW_HIDE_DEFAULT,
                                  .names = multidevs_names },
    { "@fmode",                   ROW_TEXT,   FIELD(fmode),             MODE },
    { "@dmode",                   ROW_TEXT,   FIELD(dmode),             MODE },
    { "driver/@type",             ROW_ENUM,   FIELD(driver.type),       ROW_HIDE_DEFAULT,
                                  .types = IMAGES, .names = driver_names, .works = IMAGE_DRIVERS },
    { "driver/@type",             ROW_ENUM,   FIELD(driver.type),       ROW_KEPT | ROW_HIDE_DEFAULT,
                                  .types = ~IMAGES, .names = driver_names },
    { "driver/@format",           ROW_ENUM,   FIELD(driver.format),     .names = image_format_names,
                                  .bad = UNSUPPORTED },
    { "driver/@wrpolicy",         ROW_ENUM,   FIELD(driver.wrpolicy),   ROW_KEPT | ROW_HIDE_DEFAULT,
                                  .names = wrpolicy_names },
    { "driver/@queue",            ROW_NUMBER, FIELD(driver.queue),      ROW_KEPT, NUMBER },
    VIRTIO_ROWS(FIELD(driver.virtio)),
    { "binary/@path",             ROW_STRING, FIELD(binary.path),       ROW_KEPT },
    { "binary/@xattr",            ROW_ENUM,   FIELD(binary.xattr),      ROW_KEPT, .names = switch_names },
    { "binary/cache/@mode",       ROW_ENUM,   FIELD(binary.cache),      ROW_KEPT, .names = cache_names },
    { "binary/sandbox/@mode",     ROW_ENUM,   FIELD(binary.sandbox),    ROW_KEPT, .names = sandbox_names },
    { "binary/lock/@posix",       ROW_ENUM,   FIELD(binary.posix_lock), ROW_KEPT, .names = switch_names },
    { "binary/lock/@flock",       ROW_ENUM,   FIELD(binary.flock),      ROW_KEPT, .names = switch_names },
    { "binary/thread_pool/@size", ROW_NUMBER, FIELD(binary.threads),    ROW_KEPT, .min = -1,
                                  .max = INT32_MAX, .bad = WRONG },
    { "source/@dir",              ROW_STRING, FIELD(source),            ROW_NOT_EMPTY,
                                  .types = IS(MOUNT) | IS(BIND) },
    { "source/@socket",           ROW_STRING, FIELD(socket),            ROW_NOT_EMPTY | ROW_KEPT,
                                  .types = IS(MOUNT) },
    { "source/@dev",              ROW_STRING, FIELD(source),            ROW_NOT_EMPTY, .types = IS(BLOCK) },
    { "source/@file",             ROW_STRING, FIELD(source),            ROW_NOT_EMPTY, .types = IS(FILE) },
    { "source/@name",             ROW_STRING, FIELD(source),            ROW_NOT_EMPTY, .types = IS(TEMPLATE) },
    { "source/@pool",             ROW_STRING, FIELD(pool),              ROW_NOT_EMPTY, .types = IS(VOLUME) },
    { "source/@volume",           ROW_STRING, FIELD(source),            ROW_NOT_EMPTY, .types = IS(VOLUME) },
    { "source/@usage",            ROW_SIZE,   FIELD(usage),             .types = IS(RAM), .scale = 1024,
                                  .missing = WRONG, .bad = WRONG },
    { "target/@dir",              ROW_STRING, FIELD(target),            ROW_NOT_EMPTY,
                                  .missing = ERR(DOMAIN, NO_TARGET) },
    { "idmap",                    ROW_KEEP,   FIELD(idmap) },
    { "readonly",                 ROW_FLAG,   FIELD(readonly) },
    BOOT_ROW(FIELD(boot)),
    DEVICE_INFO_ROWS(FIELD(info)),
    { "space_hard_limit",         ROW_SIZE,   FIELD(space_hard_limit),  .scale = 1 },
    { "space_soft_limit",         ROW_SIZE,   FIELD(space_soft_limit),  ROW_KEPT, .scale = 1 },
    { "virtlxcd:mount/@propagation",
                                  ROW_ENUM,   FIELD(mount.propagation), .names = propagation_names },
    { "virtlxcd:mount/@recursive", ROW_ENUM,  FIELD(mount.recursive),   .names = choice_names },
    { "virtlxcd:mount/@idmapped", ROW_ENUM,   FIELD(mount.idmapped),    .names = choice_names },
    { "virtlxcd:mount/@nosuid",   ROW_YES,    FIELD(mount.nosuid) },
    { "virtlxcd:mount/@nodev",    ROW_YES,    FIELD(mount.nodev) },
    { "virtlxcd:mount/@noexec",   ROW_YES,    FIELD(mount.noexec) },
    { "virtlxcd:mount/@noatime",  ROW_YES,    FIELD(mount.noatime) },
    { "virtlxcd:mount/@optional", ROW_YES,    FIELD(mount.optional) },
    { "virtlxcd:overlay/@ephemeral",
                                  ROW_ENUM,   FIELD(overlay.ephemeral), .names = choice_names },
    { "virtlxcd:overlay/virtlxcd:lower",
                                  ROW_LIST,   FIELD(overlay.lowers),    .record = &lower_record },
    { "virtlxcd:overlay/virtlxcd:upper/@path",
                                  ROW_STRING, FIELD(overlay.upper),     ROW_NOT_EMPTY },
    { "virtlxcd:overlay/virtlxcd:work/@path",
                                  ROW_STRING, FIELD(overlay.work),      ROW_NOT_EMPTY },
    VOLUME_ROWS(FIELD(volume), IS(VOLUME)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record filesystem_record = { "filesystem", sizeof(Filesystem), filesystem_rows,
                                          .type = &filesystem_rows[0], .check = check_one };

const char *filesystem_driver_word(FilesystemDriverType type)
{
    return type == FILESYSTEM_DRIVER_DEFAULT ? NULL : driver_names[type];
}

/* ---- targets --------------------------------------------------------------------------------- */

char *filesystem_target(const Filesystem *fs)
{
    g_auto(GStrv) parts = g_strsplit(fs->target, "/", -1);
    GString *path = g_string_new(NULL);

    for (char **part = parts; *part; part++)
        if (**part && strcmp(*part, ".") != 0)
            g_string_append_printf(path, "/%s", *part);
    return g_string_free(path->len ? path : g_string_append_c(path, '/'), FALSE);
}

bool filesystem_is_root(const Filesystem *fs)
{
    g_autofree char *target = filesystem_target(fs);

    return strcmp(target, "/") == 0;
}

const Filesystem *filesystem_find_root(const DomainDef *def)
{
    for (size_t i = 0; i < def->filesystems.n; i++)
        if (filesystem_is_root(def->filesystems.items[i]))
            return def->filesystems.items[i];
    return NULL;
}

/* ---- one filesystem -------------------------------------------------------------------------- */

static bool check_source(const Filesystem *fs, GError **err)
{
    bool is_path = (IS(MOUNT) | IS(BIND) | IS(BLOCK) | IS(FILE)) & TYPE_BIT(fs->type);

    if (fs->type == FILESYSTEM_RAM && fs->usage.value == 0)
        return fail(err, WRONG, _("the filesystem of type 'ram' for '%s' has no size"), fs->target);
    if (fs->type == FILESYSTEM_RAM)
        return true;
    if (fs->type == FILESYSTEM_VOLUME && !fs->source != !fs->pool)
        return fail(err, WRONG, _("the filesystem for '%s' has pool= or volume=, and needs both"),
                    fs->target);
    if (!fs->source && !fs->socket)
        return fail(err, ERR(DOMAIN, NO_SOURCE), _("the filesystem for '%s' lacks a source"),
                    fs->target);
    if (is_path && fs->source && *fs->source != '/')
        return fail(err, WRONG,
                    _("the filesystem source '%s' for '%s' is not an "
                      "absolute path"),
                    fs->source, fs->target);
    return true;
}

static bool check_target(const Filesystem *fs, GError **err)
{
    const unsigned roots = IS(MOUNT) | IS(BLOCK) | IS(FILE) | IS(VOLUME);

    if (value_has_dotdot(fs->target))
        return fail(err, WRONG, _("the filesystem target '%s' contains '..'"), fs->target);
    if (!filesystem_is_root(fs))
        return true;
    if (!(roots & TYPE_BIT(fs->type)))
        return fail(err, UNSUPPORTED, _("a filesystem of type '%s' cannot be the container's root"),
                    type_names[fs->type]);
    if (fs->mount.optional)
        return fail(err, UNSUPPORTED, _("the container's root cannot be optional"));
    return true;
}

static void forget_zero(OptNumber *number)
{
    number->set = number->set && number->value != 0;
}

/* What is said to virtiofs is forgotten when there is none, as libvirt does. */
static bool check_virtiofs(Filesystem *fs, GError **err)
{
    bool is_virtiofs = fs->driver.type == FILESYSTEM_DRIVER_VIRTIOFS;

    if (fs->boot.order.set && !is_virtiofs)
        return fail(err, UNSUPPORTED,
                    _("the filesystem for '%s' has a boot order, which only one "
                      "of virtiofs can have"),
                    fs->target);
    forget_zero(&fs->driver.queue);
    fs->driver.queue.set = fs->driver.queue.set && is_virtiofs;
    fs->binary.threads.set = fs->binary.threads.set && fs->binary.threads.value >= 0;
    if (is_virtiofs)
        return true;
    g_free(fs->binary.path);
    fs->binary = (FilesystemBinary){ 0 };
    g_clear_pointer(&fs->idmap, g_free);
    return true;
}

static bool check_path(const char *path, GError **err)
{
    if (path && (*path != '/' || value_has_dotdot(path)))
        return fail(err, WRONG, _("'%s' is not an absolute path without '..'"), path);
    return true;
}

static bool check_overlay(const Filesystem *fs, GError **err)
{
    const FilesystemOverlay *overlay = &fs->overlay;

    if (!overlay_is_given(overlay))
        return true;
    if (fs->type != FILESYSTEM_MOUNT)
        return fail(err, UNSUPPORTED, _("a filesystem of type '%s' cannot be an overlay"),
                    type_names[fs->type]);
    if (!overlay->lowers.n && !overlay->upper && !overlay->work && overlay->ephemeral != CHOICE_YES)
        return fail(err, WRONG, _("the overlay for '%s' lays nothing over its source"), fs->target);
    if (!overlay->upper != !overlay->work)
        return fail(
            err, WRONG,
            _("the overlay for '%s' has <virtlxcd:upper> or <virtlxcd:work>, and needs both "
              "or none"),
            fs->target);
    if (overlay->upper && overlay->ephemeral == CHOICE_YES)
        return fail(err, WRONG, _("the overlay for '%s' is ephemeral and has <virtlxcd:upper>"),
                    fs->target);
    for (size_t i = 0; i < overlay->lowers.n; i++)
        if (!check_path(overlay->lowers.items[i]->path, err))
            return false;
    return check_path(overlay->upper, err) && check_path(overlay->work, err);
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Filesystem *fs = object;

    forget_zero(&fs->space_hard_limit);
    forget_zero(&fs->space_soft_limit);
    if (!fs->access && !fs->socket && reader->flags & DOMAIN_DEF_INACTIVE)
        fs->access = FILESYSTEM_ACCESS_PASSTHROUGH;
    return check_target(fs, err) && check_source(fs, err) && check_virtiofs(fs, err) &&
           check_overlay(fs, err);
}

/* ---- all filesystems ------------------------------------------------------------------------- */

/* Other targets may be used twice: the later mount covers the earlier one. */
static bool check_roots(const DomainDef *def, GError **err)
{
    const Filesystem *root = NULL;

    for (size_t i = 0; i < def->filesystems.n; i++) {
        const Filesystem *fs = def->filesystems.items[i];

        if (!filesystem_is_root(fs))
            continue;
        if (root)
            return fail(err, WRONG, _("two filesystems are the container's root: '%s' and '%s'"),
                        root->source, fs->source);
        root = fs;
    }
    return true;
}

static bool check_idmapped(const Filesystem *fs, const DomainDef *def, GError **err)
{
    const unsigned types = IS(MOUNT) | IS(BLOCK) | IS(FILE) | IS(VOLUME);

    if (fs->mount.idmapped != CHOICE_YES)
        return true;
    if (!(types & TYPE_BIT(fs->type)))
        return fail(err, UNSUPPORTED, _("a filesystem of type '%s' cannot be idmapped"),
                    type_names[fs->type]);
    if (!def->idmap.uids.n && def->extension.idmap_auto != CHOICE_YES)
        return fail(err, UNSUPPORTED,
                    _("the filesystem for '%s' is idmapped, and the domain has no <idmap>"),
                    fs->target);
    return true;
}

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    for (size_t i = 0; i < def->filesystems.n; i++)
        if (!check_idmapped(def->filesystems.items[i], def, err))
            return false;
    return check_roots(def, err);
}

static void insert_root(FilesystemList *list)
{
    Filesystem *root = record_new(&filesystem_record);

    root->source = g_strdup("/");
    root->target = g_strdup("/");
    record_list_append(list, root);
    for (size_t i = list->n - 1; i > 0; i--)
        list->items[i] = list->items[i - 1];
    list->items[0] = root;
}

static void make_live(DomainDef *def)
{
    if (!filesystem_find_root(def))
        insert_root(&def->filesystems);
    for (size_t i = 0; i < def->filesystems.n; i++) {
        DeviceInfo *info = &def->filesystems.items[i]->info;

        g_free(info->alias);
        info->alias = g_strdup_printf("fs%zu", i);
    }
}

const DeviceClass filesystem_class = {
    .element = "filesystem",
    .record = &filesystem_record,
    .list = offsetof(DomainDef, filesystems),
    .check = check,
    .make_live = make_live,
    .plan = filesystem_plan,
};
