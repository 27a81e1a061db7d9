// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * linux.namespaces of config.json, and what belongs to single ones of them: id maps and clocks. A
 * namespace that is not in the list is the host's; for some of them a domain has no words.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/oci.h"
#include "conf/record.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)
#define HOST_PID "1" /* whose namespaces are the host's */
#define NO_SHARE SIZE_MAX

typedef struct Space {
    const char *name;
    unsigned bit;     /* PLAN_NS_* */
    const char *file; /* below /proc/PID/ns */
    size_t share;     /* in SharesDef */
    bool always_new;  /* a container has one of its own, whatever it says */
} Space;

/* clang-format off */
static const Space spaces[] = {
    { "pid",     PLAN_NS_PID,    "pid",    NO_SHARE,                 true },
    { "network", PLAN_NS_NET,    "net",    offsetof(SharesDef, net), false },
    { "mount",   PLAN_NS_MOUNT,  "mnt",    NO_SHARE,                 true },
    { "ipc",     PLAN_NS_IPC,    "ipc",    offsetof(SharesDef, ipc), false },
    { "uts",     PLAN_NS_UTS,    "uts",    offsetof(SharesDef, uts), false },
    { "user",    PLAN_NS_USER,   "user",   NO_SHARE,                 false },
    { "cgroup",  PLAN_NS_CGROUP, "cgroup", NO_SHARE,                 true },
    { "time",    PLAN_NS_TIME,   "time",   NO_SHARE,                 false },
};
/* clang-format on */

static const char *const netns_folders[] = { "/run/netns/", "/var/run/netns/" };

/* ---- reading: the list ----------------------------------------------------------------------- */

static void set_share(Share *share, ShareSource source, char *value)
{
    share->source = source;
    g_free(share->value);
    share->value = value;
}

/* "/proc/42/ns/net" of this kind of namespace, or NULL. */
static char *path_pid(const Space *space, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    int64_t pid;

    if (g_strv_length(parts) != 5 || strcmp(parts[1], "proc") != 0 || strcmp(parts[3], "ns") != 0 ||
        strcmp(parts[4], space->file) != 0 || !value_parse_number(parts[2], &pid))
        return NULL;
    return g_strdup(parts[2]);
}

static const char *path_netns(const Space *space, const char *path)
{
    for (size_t i = 0; space->bit == PLAN_NS_NET && i < G_N_ELEMENTS(netns_folders); i++)
        if (g_str_has_prefix(path, netns_folders[i]))
            return path + strlen(netns_folders[i]);
    return NULL;
}

/* Whether a share says it. */
static bool read_path(OciImport *import, const Space *space, const char *path)
{
    const char *name = path_netns(space, path);
    char *pid = path_pid(space, path);
    Share *share = NULL;

    if (space->share == NO_SHARE || (!name && !pid)) {
        g_free(pid);
        return false;
    }
    share = (void *)((char *)&import->def->shares + space->share);
    if (pid)
        set_share(share, SHARE_PID, pid);
    else
        set_share(share, SHARE_NETNS, g_strdup(name));
    return true;
}

typedef struct Namespace {
    const char *type;
    const char *path;
} Namespace;

/* clang-format off */
static const OciMember namespace_members[] = {
    { "type", OCI_TEXT, offsetof(Namespace, type) },
    { "path", OCI_TEXT, offsetof(Namespace, path) },
    { NULL },
};
/* clang-format on */

static bool read_namespace(OciImport *import, const OciValue *value, GError **err)
{
    Namespace found = { 0 };
    size_t i = 0;

    if (!oci_members(import, value, namespace_members, &found, err))
        return false;
    while (i < G_N_ELEMENTS(spaces) && g_strcmp0(spaces[i].name, found.type) != 0)
        i++;
    if (i == G_N_ELEMENTS(spaces)) {
        oci_note(import, value);
        return true;
    }
    import->spaces |= spaces[i].bit;
    if (!found.path || !*found.path)
        import->def->features.privnet |= spaces[i].bit == PLAN_NS_NET;
    else if (!read_path(import, &spaces[i], found.path))
        oci_note(import, value);
    return true;
}

