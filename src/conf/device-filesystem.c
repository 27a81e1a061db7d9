// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <filesystem>: what is mounted in the container, in the order of the document. The one with target
 * "/" is the root and is mounted first; without one the host's root is it.
 *
 * Host trees are always bound with everything mounted below them: a container made of several
 * datasets, or a root with its own /usr, is what people have. Types block and file wait for the
 * images; template and volume mean nothing to a container.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/value.h"

static const char *const type_names[] = { "mount", "block", "file",   "template",
                                          "ram",   "bind",  "volume", NULL };
static const char *const access_names[] = { NULL, "passthrough", "mapped", "squash", NULL };

#define PATHS (TYPE_BIT(FILESYSTEM_MOUNT) | TYPE_BIT(FILESYSTEM_BIND))
#define RAM TYPE_BIT(FILESYSTEM_RAM)
#define FIELD(name) offsetof(Filesystem, name)

/* clang-format off */
static const Row filesystem_rows[] = {
    { "@type",            ROW_ENUM,   FIELD(type),             ROW_TYPE, .names = type_names,
                          .works = PATHS | RAM },
    { "@accessmode",      ROW_ENUM,   FIELD(access),           .names = access_names },
    { "@model",           ROW_STRING, FIELD(model) },
    { "@multidevs",       ROW_STRING, FIELD(multidevs) },
    { "@fmode",           ROW_STRING, FIELD(fmode) },
    { "@dmode",           ROW_STRING, FIELD(dmode) },
    { "driver|binary",    ROW_KEEP,   FIELD(driver) },
    { "source/@dir",      ROW_STRING, FIELD(source),           ROW_NOT_EMPTY, .types = PATHS,
                          .missing = ERR(DOMAIN, NO_SOURCE) },
    { "source/@usage",    ROW_SIZE,   FIELD(usage),            .types = RAM, .scale = 1024,
                          .missing = ERR(DOMAIN, XML_ERROR), .bad = ERR(DOMAIN, XML_ERROR) },
    { "target/@dir",      ROW_STRING, FIELD(target),           ROW_NOT_EMPTY,
                          .missing = ERR(DOMAIN, NO_TARGET) },
    { "readonly",         ROW_FLAG,   FIELD(readonly) },
    { "alias/@name",      ROW_STRING, FIELD(alias),            ROW_LIVE },
    { "boot|address",     ROW_KEEP,   FIELD(rest) },
    { "space_hard_limit", ROW_SIZE,   FIELD(space_hard_limit), .scale = 1 },
    { "space_soft_limit", ROW_SIZE,   FIELD(space_soft_limit), .scale = 1 },
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record filesystem_record = { "filesystem", sizeof(Filesystem), filesystem_rows,
                                          .type = &filesystem_rows[0], .check = check_one };

/* ---- targets --------------------------------------------------------------------------------- */

/* The target as the kernel is asked for it: absolute, without empty and "." parts. */
static char *absolute_target(const char *target)
{
    g_auto(GStrv) parts = g_strsplit(target, "/", -1);
    GString *path = g_string_new(NULL);

    for (char **part = parts; *part; part++)
        if (**part && strcmp(*part, ".") != 0)
            g_string_append_printf(path, "/%s", *part);
    return g_string_free(path->len ? path : g_string_append_c(path, '/'), FALSE);
}

static bool is_root(const Filesystem *fs)
{
    g_autofree char *target = absolute_target(fs->target);

    return strcmp(target, "/") == 0;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Filesystem *fs = object;

    if (!fs->access && reader->flags & DOMAIN_DEF_INACTIVE)
        fs->access = FILESYSTEM_ACCESS_PASSTHROUGH;
    if (value_has_dotdot(fs->target))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("the filesystem target '%s' contains '..'"),
                    fs->target);
    if (TYPE_BIT(fs->type) & PATHS && *fs->source != '/')
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the filesystem source '%s' for '%s' is not an "
                      "absolute path"),
                    fs->source, fs->target);
    if (fs->type != FILESYSTEM_MOUNT && is_root(fs))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a filesystem of type '%s' cannot be the container's root"),
                    type_names[fs->type]);
    if (fs->type == FILESYSTEM_RAM && fs->usage.value == 0)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the filesystem of type 'ram' for '%s' has no size"), fs->target);
    return true;
}

