// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * root and mounts of config.json. What every container has mounted is left out when it is read;
 * when it is written, all of it is there, since a runtime mounts nothing by itself.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/compile-base.h"
#include "conf/device.h"
#include "conf/native-mount.h"
#include "conf/oci.h"

#define WRONG ERR(LXC, INVALID_ARG)
#define SHM_USUAL_KIB 65536

/* ---- reading: root --------------------------------------------------------------------------- */

typedef struct Root {
    const char *path;
    bool readonly;
} Root;

/* clang-format off */
static const OciMember root_members[] = {
    { "path",     OCI_TEXT, offsetof(Root, path) },
    { "readonly", OCI_FLAG, offsetof(Root, readonly) },
    { NULL },
};
/* clang-format on */

static Filesystem *add_filesystem(OciImport *import, FilesystemType type, const char *target)
{
    Filesystem *fs = record_new(filesystem_class.record);

    fs->type = type;
    fs->target = g_strdup(target);
    device_add(import->def, &filesystem_class, fs);
    return fs;
}

/* Which folder the bundle is in, the text does not tell. */
static bool check_absolute(const OciValue *parent, const char *member, const char *path,
                           GError **err)
{
    OciValue value = { .parent = parent, .name = member };
    g_autofree char *place = NULL;

    if (path && *path == '/')
        return true;
    place = oci_path(&value);
    return fail(err, WRONG,
                _("the path '%s' of '%s' is relative to the bundle, which is not known here: make "
                  "it absolute"),
                path ? path : "", place);
}

bool oci_read_root(OciImport *import, const OciValue *value, GError **err)
{
    Root root = { 0 };

    if (!oci_members(import, value, root_members, &root, err) ||
        !check_absolute(value, "path", root.path, err))
        return false;
    import->root = add_filesystem(import, FILESYSTEM_MOUNT, "/");
    import->root->source = g_strdup(root.path);
    import->root->readonly = root.readonly;
    return true;
}

bool oci_read_root_propagation(OciImport *import, const OciValue *value, GError **err)
{
    const char *word = NULL;
    Propagation propagation;

    if (!oci_string(value, &word, err))
        return false;
    propagation = native_mount_propagation(word);
    if (!propagation && *word)
        oci_note(import, value);
    import->root->mount.propagation = propagation;
    return true;
}

/* ---- reading: mounts ------------------------------------------------------------------------- */

typedef struct Mount {
    const char *destination;
    const char *source;
    const char *type;
    JsonNode *options;
} Mount;

/* clang-format off */
static const OciMember mount_members[] = {
    { "destination", OCI_TEXT,  offsetof(Mount, destination) },
    { "source",      OCI_TEXT,  offsetof(Mount, source) },
    { "type",        OCI_TEXT,  offsetof(Mount, type) },
    { "options",     OCI_VALUE, offsetof(Mount, options) },
    { NULL },
};
/* clang-format on */

typedef struct OwnMount {
    const char *target;
    const char *types; /* separated by blanks */
} OwnMount;

/* Every container has these, in one way or another. */
/* clang-format off */
static const OwnMount own_mounts[] = {
    { "/proc",          "proc" },
    { "/sys",           "sysfs" },
    { "/sys/fs/cgroup", "cgroup cgroup2" },
    { "/dev",           "tmpfs" },
    { "/dev/pts",       "devpts" },
    { "/dev/shm",       "tmpfs" },
    { "/dev/mqueue",    "mqueue" },
};
/* clang-format on */

/* Without a network of its own a container with an id map is given the host's /sys: see
 * as_runtimes_do. */
static bool is_own(const OciImport *import, const Mount *mount, const NativeMount *options)
{
    if (options->bind)
        return strcmp(mount->destination, "/sys") == 0 && g_strcmp0(mount->source, "/sys") == 0;
    if (strcmp(mount->destination, "/dev/shm") == 0 && options->size &&
        options->size != SHM_USUAL_KIB && options->size != (int64_t)base_tmpfs_kib(import->def))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(own_mounts); i++) {
        g_auto(GStrv) types = g_strsplit(own_mounts[i].types, " ", -1);

        if (strcmp(own_mounts[i].target, mount->destination) == 0)
            return g_strv_contains((const char *const *)types, mount->type);
    }
    return false;
}

