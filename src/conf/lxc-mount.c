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

char *lxc_mount_options(const Filesystem *fs)
{
    GString *options = g_string_new(NULL);

    native_mount_words(fs, options);
    if (fs->mount.optional)
        add_option(options, "optional");
    if (fs->mount.idmapped == CHOICE_YES)
        add_option(options, "idmap=container");
    return g_string_free(options, FALSE);
}

const Filesystem *lxc_find_root(const DomainDef *def)
{
    for (size_t i = 0; i < def->filesystems.n; i++)
        if (strspn(def->filesystems.items[i]->target, "/.") ==
            strlen(def->filesystems.items[i]->target))
            return def->filesystems.items[i];
    return NULL;
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
    ret_entry->options = g_strsplit(words[3], ",", -1);
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

/* "relative" and "loop" have said what kind it is. */
static bool is_about_source(const char *option)
{
    return strcmp(option, "relative") == 0 || strcmp(option, "loop") == 0;
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
        } else if (!is_about_source(*option) && !lxc_take_mount_option(&mount, *option)) {
            lxc_add_word(others, *option);
        }
    }
    lxc_note_words(in, line, "%s", others);
    native_mount_apply(&mount, fs);
    if (mount.bind && !mount.recursive)
        fs->mount.recursive = CHOICE_NO;
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
void lxc_mount_finish(LxcImport *in)
{
    const Filesystem *root = lxc_find_root(in->def);
    size_t length = 0;

    if (!root || root->type != FILESYSTEM_MOUNT)
        return;
    length = strlen(root->source);
    for (size_t i = 0; length > 1 && i < in->def->filesystems.n; i++) {
        Filesystem *fs = in->def->filesystems.items[i];
        char *inside = NULL;

        if (fs == root || !g_str_has_prefix(fs->target, root->source) || fs->target[length] != '/')
            continue;
        inside = g_strdup(fs->target + length);
        g_free(fs->target);
        fs->target = inside;
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

    return lxc_find_root(out->def) ? g_strdup(relative) : g_strconcat("/", relative, NULL);
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

static void write_entry(LxcExport *out, const char *key, const Filesystem *fs)
{
    g_autofree char *source = lxc_fstab_escape(fs->source ? fs->source : "tmpfs");
    g_autofree char *target = target_word(out, fs);
    g_autofree char *options = lxc_mount_options(fs);
    const char *comma = *options ? "," : "";
    const char *bind = fs->mount.recursive == CHOICE_NO ? "bind" : "rbind";
    const char *create = is_probably_file(source) ? "file" : "dir";

    switch (fs->type) {
    case FILESYSTEM_MOUNT:
        lxc_put_format(out, key, "%s %s none %s%s%s,create=%s 0 0", source, target, bind, comma,
                       options, create);
        return;
    case FILESYSTEM_BIND:
        lxc_put_format(out, key, "%s %s none %s,relative%s%s,create=%s 0 0",
                       source + strspn(source, "/"), target, bind, comma, options, create);
        return;
    case FILESYSTEM_RAM:
        lxc_put_format(out, key,
                       "tmpfs %s tmpfs size=%" G_GINT64_FORMAT "k,nosuid,nodev%s%s,create=dir 0 0",
                       target, fs->usage.value, comma, options);
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
    const Filesystem *root = lxc_find_root(out->def);

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i] != root)
            write_entry(out, key->key, list->items[i]);
}

#define PART "devices/filesystem/"

static const char said[] =
    PART "@type " PART "@accessmode=passthrough " PART "source/@dir " PART "source/@file " PART
         "source/@dev " PART "source/@usage " PART "source/@units " PART "target/@dir " PART
         "readonly " PART "virtlxcd:mount/... " PART "virtlxcd:overlay/...";

/* clang-format off */
const LxcKey lxc_mount_keys[] = {
    { "lxc.mount.auto",  read_auto,  write_auto },
    { "lxc.mount.entry", read_entry, write_entries, .says = said },
    { "lxc.mount.fstab", .why = N_("the file was not read; put its lines here as 'lxc.mount.entry'") },
    { NULL },
};
/* clang-format on */
