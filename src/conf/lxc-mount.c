// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * lxc.mount.entry: lines of fstab(5), whose targets are in the container, and lxc.mount.auto. What
 * a container has anyway is not mounted again.
 */
#include "conf/lxc-mount.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/filesystem.h"

/* ---- options --------------------------------------------------------------------------------- */

/* What has an effect on targets that are not there; those of a domain are always made. */
static const char *const about_targets[] = { "create=dir", "create=file", "", NULL };

bool lxc_take_mount_option(NativeMount *mount, const char *option)
{
    if (g_strv_contains(about_targets, option))
        return true;
    if (strcmp(option, "optional") == 0)
        return mount->flags.optional = true;
    if (strcmp(option, "idmap=container") == 0)
        return mount->idmap = true;
    return !strchr(option, '=') && native_mount_option(option, mount);
}

static void add_option(GString *options, const char *option)
{
    g_string_append_printf(options, "%s%s", options->len ? "," : "", option);
}

char *lxc_mount_options(const DomainDef *def, const Filesystem *fs)
{
    bool mapped = fs->mount.idmapped == CHOICE_YES ||
                  (!fs->mount.idmapped && fs->access == FILESYSTEM_ACCESS_MAPPED);
    GString *options = g_string_new(NULL);

    native_mount_words(fs, options);
    if (fs->mount.optional)
        add_option(options, "optional");
    if (mapped && def->idmap.uids.n)
        add_option(options, "idmap=container");
    return g_string_free(options, FALSE);
}

/* ---- overlays -------------------------------------------------------------------------------- */

void lxc_set_lowers(Filesystem *fs, const char *paths)
{
    g_auto(GStrv) parts = g_strsplit(paths, ":", -1);

    fs->source = g_strdup(parts[0] ? parts[0] : "");
    for (char **part = parts + 1; *parts && *part; part++) {
        PathItem *item = g_new0(PathItem, 1);

        item->path = g_strdup(*part);
        record_list_append(&fs->overlay.lowers, item);
    }
}

/* Words and options end at these. */
static bool is_plain(const char *path)
{
    return !strpbrk(path, ":,");
}

char *lxc_lowers(const Filesystem *fs)
{
    const PathList *lowers = &fs->overlay.lowers;
    g_autoptr(GString) paths = g_string_new(fs->source);
    bool plain = is_plain(fs->source);

    for (size_t i = 0; i < lowers->n; i++) {
        plain = plain && is_plain(lowers->items[i]->path);
        g_string_append_printf(paths, ":%s", lowers->items[i]->path);
    }
    return plain ? g_strdup(paths->str) : NULL;
}

/* ---- reading entries ------------------------------------------------------------------------- */

/* The words of a line, with the root's directory as far as it is known. */
typedef struct Entry {
    char *source;
    char *target;
    char *type;
    GStrv options;
} Entry;

static void entry_clear(Entry *entry)
{
    g_free(entry->source);
    g_free(entry->target);
    g_free(entry->type);
    g_strfreev(entry->options);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

static bool split(const char *text, Entry *ret_entry, GError **err)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
    char *words[4] = { NULL };
    g_autofree char *target = NULL;
    g_autofree char *options = NULL;
    size_t n = 0;

    for (char **part = parts; *part && n < G_N_ELEMENTS(words); part++)
        if (**part)
            words[n++] = *part;
    if (n < G_N_ELEMENTS(words))
        return fail(err, LXC_BAD, _("an entry has a source, a target, a type and options: '%s'"),
                    text);
    ret_entry->source = lxc_fstab_unescape(words[0]);
    target = lxc_fstab_unescape(words[1]);
    ret_entry->target = g_strconcat(*target == '/' ? "" : "/", target, NULL);
    ret_entry->type = g_strdup(words[2]);
    options = lxc_fstab_unescape(words[3]);
    ret_entry->options = g_strsplit(options, ",", -1);
    return true;
}

static bool has_option(const Entry *entry, const char *option)
{
    return g_strv_contains((const char *const *)entry->options, option);
}

static bool is_bind(const Entry *entry)
{
    return has_option(entry, "bind") || has_option(entry, "rbind");
}