static void set_options(OciImport *import, Filesystem *fs, const NativeMount *options)
{
    native_mount_apply(options, fs);
    if (options->idmap && !import->def->idmap.uids.n) {
        native_note(import->result, _("the option '%s' of the mount at '%s'"), "idmap", fs->target);
        fs->mount.idmapped = CHOICE_ABSENT;
    }
    if (import->root->readonly && !options->readonly)
        native_note(import->result, _("'%s' cannot be written to below a read-only root"),
                    fs->target);
}

static bool read_bind(OciImport *import, const OciValue *value, const Mount *mount,
                      const NativeMount *options, GError **err)
{
    Filesystem *fs = NULL;

    if (!check_absolute(value, "source", mount->source, err))
        return false;
    fs = add_filesystem(import, FILESYSTEM_MOUNT, mount->destination);
    fs->source = g_strdup(mount->source);
    set_options(import, fs, options);
    if (!options->recursive)
        fs->mount.recursive = CHOICE_NO;
    return true;
}

static void read_tmpfs(OciImport *import, const Mount *mount, const NativeMount *options)
{
    Filesystem *fs = add_filesystem(import, FILESYSTEM_RAM, mount->destination);

    set_options(import, fs, options);
    fs->usage.set = true;
    fs->usage.value = options->size ? options->size : (int64_t)base_tmpfs_kib(import->def);
}

static bool read_overlay(OciImport *import, const OciValue *value, const Mount *mount,
                         const NativeMount *options, GError **err)
{
    g_auto(GStrv) lowers = g_strsplit(options->lowers, ":", -1);
    Filesystem *fs = NULL;

    if (!check_absolute(value, "options", lowers[0], err))
        return false;
    fs = add_filesystem(import, FILESYSTEM_MOUNT, mount->destination);
    set_options(import, fs, options);
    fs->source = g_strdup(lowers[0]);
    fs->overlay.upper = g_strdup(options->upper);
    fs->overlay.work = g_strdup(options->work);
    for (char **lower = lowers + 1; *lower; lower++) {
        PathItem *item = g_new0(PathItem, 1);

        item->path = g_strdup(*lower);
        record_list_append(&fs->overlay.lowers, item);
    }
    return true;
}

static void read_block(OciImport *import, const Mount *mount, const NativeMount *options)
{
    Filesystem *fs = add_filesystem(import, FILESYSTEM_BLOCK, mount->destination);

    fs->source = g_strdup(mount->source);
    set_options(import, fs, options);
}

/* The words that mean nothing are collected. */
static bool read_options(const OciValue *list, NativeMount *options, GPtrArray *unknown,
                         GError **err)
{
    g_autoptr(GPtrArray) words = NULL;

    if (!list->node)
        return true;
    if (!oci_words(list, &words, err))
        return false;
    for (guint i = 0; i < words->len; i++)
        if (!native_mount_option(words->pdata[i], options))
            g_ptr_array_add(unknown, words->pdata[i]);
    return true;
}

static bool read_by_type(OciImport *import, const OciValue *value, const Mount *mount,
                         const NativeMount *options, GError **err)
{
    if (options->bind || strcmp(mount->type, "bind") == 0)
        return read_bind(import, value, mount, options, err);
    if (strcmp(mount->type, "overlay") == 0 && options->lowers)
        return read_overlay(import, value, mount, options, err);
    if (strcmp(mount->type, "tmpfs") == 0)
        read_tmpfs(import, mount, options);
    else if (mount->source && g_str_has_prefix(mount->source, "/dev/"))
        read_block(import, mount, options);
    else
        oci_note(import, value);
    return true;
}

