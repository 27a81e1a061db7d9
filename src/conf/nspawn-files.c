// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * [Files] of a .nspawn file: what is mounted, and how the tree itself is.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "conf/compile-base.h"
#include "conf/device.h"
#include "conf/native-mount.h"
#include "conf/nspawn.h"

#define EXEC "Exec"
#define FILES "Files"
#define WORK_SUFFIX ".work" /* beside the upper directory, as systemd-nspawn has it */

/* ---- the tree -------------------------------------------------------------------------------- */

static bool read_readonly(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return nspawn_read_yes(setting, &import->root->readonly, err);
}

static void write_readonly(NspawnExport *export, const NspawnRow *row)
{
    if (export->plan->mounts.items[0].flags & PLAN_MOUNT_F_READONLY)
        nspawn_put(export, row, "yes");
}

static void make_ephemeral(NspawnImport *import)
{
    import->root->overlay.ephemeral = CHOICE_YES;
}

/* A snapshot that goes when the container stops is what an overlay in memory is as well. */
static bool read_ephemeral(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    bool on = false;

    if (!nspawn_read_yes(setting, &on, err))
        return false;
    if (on)
        make_ephemeral(import);
    return true;
}

/* The other modes leave out or add parts of the tree. */
static bool read_volatile(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    bool on = true;

    if (strcmp(setting->value, "overlay") == 0)
        make_ephemeral(import);
    else if (!nspawn_parse_bool(setting->value, &on) || on)
        return nspawn_note(import, setting);
    return true;
}

static void write_volatile(NspawnExport *export, const NspawnRow *row)
{
    const PlanMount *root = &export->plan->mounts.items[0];

    if (root->kind != PLAN_MOUNT_OVERLAY)
        return;
    if (root->overlay.ephemeral && !root->overlay.lowers.len)
        nspawn_put(export, row, "overlay");
    else
        nspawn_export_note(export, _("the root is an overlay"));
}

static bool read_ownership(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    if (strcmp(setting->value, "off") == 0)
        import->root->mount.idmapped = CHOICE_NO;
    else if (strcmp(setting->value, "map") != 0 && strcmp(setting->value, "auto") != 0)
        return nspawn_note(import, setting);
    return true;
}

static void write_ownership(NspawnExport *export, const NspawnRow *row)
{
    const Plan *plan = export->plan;

    if (plan->namespaces & PLAN_NS_USER)
        nspawn_put(export, row, plan->mounts.items[0].flags & PLAN_MOUNT_F_IDMAP ? "map" : "off");
}

/* ---- binds ----------------------------------------------------------------------------------- */

static Filesystem *add_filesystem(NspawnImport *import, FilesystemType type, const char *target)
{
    Filesystem *fs = record_new(filesystem_class.record);

    fs->type = type;
    fs->target = g_strdup(target);
    device_add(import->def, &filesystem_class, fs);
    return fs;
}

/* False for what a <filesystem> has no word for. */
static bool read_bind_options(const char *text, Filesystem *fs)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);

    for (char **word = words; *word; word++) {
        if (strcmp(*word, "norbind") == 0)
            fs->mount.recursive = CHOICE_NO;
        else if (strcmp(*word, "idmap") == 0)
            fs->mount.idmapped = CHOICE_YES;
        else if (**word && strcmp(*word, "rbind") != 0 && strcmp(*word, "noidmap") != 0)
            return false;
    }
    return true;
}

/* SOURCE[:TARGET[:OPTIONS]]; '+' means a path of the tree. No source is a folder to be made. */
static bool read_bind_line(NspawnImport *import, const NspawnSetting *setting, bool readonly)
{
    g_auto(GStrv) parts = nspawn_parts(setting->value);
    guint n = g_strv_length(parts);
    bool inside = *parts[0] == '+';
    const char *source = parts[0] + inside, *target = n > 1 ? parts[1] : source;
    Filesystem *fs = NULL;

    if (n > 3 || *source != '/' || *target != '/')
        return nspawn_note(import, setting);
    fs = add_filesystem(import, inside ? FILESYSTEM_BIND : FILESYSTEM_MOUNT, target);
    fs->source = g_strdup(source);
    fs->readonly = readonly;
    if (n > 2 && !read_bind_options(parts[2], fs))
        nspawn_note(import, setting);
    return true;
}

static bool read_bind(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_bind_line(import, setting, false);
}

static bool read_bind_readonly(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_bind_line(import, setting, true);
}

/* The part of a line for a path, absolute. */
static char *path_part(const char *path)
{
    g_autofree char *escaped = nspawn_escape(path);

    return g_strconcat(*path == '/' ? "" : "/", escaped, NULL);
}

