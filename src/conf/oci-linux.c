// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The part "linux" of config.json but for what has a file of its own: paths that are hidden or
 * read-only, sysctls, the control group, the personality.
 */
#include <string.h>

#include "conf/arch.h"
#include "conf/domain-records.h"
#include "conf/oci.h"

#define PERSONALITY_32 "LINUX32"

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_path(OciImport *import, const OciValue *value, PathList *list, GError **err)
{
    const char *path = NULL;
    PathItem *item = NULL;

    if (!oci_string(value, &path, err))
        return false;
    if (oci_is_base_mount(import, PLAN_MOUNT_MASK, path) ||
        (list == &import->def->extension.readonly &&
         oci_is_base_mount(import, PLAN_MOUNT_READONLY, path)))
        return true;
    item = g_new0(PathItem, 1);
    item->path = g_strdup(path);
    record_list_append(list, item);
    return true;
}

static bool read_masked(OciImport *import, const OciValue *value, GError **err)
{
    return read_path(import, value, &import->def->extension.masks, err);
}

static bool read_readonly(OciImport *import, const OciValue *value, GError **err)
{
    return read_path(import, value, &import->def->extension.readonly, err);
}

static bool read_sysctl(OciImport *import, const OciValue *value, GError **err)
{
    const char *text = NULL;

    if (!oci_string(value, &text, err))
        return false;
    oci_add_sysctl(import, value->name, text);
    return true;
}

static bool read_sysctls(OciImport *import, const OciValue *value, GError **err)
{
    return oci_each_member(import, value, read_sysctl, err);
}

/* "/machine/NAME", the way that we write it; a path of systemd's has colons. */
static bool read_group_path(OciImport *import, const OciValue *value, GError **err)
{
    const char *path = NULL;
    g_autofree char *partition = NULL;
    g_autofree char *name = NULL;

    if (!oci_string(value, &path, err))
        return false;
    partition = g_path_get_dirname(path);
    name = g_path_get_basename(path);
    if (*path != '/' || strchr(path, ':') || strcmp(name, import->def->name) != 0 ||
        strcmp(partition, "/") == 0)
        oci_note(import, value);
    else if (strcmp(partition, import->host->default_partition) != 0)
        import->def->partition = g_steal_pointer(&partition);
    return true;
}

static bool read_personality(OciImport *import, const OciValue *value, GError **err)
{
    const char *domain = NULL;
    static const OciMember members[] = {
        {"domain", OCI_TEXT, 0 },
        { NULL      },
    };

    if (!oci_members(import, value, members, &domain, err))
        return false;
    if (g_strcmp0(domain, PERSONALITY_32) == 0 && arch_partner(import->host->arch))
        import->def->os.arch = g_strdup(arch_partner(import->host->arch));
    else if (g_strcmp0(domain, "LINUX") != 0)
        oci_note(import, value);
    return true;
}

/* clang-format off */
static const OciMember linux_members[] = {
    { "namespaces",        OCI_VALUE, offsetof(OciSpaces, namespaces) },
    { "uidMappings",       OCI_VALUE, offsetof(OciSpaces, uids) },
    { "gidMappings",       OCI_VALUE, offsetof(OciSpaces, gids) },
    { "timeOffsets",       OCI_VALUE, offsetof(OciSpaces, offsets) },
    { "maskedPaths",       OCI_EACH,  .read = read_masked },
    { "readonlyPaths",     OCI_EACH,  .read = read_readonly },
    { "sysctl",            OCI_READ,  .read = read_sysctls },
    { "devices",           OCI_EACH,  .read = oci_read_device },
    { "cgroupsPath",       OCI_READ,  .read = read_group_path },
    { "personality",       OCI_READ,  .read = read_personality },
    { "resources",         OCI_READ,  .read = oci_read_resources },
    { "rootfsPropagation", OCI_READ,  .read = oci_read_root_propagation },
    { NULL },
};
/* clang-format on */

bool oci_read_linux(OciImport *import, const OciValue *value, GError **err)
{
    OciSpaces spaces = { 0 };

    return (!value->node || oci_members(import, value, linux_members, &spaces, err)) &&
           oci_read_spaces(import, value, &spaces, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_paths(OciExport *export, const char *name, PlanMountKind kind)
{
    const Plan *plan = export->plan;
    OciWriter *json = &export->json;

    oci_put_open(json, name, '[');
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (plan->mounts.items[i].kind == kind)
            oci_put_string(json, NULL, plan->mounts.items[i].target);
    oci_put_close(json, ']');
}

static void write_sysctls(OciExport *export)
{
    const Plan *plan = export->plan;

    if (!plan->sysctls.len)
        return;
    oci_put_open(&export->json, "sysctl", '{');
    for (uint32_t i = 0; i < plan->sysctls.len; i++)
        oci_put_string(&export->json, plan->sysctls.items[i].name, plan->sysctls.items[i].value);
    oci_put_close(&export->json, '}');
}

bool oci_write_linux(OciExport *export, GError **err)
{
    const Plan *plan = export->plan;
    OciWriter *json = &export->json;
    g_autofree char *group = g_build_filename(plan->cgroup.partition, plan->cgroup.name, NULL);

    oci_put_open(json, "linux", '{');
    if (!oci_write_spaces(export, err))
        return false;
    oci_put_string(json, "cgroupsPath", group);
    oci_write_devices(export);
    oci_write_resources(export);
    write_sysctls(export);
    write_paths(export, "maskedPaths", PLAN_MOUNT_MASK);
    write_paths(export, "readonlyPaths", PLAN_MOUNT_READONLY);
    if (plan->init.personality_32bit) {
        oci_put_open(json, "personality", '{');
        oci_put_string(json, "domain", PERSONALITY_32);
        oci_put_close(json, '}');
    }
    oci_write_root_propagation(export);
    oci_put_close(json, '}');
    return true;
}