bool oci_read_mount(OciImport *import, const OciValue *value, GError **err)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new();
    Mount mount = { .type = "" };
    NativeMount options = { 0 };
    OciValue list = { .parent = value, .name = "options" };

    if (!oci_members(import, value, mount_members, &mount, err))
        return false;
    if (!mount.destination)
        return fail(err, WRONG, _("config.json has a mount without '%s'"), "destination");
    list.node = mount.options;
    if (!read_options(&list, &options, unknown, err))
        return false;
    if (is_own(import, &mount, &options))
        return true;
    for (guint i = 0; i < unknown->len; i++)
        native_note(import->result, _("the option '%s' of the mount at '%s'"),
                    (char *)unknown->pdata[i], mount.destination);
    return read_by_type(import, value, &mount, &options, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *propagation_word(PlanPropagation propagation, bool recursive)
{
    static const char *const words[][2] = {
        [PLAN_PROPAGATION_DEFAULT] = {NULL,          NULL         },
        [PLAN_PROPAGATION_PRIVATE] = { "private",    "rprivate"   },
        [PLAN_PROPAGATION_SLAVE] = { "slave",      "rslave"     },
        [PLAN_PROPAGATION_SHARED] = { "shared",     "rshared"    },
        [PLAN_PROPAGATION_UNBINDABLE] = { "unbindable", "runbindable"},
    };

    return words[propagation][recursive];
}

bool oci_write_root(OciExport *export, GError **err)
{
    const PlanMount *root = &export->plan->mounts.items[0];

    if (root->kind != PLAN_MOUNT_HOST)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the root of '%s' is not a directory of the host, as that of a bundle is"),
                    export->plan->name);
    oci_put_open(&export->json, "root", '{');
    oci_put_string(&export->json, "path", root->source);
    oci_put_flag(&export->json, "readonly", root->flags & PLAN_MOUNT_F_READONLY);
    oci_put_close(&export->json, '}');
    if (root->flags & PLAN_MOUNT_F_IDMAP)
        oci_export_note(export, _("the files below '%s' have to belong to the ids of the maps"),
                        root->source);
    return true;
}

void oci_write_root_propagation(OciExport *export)
{
    const char *word = propagation_word(export->plan->mounts.items[0].propagation, true);

    if (word)
        oci_put_string(&export->json, "rootfsPropagation", word);
}

static void write_overlay_options(OciExport *export, const PlanMount *mount)
{
    const PlanOverlay *overlay = &mount->overlay;
    g_autoptr(GString) lowers = g_string_new("lowerdir=");
    g_autofree char *upper = g_strconcat("upperdir=", overlay->upper, NULL);
    g_autofree char *work = g_strconcat("workdir=", overlay->work, NULL);

    g_string_append(lowers, mount->source);
    for (uint32_t i = 0; i < overlay->lowers.len; i++)
        g_string_append_printf(lowers, ":%s", overlay->lowers.items[i]);
    oci_put_string(&export->json, NULL, lowers->str);
    if (*overlay->upper)
        oci_put_string(&export->json, NULL, upper);
    if (*overlay->work)
        oci_put_string(&export->json, NULL, work);
}

static void write_options(OciExport *export, const PlanMount *mount, const char *options)
{
    g_auto(GStrv) words = g_strsplit(options, ",", -1);
    bool recursive = mount->flags & PLAN_MOUNT_F_RECURSIVE;
    const char *propagation = propagation_word(mount->propagation, recursive), *word = NULL;
    OciWriter *json = &export->json;
    unsigned flag;

    oci_put_open(json, "options", '[');
    if (mount->kind == PLAN_MOUNT_HOST)
        oci_put_string(json, NULL, recursive ? "rbind" : "bind");
    if (mount->kind == PLAN_MOUNT_OVERLAY)
        write_overlay_options(export, mount);
    if (mount->flags & PLAN_MOUNT_F_READONLY)
        oci_put_string(json, NULL, "ro");
    for (size_t i = 0; (word = native_mount_flag(i, &flag)); i++)
        if (mount->flags & flag)
            oci_put_string(json, NULL, word);
    if (propagation)
        oci_put_string(json, NULL, propagation);
    if (mount->flags & PLAN_MOUNT_F_IDMAP)
        oci_put_string(json, NULL, "idmap");
    for (char **at = words; *at; at++)
        if (**at)
            oci_put_string(json, NULL, *at);
    oci_put_close(json, ']');
}

