// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The root file system. What stands before the first ':' says how it is stored. Without a root, LXC
 * shares the host's, and so does a domain without a file system for '/'; where there is a root but
 * a domain cannot say it, the configuration is refused rather than given the host's.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/filesystem.h"
#include "conf/image.h"
#include "conf/lxc-mount.h"

/* ---- reading --------------------------------------------------------------------------------- */

static bool take_directory(Filesystem *fs, const char *rest, GError **err)
{
    fs->type = FILESYSTEM_MOUNT;
    fs->source = g_strdup(rest);
    return true;
}

static bool take_block(Filesystem *fs, const char *rest, GError **err)
{
    fs->type = FILESYSTEM_BLOCK;
    fs->source = g_strdup(rest);
    return true;
}

/* A device, or else a directory: it cannot be looked at from here. */
static bool take_plain(Filesystem *fs, const char *rest, GError **err)
{
    return g_str_has_prefix(rest, "/dev/") ? take_block(fs, rest, err)
                                           : take_directory(fs, rest, err);
}

static bool take_loop(Filesystem *fs, const char *rest, GError **err)
{
    fs->type = FILESYSTEM_FILE;
    fs->driver.type = FILESYSTEM_DRIVER_LOOP;
    fs->source = g_strdup(rest);
    return true;
}

/* "/image.qcow2" or "/image.qcow2:1", of which the number is a partition. */
static bool take_nbd(Filesystem *fs, const char *rest, GError **err)
{
    const char *colon = strrchr(rest, ':');
    const char *dot = strrchr(rest, '.');

    if (colon)
        return fail(err, LXC_BAD_VALUE, _("a domain cannot have a partition of an image as root"));
    fs->type = FILESYSTEM_FILE;
    fs->driver.type = FILESYSTEM_DRIVER_NBD;
    fs->driver.format = dot && strcmp(dot, ".qcow2") == 0 ? IMAGE_FORMAT_QCOW2 : IMAGE_FORMAT_RAW;
    fs->source = g_strdup(rest);
    return true;
}

/* LXC works beside the upper directory. */
static char *work_directory(const char *upper)
{
    g_autofree char *parent = g_path_get_dirname(upper);

    return g_build_filename(parent, "work", NULL);
}

/* "/lower:/upper", or several lower ones, the topmost first. */
static bool take_overlay(Filesystem *fs, const char *rest, GError **err)
{
    const char *colon = strrchr(rest, ':');
    g_autofree char *lowers = NULL;

    if (!colon)
        return fail(err, LXC_BAD_VALUE, _("an overlay has a lower and an upper directory"));
    lowers = g_strndup(rest, (gsize)(colon - rest));
    fs->type = FILESYSTEM_MOUNT;
    lxc_set_lowers(fs, lowers);
    fs->overlay.upper = g_strdup(colon + 1);
    fs->overlay.work = work_directory(colon + 1);
    return true;
}

/* A dataset has a name; where it is mounted only ZFS knows. */
static bool take_zfs(Filesystem *fs, const char *rest, GError **err)
{
    if (*rest != '/')
        return fail(err, LXC_BAD_VALUE,
                    _("'%s' is the name of a dataset; write 'dir:' and where it is mounted"), rest);
    return take_directory(fs, rest, err);
}

typedef struct RootKind {
    const char *prefix;
    bool (*take)(Filesystem *fs, const char *rest, GError **err);
} RootKind;

/* clang-format off */
static const RootKind kinds[] = {
    { "dir:",       take_directory },
    { "btrfs:",     take_directory },
    { "lvm:",       take_block },
    { "loop:",      take_loop },
    { "nbd:",       take_nbd },
    { "overlay:",   take_overlay },
    { "overlayfs:", take_overlay },
    { "zfs:",       take_zfs },
    { "/",          take_plain },
};
/* clang-format on */

static bool take(Filesystem *fs, const char *path, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t length = strlen(kinds[i].prefix);

        if (g_str_has_prefix(path, kinds[i].prefix))
            return kinds[i].take(fs, path[0] == '/' ? path : path + length, err);
    }
    return fail(err, LXC_BAD_VALUE, _("a domain cannot have such a root"));
}

static bool read_root(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->root = line;
    return true;
}

static bool read_options(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->root_options = line;
    return true;
}