static bool is_root(const Filesystem *fs)
{
    return !fs->target[strspn(fs->target, "/.")];
}

/* A read-only root makes all that is mounted read-only. */
static bool is_readonly(const NspawnExport *export, const Filesystem *fs)
{
    return fs->readonly || export->plan->mounts.items[0].flags & PLAN_MOUNT_F_READONLY;
}

static void put(NspawnExport *export, const char *key, const char *value)
{
    nspawn_put(export, &(NspawnRow){ .section = FILES, .key = key }, value);
}

static void write_bind(NspawnExport *export, const Filesystem *fs)
{
    g_autofree char *source = path_part(fs->source);
    g_autofree char *target = path_part(fs->target);
    const char *idmap = fs->mount.idmapped == CHOICE_YES ? ",idmap" : "";
    g_autofree char *value =
        g_strconcat(fs->type == FILESYSTEM_BIND ? "+" : "", source, ":", target, ":",
                    fs->mount.recursive == CHOICE_NO ? "norbind" : "rbind", idmap, NULL);

    put(export, is_readonly(export, fs) ? "BindReadOnly" : "Bind", value);
}

/* ---- memory, masks --------------------------------------------------------------------------- */

/* The size may follow from the memory, which comes last. */
static bool read_tmpfs(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) parts = nspawn_parts(setting->value);
    g_auto(GStrv) words = g_strsplit(parts[0] && parts[1] ? parts[1] : "", ",", -1);
    NativeMount options = { 0 };
    Filesystem *fs = NULL;

    if (*parts[0] != '/')
        return nspawn_refuse(setting, err);
    fs = add_filesystem(import, FILESYSTEM_RAM, parts[0]);
    for (char **word = words; *word; word++)
        if (**word && !native_mount_option(*word, &options))
            native_note(import->result, _("the option '%s' of the mount at '%s'"), *word, parts[0]);
    native_mount_apply(&options, fs);
    fs->usage = (OptNumber){ .set = true, .value = options.size };
    return true;
}

static void write_tmpfs(NspawnExport *export, const Filesystem *fs)
{
    g_autofree char *target = path_part(fs->target);
    g_autofree char *value = g_strdup_printf("%s:size=%" PRId64 "k,nosuid,nodev%s", target,
                                             fs->usage.value, is_readonly(export, fs) ? ",ro" : "");

    put(export, "TemporaryFileSystem", value);
}

static bool read_inaccessible(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    PathItem *item = g_new0(PathItem, 1);

    item->path = g_strdup(setting->value);
    record_list_append(&import->def->extension.masks, item);
    return true;
}

static void write_inaccessible(NspawnExport *export, const NspawnRow *row)
{
    const PathList *masks = &export->def->extension.masks;

    for (size_t i = 0; i < masks->n; i++)
        nspawn_put(export, row, masks->items[i]->path);
}

/* ---- overlays -------------------------------------------------------------------------------- */

static bool are_absolute(char **paths, guint n)
{
    for (guint i = 0; i < n; i++)
        if (*paths[i] != '/')
            return false;
    return true;
}

static void add_lower(Filesystem *fs, const char *path)
{
    PathItem *item = NULL;

    if (!fs->source) {
        fs->source = g_strdup(path);
        return;
    }
    item = g_new0(PathItem, 1);
    item->path = g_strdup(path);
    record_list_append(&fs->overlay.lowers, item);
}

/*
 * The lowest first, then the others, then where to mount it, which is the topmost too when there
 * are only two. Of a writable one the topmost is what is written to; "" is a folder to be made.
 */
static bool read_overlay_line(NspawnImport *import, const NspawnSetting *setting, bool writable)
{
    g_auto(GStrv) parts = nspawn_parts(setting->value);
    guint n = g_strv_length(parts), sources = n > 2 ? n - 1 : n;
    guint lowers = writable ? sources - 1 : sources;
    Filesystem *fs = NULL;

    if (n < 2 || lowers < 1 || !are_absolute(parts, lowers) || *parts[n - 1] != '/' ||
        (writable && *parts[lowers] && *parts[lowers] != '/'))
        return nspawn_note(import, setting);
    fs = add_filesystem(import, FILESYSTEM_MOUNT, parts[n - 1]);
    for (guint i = lowers; i > 0; i--)
        add_lower(fs, parts[i - 1]);
    if (writable && !*parts[lowers]) {
        fs->overlay.ephemeral = CHOICE_YES;
    } else if (writable) {
        fs->overlay.upper = g_strdup(parts[lowers]);
        fs->overlay.work = g_strconcat(parts[lowers], WORK_SUFFIX, NULL);
        native_note(import->result, _("the overlay at '%s' works in '%s'"), fs->target,
                    fs->overlay.work);
    }
    return true;
}