static bool is_type(const Entry *entry, const char *type)
{
    return strcmp(entry->type, type) == 0 && !is_bind(entry);
}

/* Kernel file systems that every container has, and where. */
typedef struct Provided {
    const char *target;
    const char *type; /* NULL: any */
} Provided;

static const Provided provided[] = {
    {"/proc",                 "proc"  },
    { "/proc/sys",            NULL    },
    { "/proc/sys/net/ipv4",   NULL    },
    { "/proc/sys/net/ipv6",   NULL    },
    { "/sys",                 "sysfs" },
    { "/sys/kernel/security", NULL    },
    { "/sys/fs/selinux",      NULL    },
    { "/dev/pts",             "devpts"},
    { "/dev/mqueue",          "mqueue"},
};

static bool is_provided(const Entry *entry)
{
    for (size_t i = 0; i < G_N_ELEMENTS(provided); i++)
        if (strcmp(provided[i].target, entry->target) == 0 &&
            (!provided[i].type || strcmp(provided[i].type, entry->type) == 0))
            return true;
    return false;
}

static bool take_size(const char *text, Filesystem *fs, GError **err)
{
    int64_t bytes = 0;

    if (g_str_has_suffix(text, "%"))
        return fail(err, LXC_BAD_VALUE, _("a size has to be absolute: '%s'"), text);
    if (!lxc_parse_bytes(text, &bytes, err))
        return false;
    fs->usage = (OptNumber){ true, bytes / 1024 + (bytes % 1024 != 0) };
    return true;
}

/* "relative" and "loop" have said what kind it is; an overlay names its directories. */
static bool is_about_source(const Entry *entry, const char *option, NativeMount *mount)
{
    static const char *const directories[] = { "lowerdir=", "upperdir=", "workdir=" };

    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
        if (is_type(entry, "overlay") && g_str_has_prefix(option, directories[i]))
            return native_mount_option(option, mount);
    return strcmp(option, "relative") == 0 || strcmp(option, "loop") == 0;
}

static bool take_overlay(const NativeMount *mount, Filesystem *fs, GError **err)
{
    if (!mount->lowers)
        return fail(err, LXC_BAD_VALUE, _("an overlay needs directories: 'lowerdir=...'"));
    lxc_set_lowers(fs, mount->lowers);
    fs->overlay.upper = g_strdup(mount->upper);
    fs->overlay.work = g_strdup(mount->work);
    return true;
}

/* An option of the file system itself, such as "mode=700", has no place in a domain. */
static bool take_options(LxcImport *in, const LxcLine *line, const Entry *entry, Filesystem *fs,
                         GError **err)
{
    g_autoptr(GString) others = g_string_new(NULL);
    NativeMount mount = { 0 };

    for (char **option = entry->options; *option; option++) {
        if (fs->type == FILESYSTEM_RAM && g_str_has_prefix(*option, "size=")) {
            if (!take_size(*option + strlen("size="), fs, err))
                return false;
        } else if (!is_about_source(entry, *option, &mount) &&
                   !lxc_take_mount_option(&mount, *option)) {
            lxc_add_word(others, *option);
        }
    }
    lxc_note_words(in, line, "%s", others);
    native_mount_apply(&mount, fs);
    if (mount.bind && !mount.recursive)
        fs->mount.recursive = CHOICE_NO;
    if (is_type(entry, "overlay") && !take_overlay(&mount, fs, err))
        return false;
    if (fs->type == FILESYSTEM_RAM && !fs->usage.set)
        return fail(err, LXC_BAD_VALUE, _("a file system in memory needs a size: 'size=...'"));
    return true;
}