/* Those that are not in the list. */
static void read_absent(OciImport *import)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++) {
        const Space *space = &spaces[i];

        if (import->spaces & space->bit)
            continue;
        if (space->always_new)
            native_note(import->result,
                        _("linux.namespaces has no '%s'; the container has one of its own"),
                        space->name);
        else if (space->share != NO_SHARE && space->bit != PLAN_NS_NET)
            set_share((void *)((char *)&import->def->shares + space->share), SHARE_PID,
                      g_strdup(HOST_PID));
    }
}

/* ---- reading: maps and clocks ---------------------------------------------------------------- */

/* clang-format off */
static const OciMember mapping_members[] = {
    { "containerID", OCI_NUMBER, offsetof(IdMapEntry, start) },
    { "hostID",      OCI_NUMBER, offsetof(IdMapEntry, target) },
    { "size",        OCI_NUMBER, offsetof(IdMapEntry, count) },
    { NULL },
};
/* clang-format on */

static bool read_mapping(OciImport *import, const OciValue *value, IdMapList *list, GError **err)
{
    IdMapEntry *entry = g_new0(IdMapEntry, 1);

    record_list_append(list, entry);
    return oci_members(import, value, mapping_members, entry, err);
}

static bool read_uid_mapping(OciImport *import, const OciValue *value, GError **err)
{
    return read_mapping(import, value, &import->def->idmap.uids, err);
}

static bool read_gid_mapping(OciImport *import, const OciValue *value, GError **err)
{
    return read_mapping(import, value, &import->def->idmap.gids, err);
}

static bool read_maps(OciImport *import, const OciValue *uids, const OciValue *gids, GError **err)
{
    if (import->spaces & PLAN_NS_USER)
        return (!uids->node || oci_each(import, uids, read_uid_mapping, err)) &&
               (!gids->node || oci_each(import, gids, read_gid_mapping, err));
    if (uids->node && !oci_is_empty(uids))
        oci_note(import, uids);
    if (gids->node && !oci_is_empty(gids))
        oci_note(import, gids);
    return true;
}

/* Whole seconds are what a definition has. */
static bool read_nanoseconds(OciImport *import, const OciValue *value, GError **err)
{
    OptNumber number = { 0 };

    if (!oci_number(value, &number, err))
        return false;
    if (number.value)
        oci_note(import, value);
    return true;
}

/* clang-format off */
static const OciMember monotonic_members[] = {
    { "secs",     OCI_NUMBER, offsetof(DomainDef, extension.monotonic) },
    { "nanosecs", OCI_READ,   .read = read_nanoseconds },
    { NULL },
};
/* clang-format on */

/* clang-format off */
static const OciMember boottime_members[] = {
    { "secs",     OCI_NUMBER, offsetof(DomainDef, extension.boottime) },
    { "nanosecs", OCI_READ,   .read = read_nanoseconds },
    { NULL },
};
/* clang-format on */

static bool read_monotonic(OciImport *import, const OciValue *value, GError **err)
{
    return oci_members(import, value, monotonic_members, import->def, err);
}

static bool read_boottime(OciImport *import, const OciValue *value, GError **err)
{
    return oci_members(import, value, boottime_members, import->def, err);
}

/* clang-format off */
static const OciMember offset_members[] = {
    { "monotonic", OCI_READ, .read = read_monotonic },
    { "boottime",  OCI_READ, .read = read_boottime },
    { NULL },
};
/* clang-format on */

static void read_time(OciImport *import)
{
    ExtensionDef *extension = &import->def->extension;

    if (import->spaces & PLAN_NS_TIME && !extension->monotonic.set && !extension->boottime.set)
        extension->boottime.set = true; /* by no seconds */
}