/* Other targets may be used twice: the later mount covers the earlier one. */
static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    const Filesystem *root = NULL;

    for (size_t i = 0; i < def->filesystems.n; i++) {
        const Filesystem *fs = def->filesystems.items[i];

        if (!is_root(fs))
            continue;
        if (root)
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("two filesystems are the container's root: '%s' and '%s'"), root->source,
                        fs->source);
        root = fs;
    }
    return true;
}

static const Filesystem *find_root(const DomainDef *def)
{
    for (size_t i = 0; i < def->filesystems.n; i++)
        if (is_root(def->filesystems.items[i]))
            return def->filesystems.items[i];
    return NULL;
}

/* ---- live ------------------------------------------------------------------------------------ */

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
    if (!find_root(def))
        insert_root(&def->filesystems);
    for (size_t i = 0; i < def->filesystems.n; i++) {
        g_free(def->filesystems.items[i]->alias);
        def->filesystems.items[i]->alias = g_strdup_printf("fs%zu", i);
    }
}

/* ---- plan ------------------------------------------------------------------------------------ */

/*
 * With an id map, the root's files belong to the container's users, whatever they are on the disk.
 * Other trees stay as they are unless the user says mapped: the container's root would be the
 * host's root in them.
 */
static bool wants_idmap(const Filesystem *fs, const PlanBuilder *builder)
{
    if (fs->type != FILESYSTEM_MOUNT || !builder->def->idmap.uids.n)
        return false;
    return fs->access == FILESYSTEM_ACCESS_MAPPED ||
           (fs == builder->root && strcmp(fs->source, "/") != 0);
}

/* A read-only root makes everything that the user mounts read-only too, as libvirt does. */
static unsigned mount_flags(const Filesystem *fs, const PlanBuilder *builder)
{
    bool readonly = fs->readonly || (builder->root && builder->root->readonly);
    unsigned flags = readonly ? PLAN_MOUNT_F_READONLY : 0;

    if (fs->type == FILESYSTEM_RAM)
        return flags | PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV;
    if (wants_idmap(fs, builder))
        flags |= PLAN_MOUNT_F_IDMAP;
    return flags | PLAN_MOUNT_F_RECURSIVE;
}

void filesystem_plan_root(PlanBuilder *builder)
{
    const Filesystem *root = find_root(builder->def);

    builder->root = root;
    plan_add_mount(
        builder, &(PlanMount){
                     .kind = PLAN_MOUNT_HOST,
                     .source = root ? root->source : (char *)"/",
                     .target = (char *)"/",
                     .flags = root ? mount_flags(root, builder) : (uint32_t)PLAN_MOUNT_F_RECURSIVE,
                 });
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Filesystem *fs = device;
    g_autofree char *target = absolute_target(fs->target);
    g_autofree char *options = NULL;
    PlanMount mount = { .source = fs->source, .target = target, .flags = mount_flags(fs, builder) };

    if (fs == builder->root)
        return true;
    mount.kind = fs->type == FILESYSTEM_BIND ? PLAN_MOUNT_INSIDE : PLAN_MOUNT_HOST;
    if (fs->type == FILESYSTEM_RAM) {
        options = g_strdup_printf("size=%" G_GINT64_FORMAT "k", fs->usage.value);
        mount.kind = PLAN_MOUNT_NEW;
        mount.source = (char *)"tmpfs";
        mount.options = options;
    }
    plan_add_mount(builder, &mount);
    return true;
}

const DeviceClass filesystem_class = {
    .element = "filesystem",
    .record = &filesystem_record,
    .list = offsetof(DomainDef, filesystems),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