static void take_options(LxcImport *in, Filesystem *fs)
{
    g_autoptr(GString) others = g_string_new(NULL);
    NativeMount mount = { 0 };
    g_auto(GStrv) options = NULL;

    if (!in->root_options)
        return;
    options = g_strsplit(in->root_options->value, ",", -1);
    for (char **option = options; *option; option++)
        if (!lxc_take_mount_option(&mount, *option))
            lxc_add_word(others, *option);
    lxc_note_words(in, in->root_options, "%s", others);
    native_mount_apply(&mount, fs);
}

/* It stands before all others. */
bool lxc_root_finish(LxcImport *in, GError **err)
{
    FilesystemList *list = &in->def->filesystems;
    Filesystem *fs = NULL;

    if (!in->root)
        return true;
    fs = record_new(filesystem_class.record);
    device_add(in->def, &filesystem_class, fs);
    memmove(list->items + 1, list->items, (list->n - 1) * sizeof(*list->items));
    list->items[0] = fs;
    fs->target = g_strdup("/");
    if (!take(fs, in->root->value, err))
        return fail_while(err, _("line %u: '%s'"), in->root->number, in->root->written);
    take_options(in, fs);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* NULL when LXC could not tell the directories apart, or would have no place to write. */
static char *overlay_path(const Filesystem *fs)
{
    const char *upper = fs->overlay.upper;
    g_autofree char *lowers = lxc_lowers(fs);

    if (!lowers || !upper || strchr(upper, ':'))
        return NULL;
    return g_strdup_printf("overlay:%s:%s", lowers, upper);
}

static const char *image_prefix(const Filesystem *fs)
{
    bool is_device = g_str_has_prefix(fs->source, "/dev/");

    if (fs->type == FILESYSTEM_BLOCK)
        return is_device ? "" : "lvm:"; /* a plain path would be a directory's */
    if (fs->driver.type == FILESYSTEM_DRIVER_NBD || fs->driver.format > IMAGE_FORMAT_RAW)
        return "nbd:";
    return "loop:";
}

/* The same as none, as far as nothing more is said of it. */
static bool is_host(const DomainDef *def, const Filesystem *fs)
{
    g_autofree char *options = lxc_mount_options(def, fs);

    return fs->type == FILESYSTEM_MOUNT && strcmp(fs->source, "/") == 0 && !*options &&
           !overlay_is_given(&fs->overlay);
}

static char *root_path(const Filesystem *fs)
{
    switch (fs->type) {
    case FILESYSTEM_MOUNT:
        return overlay_is_given(&fs->overlay) ? overlay_path(fs)
                                              : g_strconcat("dir:", fs->source, NULL);
    case FILESYSTEM_BLOCK:
    case FILESYSTEM_FILE:
        return g_strconcat(image_prefix(fs), fs->source, NULL);
    case FILESYSTEM_TEMPLATE:
    case FILESYSTEM_RAM:
    case FILESYSTEM_BIND:
    case FILESYSTEM_VOLUME:
        break;
    }
    return NULL;
}

/* Without this line the container would have the host's root, so there is none without it. */
static void write_root(LxcExport *out, const LxcKey *key)
{
    const Filesystem *fs = filesystem_find_root(out->def);
    g_autofree char *path = NULL;
    g_autofree char *work = NULL;

    if (!fs || is_host(out->def, fs))
        return;
    path = root_path(fs);
    if (!path || !lxc_config_can_write(path)) {
        lxc_refuse(out, g_strdup_printf(_("LXC cannot have the root of '%s'"), out->def->name));
        return;
    }
    lxc_put(out, key->key, path);
    work = fs->overlay.upper ? work_directory(fs->overlay.upper) : NULL;
    if (g_strcmp0(work, fs->overlay.work) != 0)
        lxc_put_comment(out, "virtlxcd:work/@path = %s", fs->overlay.work);
}

static void write_options(LxcExport *out, const LxcKey *key)
{
    const Filesystem *fs = filesystem_find_root(out->def);
    g_autofree char *options = fs ? lxc_mount_options(out->def, fs) : NULL;

    if (options && *options)
        lxc_put(out, key->key, options);
    else if (fs && fs->type == FILESYSTEM_MOUNT && !fs->mount.idmapped && out->def->idmap.uids.n)
        lxc_config_write_comment(out->out, _("where the files do not belong to ids of the map yet: "
                                             "lxc.rootfs.options = idmap=container"));
}

/* clang-format off */
const LxcKey lxc_root_keys[] = {
    { "lxc.rootfs.path",    read_root,    write_root },
    { "lxc.rootfs.options", read_options, write_options },
    { "lxc.rootfs.",        NULL },
    { NULL },
};
/* clang-format on */