/* How a kind of mount is written; type NULL: the mount's source. */
typedef struct KindRow {
    const char *type;
    const char *source;  /* NULL: the mount's source */
    const char *options; /* NULL: the mount's options */
} KindRow;

static const KindRow kind_rows[] = {
    [PLAN_MOUNT_HOST] = {"bind",     NULL,      ""                                       },
    [PLAN_MOUNT_NEW] = { NULL,      NULL,      NULL                                     },
    [PLAN_MOUNT_DEV] = { "tmpfs",   "tmpfs",   "nosuid,strictatime,mode=755,size=65536k"},
    [PLAN_MOUNT_CGROUP] = { "cgroup",  "cgroup",  "nosuid,noexec,nodev,relatime"           },
    [PLAN_MOUNT_OVERLAY] = { "overlay", "overlay", ""                                       },
};

static void write_mount(OciExport *export, const PlanMount *mount)
{
    const KindRow *row = &kind_rows[mount->kind];
    OciWriter *json = &export->json;

    oci_put_open(json, NULL, '{');
    oci_put_string(json, "destination", mount->target);
    oci_put_string(json, "type", row->type ? row->type : mount->source);
    oci_put_string(json, "source", row->source ? row->source : mount->source);
    write_options(export, mount, row->options ? row->options : mount->options);
    oci_put_close(json, '}');
    if (mount->flags & PLAN_MOUNT_F_OPTIONAL)
        oci_export_note(export, _("'%s' may be missing"), mount->source);
    if (mount->kind == PLAN_MOUNT_OVERLAY && mount->overlay.ephemeral)
        oci_export_note(export, _("what is written to '%s' is to be forgotten"), mount->target);
}

/* Runtimes mount sysfs from inside the user namespace, which they may for a network of its own
 * only: else they take the host's. */
static PlanMount as_runtimes_do(const Plan *plan, const PlanMount *mount)
{
    PlanMount copy = *mount;
    bool may = !(plan->namespaces & PLAN_NS_USER) || plan->namespaces & PLAN_NS_NET;

    if (!may && mount->kind == PLAN_MOUNT_NEW && strcmp(mount->source, "sysfs") == 0) {
        copy.kind = PLAN_MOUNT_HOST;
        copy.source = (char *)"/sys";
    }
    return copy;
}

/* Masked and read-only paths are lists of their own. */
void oci_write_mounts(OciExport *export)
{
    const Plan *plan = export->plan;

    oci_put_open(&export->json, "mounts", '[');
    for (uint32_t i = 1; i < plan->mounts.len; i++) {
        const PlanMount mount = as_runtimes_do(plan, &plan->mounts.items[i]);

        switch (mount.kind) {
        case PLAN_MOUNT_HOST:
        case PLAN_MOUNT_NEW:
        case PLAN_MOUNT_DEV:
        case PLAN_MOUNT_CGROUP:
        case PLAN_MOUNT_OVERLAY:
            write_mount(export, &mount);
            break;
        case PLAN_MOUNT_WRITABLE:
            oci_export_note(export, _("'%s' cannot be writable below a read-only path"),
                            mount.target);
            break;
        case PLAN_MOUNT_INSIDE:
        case PLAN_MOUNT_BLOCK:
        case PLAN_MOUNT_IMAGE:
        case PLAN_MOUNT_VOLUME:
            oci_export_note(export, _("what is mounted at '%s' is not written"), mount.target);
            break;
        case PLAN_MOUNT_MASK:
        case PLAN_MOUNT_READONLY:
        case PLAN_MOUNT_FILE:   /* noted as a part of the domain */
        case PLAN_MOUNT_VIEW:   /* whoever runs a bundle has a view of its own, or none */
        case PLAN_MOUNT_NOTIFY: /* the same */
            break;
        }
    }
    oci_put_close(&export->json, ']');
}