static bool read_overlay(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_overlay_line(import, setting, true);
}

static bool read_overlay_readonly(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return read_overlay_line(import, setting, false);
}

static void append_part(GString *value, const char *path)
{
    g_autofree char *part = path_part(path);

    g_string_append_printf(value, "%s:", part);
}

static void write_overlay(NspawnExport *export, const Filesystem *fs)
{
    g_autoptr(GString) value = g_string_new(NULL);
    g_autofree char *target = path_part(fs->target);
    bool ephemeral = fs->overlay.ephemeral == CHOICE_YES;

    for (size_t i = fs->overlay.lowers.n; i > 0; i--)
        append_part(value, fs->overlay.lowers.items[i - 1]->path);
    append_part(value, fs->source);
    if (fs->overlay.upper)
        append_part(value, fs->overlay.upper);
    else if (ephemeral)
        g_string_append_c(value, ':');
    g_string_append(value, target);
    put(export, fs->overlay.upper || ephemeral ? "Overlay" : "OverlayReadOnly", value->str);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* In the order of the definition, whatever their keys are. */
static void write_filesystems(NspawnExport *export, const NspawnRow *row)
{
    const FilesystemList *list = &export->def->filesystems;

    for (size_t i = 0; i < list->n; i++) {
        const Filesystem *fs = list->items[i];

        if (is_root(fs))
            continue;
        if (overlay_is_given(&fs->overlay))
            write_overlay(export, fs);
        else if (fs->type == FILESYSTEM_MOUNT || fs->type == FILESYSTEM_BIND)
            write_bind(export, fs);
        else if (fs->type == FILESYSTEM_RAM)
            write_tmpfs(export, fs);
        else
            nspawn_export_note(export, _("what is mounted at '%s' is not written"), fs->target);
    }
}

#define PART "devices/filesystem/"

static const char filesystems_said[] =
    PART "@type " PART "@accessmode=passthrough " PART "source/@dir " PART "source/@usage " PART
         "source/@units " PART "target/@dir " PART "readonly " PART
         "virtlxcd:mount/@recursive " PART "virtlxcd:mount/@idmapped " PART "virtlxcd:overlay/...";

/* clang-format off */
const NspawnRow nspawn_files_rows[] = {
    { EXEC,  "Ephemeral",             read_ephemeral,        NULL },
    { FILES, "ReadOnly",              read_readonly,         write_readonly },
    { FILES, "Volatile",              read_volatile,         write_volatile },
    { FILES, "PrivateUsersOwnership", read_ownership,        write_ownership },
    { FILES, "Bind",                  read_bind,             write_filesystems,  filesystems_said },
    { FILES, "BindReadOnly",          read_bind_readonly,    NULL },
    { FILES, "TemporaryFileSystem",   read_tmpfs,            NULL },
    { FILES, "Overlay",               read_overlay,          NULL },
    { FILES, "OverlayReadOnly",       read_overlay_readonly, NULL },
    { FILES, "Inaccessible",          read_inaccessible,     write_inaccessible, NSPAWN_EXTENSION "mask/@path" },
    { NULL },
};
/* clang-format on */

/* ---- the rest -------------------------------------------------------------------------------- */

/* Without ids of its own the container has nothing to map to. */
static void finish_idmap(NspawnImport *import, Filesystem *fs)
{
    const DomainDef *def = import->def;

    if (def->idmap.uids.n || def->extension.idmap_auto == CHOICE_YES)
        return;
    if (fs->mount.idmapped == CHOICE_YES)
        native_note(import->result, _("the option '%s' of the mount at '%s'"), "idmap", fs->target);
    fs->mount.idmapped = CHOICE_ABSENT;
}

void nspawn_finish_files(NspawnImport *import)
{
    FilesystemList *list = &import->def->filesystems;

    for (size_t i = 0; i < list->n; i++) {
        Filesystem *fs = list->items[i];

        finish_idmap(import, fs);
        if (fs->type == FILESYSTEM_RAM && !fs->usage.value)
            fs->usage.value = (int64_t)base_tmpfs_kib(import->def);
        if (import->root->readonly && !fs->readonly && fs != import->root)
            native_note(import->result, _("'%s' cannot be written to below a read-only root"),
                        fs->target);
    }
}
