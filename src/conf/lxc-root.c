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

static const RootKind kinds[] = {
    {"dir:",    take_directory},
    { "btrfs:", take_directory},
    { "lvm:",   take_block    },
    { "loop:",  take_loop     },
    { "nbd:",   take_nbd      },
    { "zfs:",   take_zfs      },
    { "/",      take_plain    },
};

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

static const char *image_prefix(const Filesystem *fs)
{
    bool is_device = g_str_has_prefix(fs->source, "/dev/");

    if (fs->type == FILESYSTEM_BLOCK)
        return is_device ? "" : "lvm:"; /* a plain path would be a directory's */
    if (fs->driver.type == FILESYSTEM_DRIVER_NBD || fs->driver.format > IMAGE_FORMAT_RAW)
        return "nbd:";
    return "loop:";
}

static void write_root(LxcExport *out, const LxcKey *key)
{
    const Filesystem *fs = lxc_find_root(out->def);

    if (!fs || (fs->type == FILESYSTEM_MOUNT && strcmp(fs->source, "/") == 0))
        return;
    if (fs->type == FILESYSTEM_MOUNT)
        lxc_put_format(out, key->key, "dir:%s", fs->source);
    else if (fs->type == FILESYSTEM_BLOCK || fs->type == FILESYSTEM_FILE)
        lxc_put_format(out, key->key, "%s%s", image_prefix(fs), fs->source);
    else
        lxc_put_comment(out, "%s: %s", key->key, fs->source);
}

static void write_options(LxcExport *out, const LxcKey *key)
{
    const Filesystem *fs = lxc_find_root(out->def);
    g_autofree char *options = fs ? lxc_mount_options(fs) : NULL;

    if (options && *options)
        lxc_put(out, key->key, options);
}

/* clang-format off */
const LxcKey lxc_root_keys[] = {
    { "lxc.rootfs.path",    read_root,    write_root },
    { "lxc.rootfs.options", read_options, write_options },
    { "lxc.rootfs.",        NULL },
    { NULL },
};
/* clang-format on */
