// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The part "linux" of config.json but for its namespaces and resources: paths that are hidden or
 * read-only, sysctls, device nodes, the control group.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/arch.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/oci.h"
#include "conf/value.h"

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

typedef struct Node {
    const char *path;
    const char *type;
    OptNumber major;
    OptNumber minor;
    OptNumber mode;
    OptNumber uid;
    OptNumber gid;
} Node;

/* clang-format off */
static const OciMember node_members[] = {
    { "path",     OCI_TEXT,   offsetof(Node, path) },
    { "type",     OCI_TEXT,   offsetof(Node, type) },
    { "major",    OCI_NUMBER, offsetof(Node, major) },
    { "minor",    OCI_NUMBER, offsetof(Node, minor) },
    { "fileMode", OCI_NUMBER, offsetof(Node, mode) },
    { "uid",      OCI_NUMBER, offsetof(Node, uid) },
    { "gid",      OCI_NUMBER, offsetof(Node, gid) },
    { NULL },
};
/* clang-format on */

static bool is_base_node(const OciImport *import, const Node *node)
{
    for (uint32_t i = 0; i < import->base->nodes.len; i++) {
        const PlanNode *base = &import->base->nodes.items[i];

        if (node->path && g_str_has_prefix(node->path, "/dev/") &&
            strcmp(node->path + strlen("/dev/"), base->path) == 0 &&
            node->major.value == base->major && node->minor.value == base->minor)
            return true;
    }
    return false;
}

/* A domain has the device that is called so on the host, whatever its number is there. */
static void add_hostdev(OciImport *import, const Node *node)
{
    Hostdev *hostdev = record_new(hostdev_class.record);

    hostdev->mode = HOSTDEV_CAPABILITIES;
    hostdev->type = *node->type == 'b' ? HOSTDEV_STORAGE : HOSTDEV_MISC;
    hostdev->path = g_strdup(node->path);
    device_add(import->def, &hostdev_class, hostdev);
    native_note(import->result,
                _("'%s' is the host's device of that name, not %" PRId64 ":%" PRId64), node->path,
                node->major.value, node->minor.value);
}

static bool read_node(OciImport *import, const OciValue *value, GError **err)
{
    Node node = { 0 };

    if (!oci_members(import, value, node_members, &node, err))
        return false;
    if (is_base_node(import, &node))
        return true;
    if (!node.path || !g_str_has_prefix(node.path, "/dev/") || value_has_dotdot(node.path) ||
        !node.type || (strcmp(node.type, "c") != 0 && strcmp(node.type, "b") != 0))
        oci_note(import, value);
    else
        add_hostdev(import, &node);
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
    { "devices",           OCI_EACH,  .read = read_node },
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

static void write_nodes(OciExport *export)
{
    const Plan *plan = export->plan;
    OciWriter *json = &export->json;

    oci_put_open(json, "devices", '[');
    for (uint32_t i = 0; i < plan->nodes.len; i++) {
        const PlanNode *node = &plan->nodes.items[i];
        g_autofree char *path = g_strconcat("/dev/", node->path, NULL);

        oci_put_open(json, NULL, '{');
        oci_put_string(json, "path", path);
        oci_put_string(json, "type", (char[2]){ (char)node->type });
        oci_put_number(json, "major", node->major);
        oci_put_number(json, "minor", node->minor);
        oci_put_number(json, "fileMode", node->mode);
        oci_put_number(json, "uid", 0);
        oci_put_number(json, "gid", 0);
        oci_put_close(json, '}');
    }
    oci_put_close(json, ']');
    for (uint32_t i = 0; i < plan->host_nodes.len; i++)
        oci_export_note(export, _("'/dev/%s' is the host's '%s', whose number is not known here"),
                        plan->host_nodes.items[i].path, plan->host_nodes.items[i].source);
    for (uint32_t i = 0; i < plan->usb.len; i++)
        oci_export_note(export, _("a USB device is given to the container"));
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
    write_nodes(export);
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