bool oci_read_spaces(OciImport *import, const OciValue *parent, const OciSpaces *found,
                     GError **err)
{
    OciValue namespaces = { parent, "namespaces", 0, found->namespaces };
    OciValue uids = { parent, "uidMappings", 0, found->uids };
    OciValue gids = { parent, "gidMappings", 0, found->gids };
    OciValue offsets = { parent, "timeOffsets", 0, found->offsets };

    if (namespaces.node && !oci_each(import, &namespaces, read_namespace, err))
        return false;
    read_absent(import);
    if (!read_maps(import, &uids, &gids, err))
        return false;
    if (offsets.node && !oci_members(import, &offsets, offset_members, NULL, err))
        return false;
    read_time(import);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const PlanShare *find_share(const Plan *plan, unsigned bit)
{
    for (uint32_t i = 0; i < plan->shares.len; i++)
        if (plan->shares.items[i].space == bit)
            return &plan->shares.items[i];
    return NULL;
}

/* A container that is shared with has no path before it runs. */
static char *share_path(OciExport *export, const Space *space, const PlanShare *share)
{
    switch (share->source) {
    case PLAN_SHARE_PID:
        return g_strdup_printf("/proc/%s/ns/%s", share->value, space->file);
    case PLAN_SHARE_NETNS:
        return g_strconcat(netns_folders[0], share->value, NULL);
    case PLAN_SHARE_DOMAIN:
        break;
    }
    oci_export_note(export, _("the namespace '%s' is shared with the container '%s'"), space->name,
                    share->value);
    return NULL;
}

static void write_namespaces(OciExport *export)
{
    OciWriter *json = &export->json;

    oci_put_open(json, "namespaces", '[');
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++) {
        const PlanShare *share = find_share(export->plan, spaces[i].bit);
        g_autofree char *path = share ? share_path(export, &spaces[i], share) : NULL;
        bool is_hosts =
            path && share->source == PLAN_SHARE_PID && strcmp(share->value, HOST_PID) == 0;

        if ((!share && !(export->plan->namespaces & spaces[i].bit)) || is_hosts)
            continue;
        oci_put_open(json, NULL, '{');
        oci_put_string(json, "type", spaces[i].name);
        if (path)
            oci_put_string(json, "path", path);
        oci_put_close(json, '}');
    }
    oci_put_close(json, ']');
}

static void write_map(OciWriter *json, const char *name, uint32_t n, const PlanIdRange *ranges)
{
    oci_put_open(json, name, '[');
    for (uint32_t i = 0; i < n; i++) {
        oci_put_open(json, NULL, '{');
        oci_put_number(json, "containerID", ranges[i].inside);
        oci_put_number(json, "hostID", ranges[i].outside);
        oci_put_number(json, "size", ranges[i].count);
        oci_put_close(json, '}');
    }
    oci_put_close(json, ']');
}

static void write_offset(OciWriter *json, const char *name, int64_t seconds)
{
    oci_put_open(json, name, '{');
    oci_put_number(json, "secs", seconds);
    oci_put_number(json, "nanosecs", 0);
    oci_put_close(json, '}');
}

bool oci_write_spaces(OciExport *export, GError **err)
{
    const Plan *plan = export->plan;
    OciWriter *json = &export->json;

    if (plan->auto_ids)
        return fail(err, UNSUPPORTED,
                    _("the ids of '%s' are chosen when it starts; config.json takes ranges"),
                    plan->name);
    write_namespaces(export);
    if (plan->namespaces & PLAN_NS_USER) {
        write_map(json, "uidMappings", plan->uid_map.len, plan->uid_map.items);
        write_map(json, "gidMappings", plan->gid_map.len, plan->gid_map.items);
    }
    if (plan->namespaces & PLAN_NS_TIME) {
        oci_put_open(json, "timeOffsets", '{');
        write_offset(json, "monotonic", plan->monotonic);
        write_offset(json, "boottime", plan->boottime);
        oci_put_close(json, '}');
    }
    return true;
}