/* False: a domain cannot say it. */
static bool find_kind(const Entry *entry, Filesystem *fs)
{
    bool absolute = *entry->source == '/';

    if (is_type(entry, "tmpfs")) {
        fs->type = FILESYSTEM_RAM;
        return true;
    }
    if (is_type(entry, "overlay"))
        return true;
    if (has_option(entry, "relative") && is_bind(entry)) {
        fs->type = FILESYSTEM_BIND;
        fs->source = g_strconcat(absolute ? "" : "/", entry->source, NULL);
        return true;
    }
    if (!absolute)
        return false;
    fs->source = g_strdup(entry->source);
    if (!is_bind(entry) && g_str_has_prefix(entry->source, "/dev/"))
        fs->type = FILESYSTEM_BLOCK;
    else if (has_option(entry, "loop"))
        fs->type = FILESYSTEM_FILE;
    else
        fs->type = FILESYSTEM_MOUNT;
    return true;
}

static bool add_entry(LxcImport *in, const LxcLine *line, const Entry *entry, GError **err)
{
    Filesystem *fs = record_new(filesystem_class.record);

    fs->target = g_strdup(entry->target);
    if (!find_kind(entry, fs)) {
        record_free(filesystem_class.record, fs);
        lxc_note(in, line, _("a domain has no such file system"));
        return true;
    }
    device_add(in->def, &filesystem_class, fs);
    return take_options(in, line, entry, fs, err);
}

static bool read_entry(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(Entry) entry = { 0 };

    return split(line->value, &entry, err) &&
           (is_provided(&entry) || add_entry(in, line, &entry, err));
}

/* An absolute target may begin with the root's directory on the host. */
static void move_inside(const Filesystem *root, Filesystem *fs)
{
    size_t length = strlen(root->source);
    char *inside = NULL;

    if (fs == root || root->type != FILESYSTEM_MOUNT || length < 2 ||
        !g_str_has_prefix(fs->target, root->source) || fs->target[length] != '/')
        return;
    inside = g_strdup(fs->target + length);
    g_free(fs->target);
    fs->target = inside;
}

/* Where there is no map, a file system cannot follow it. */
static void forget_map(LxcImport *in, Filesystem *fs)
{
    if (in->def->idmap.uids.n || fs->mount.idmapped != CHOICE_YES)
        return;
    fs->mount.idmapped = CHOICE_ABSENT;
    native_note(in->result, _("'idmap=container' for '%s' without 'lxc.idmap'"), fs->target);
}

void lxc_mount_finish(LxcImport *in)
{
    const Filesystem *root = filesystem_find_root(in->def);

    for (size_t i = 0; i < in->def->filesystems.n; i++) {
        if (root)
            move_inside(root, in->def->filesystems.items[i]);
        forget_map(in, in->def->filesystems.items[i]);
    }
}

/* ---- reading lxc.mount.auto ------------------------------------------------------------------ */

/* What a container has of each. */
static const char *const as_it_is[] = {
    "proc",      "proc:mixed",      "sys:ro", "cgroup", "cgroup:mixed", "cgroup:mixed:force",
    "cgroup:rw", "cgroup:rw:force", NULL,
};

static bool read_auto(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(line->value, " \t", -1);

    bool all = true;

    for (char **word = words; *word; word++)
        all = all && (!**word || g_strv_contains(as_it_is, *word));
    if (!all)
        lxc_note(in, line, _("a container has proc:mixed, sys:ro and cgroup:mixed"));
    return true;
}

static void write_auto(LxcExport *out, const LxcKey *key)
{
    lxc_put(out, key->key, "proc:mixed sys:ro cgroup:mixed");
}

/* ---- writing entries ------------------------------------------------------------------------- */

/* Below the root, or on the host where the root is the host's. */
static char *target_word(const LxcExport *out, const Filesystem *fs)
{
    g_autofree char *escaped = lxc_fstab_escape(fs->target);
    const char *relative = escaped + strspn(escaped, "/");

    return filesystem_find_root(out->def) ? g_strdup(relative) : g_strconcat("/", relative, NULL);
}

/*
 * LXC wants to be told what to make where there is nothing to mount on. The host is not looked at,
 * so this goes by the name; where the target is there already, it does not matter.
 */
static bool is_probably_file(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *dot = name ? strchr(name + 1, '.') : NULL;

    return g_str_has_prefix(path, "/dev/") ||
           (dot && dot > name + 1 && !g_str_has_suffix(name, ".d"));
}

static void write_overlay(LxcExport *out, const char *key, const Filesystem *fs)
{
    const FilesystemOverlay *overlay = &fs->overlay;
    g_autofree char *target = target_word(out, fs);
    g_autofree char *options = lxc_mount_options(out->def, fs);
    g_autofree char *lowers = lxc_lowers(fs);
    g_autofree char *escaped = lowers ? lxc_fstab_escape(lowers) : NULL;
    g_autofree char *upper = lxc_fstab_escape(overlay->upper ? overlay->upper : "");
    g_autofree char *work = lxc_fstab_escape(overlay->work ? overlay->work : "");

    if (!escaped || !is_plain(upper) || !is_plain(work) || overlay->ephemeral == CHOICE_YES)
        lxc_put_comment(out, _("%s: an overlay of '%s' at '%s'"), key, fs->source, fs->target);
    else
        lxc_put_format(out, key, "overlay %s overlay lowerdir=%s%s%s%s%s%s%s,create=dir 0 0",
                       target, escaped, *upper ? ",upperdir=" : "", upper, *work ? ",workdir=" : "",
                       work, *options ? "," : "", options);
}

static void write_bind(LxcExport *out, const char *key, const Filesystem *fs)
{
    bool inside = fs->type == FILESYSTEM_BIND;
    g_autofree char *source = lxc_fstab_escape(fs->source);
    g_autofree char *target = target_word(out, fs);
    g_autofree char *options = lxc_mount_options(out->def, fs);

    lxc_put_format(out, key, "%s %s none %s%s%s%s,create=%s 0 0",
                   inside ? source + strspn(source, "/") : source, target,
                   fs->mount.recursive == CHOICE_NO ? "bind" : "rbind", inside ? ",relative" : "",
                   *options ? "," : "", options, is_probably_file(source) ? "file" : "dir");
}

static void write_memory(LxcExport *out, const char *key, const Filesystem *fs)
{
    g_autofree char *target = target_word(out, fs);
    g_autofree char *options = lxc_mount_options(out->def, fs);

    lxc_put_format(out, key,
                   "tmpfs %s tmpfs size=%" G_GINT64_FORMAT "k,nosuid,nodev%s%s,create=dir 0 0",
                   target, fs->usage.value, *options ? "," : "", options);
}

static void write_entry(LxcExport *out, const char *key, const Filesystem *fs)
{
    switch (fs->type) {
    case FILESYSTEM_MOUNT:
        if (overlay_is_given(&fs->overlay))
            write_overlay(out, key, fs);
        else
            write_bind(out, key, fs);
        return;
    case FILESYSTEM_BIND:
        write_bind(out, key, fs);
        return;
    case FILESYSTEM_RAM:
        write_memory(out, key, fs);
        return;
    case FILESYSTEM_BLOCK:
    case FILESYSTEM_FILE:
    case FILESYSTEM_TEMPLATE:
    case FILESYSTEM_VOLUME:
        break;
    }
    lxc_put_comment(out, _("%s: '%s' at '%s', whose type LXC would have to know"), key, fs->source,
                    fs->target);
}

static void write_entries(LxcExport *out, const LxcKey *key)
{
    const FilesystemList *list = &out->def->filesystems;
    const Filesystem *root = filesystem_find_root(out->def);

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i] != root)
            write_entry(out, key->key, list->items[i]);
}

#define PART "devices/filesystem/"

static const char said[] = PART
    "@type " PART "@accessmode=passthrough " PART "@accessmode=mapped " PART
    "driver/@type=loop " PART "driver/@type=nbd " PART "driver/@format " PART "source/@dir " PART
    "source/@file " PART "source/@dev " PART "source/@usage " PART "source/@units " PART
    "target/@dir " PART "readonly " PART "virtlxcd:mount/... " PART "virtlxcd:overlay/...";

/* clang-format off */
const LxcKey lxc_mount_keys[] = {
    { "lxc.mount.auto",  read_auto,  write_auto },
    { "lxc.mount.entry", read_entry, write_entries, .says = said },
    { "lxc.mount.fstab", .why = N_("the file was not read; put its lines here as 'lxc.mount.entry'") },
    { NULL },
};
/* clang-format on */
