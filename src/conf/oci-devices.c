// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Devices in config.json: the nodes of linux.devices, and linux.resources.devices, which says what
 * may be done with them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/oci.h"
#include "conf/value.h"

/* ---- reading: nodes -------------------------------------------------------------------------- */

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

bool oci_read_device(OciImport *import, const OciValue *value, GError **err)
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

/* ---- reading: rules -------------------------------------------------------------------------- */

typedef struct Rule {
    bool allow;
    const char *type;
    OptNumber major;
    OptNumber minor;
    const char *access;
} Rule;

/* clang-format off */
static const OciMember rule_members[] = {
    { "allow",  OCI_FLAG,   offsetof(Rule, allow) },
    { "type",   OCI_TEXT,   offsetof(Rule, type) },
    { "major",  OCI_NUMBER, offsetof(Rule, major) },
    { "minor",  OCI_NUMBER, offsetof(Rule, minor) },
    { "access", OCI_TEXT,   offsetof(Rule, access) },
    { NULL },
};
/* clang-format on */

/* In the order of DeviceAllow.type. */
static const char *const rule_types[] = { "c", "b", "a" };

static int rule_type(const char *type)
{
    if (!type || !*type)
        return 2;
    if (strcmp(type, "u") == 0)
        return 0;
    for (int i = 0; i < (int)G_N_ELEMENTS(rule_types); i++)
        if (strcmp(rule_types[i], type) == 0)
            return i;
    return -1;
}

static uint32_t access_bits(const char *access)
{
    return (strchr(access, 'r') ? PLAN_ACCESS_READ : 0) |
           (strchr(access, 'w') ? PLAN_ACCESS_WRITE : 0) |
           (strchr(access, 'm') ? PLAN_ACCESS_MKNOD : 0);
}

static int64_t number_or_all(const OptNumber *number)
{
    return number->set && number->value >= 0 ? number->value : -1;
}

/* What every container may do, this one's capabilities included. */
static bool is_base_rule(const OciImport *import, const Rule *rule, int type)
{
    const PlanCgroup *group = &import->base->cgroup;
    uint32_t access = access_bits(rule->access);

    if (type == 2 && access == PLAN_ACCESS_MKNOD && number_or_all(&rule->major) < 0 &&
        number_or_all(&rule->minor) < 0)
        return features_allow_mknod(&import->def->features);
    for (uint32_t i = 0; i < group->devices.len; i++) {
        const PlanDeviceRule *base = &group->devices.items[i];

        if (base->type == (uint32_t)*rule_types[type] && base->access == access &&
            base->major == number_or_all(&rule->major) &&
            base->minor == number_or_all(&rule->minor))
            return true;
    }
    return false;
}

static void forget_rules(DeviceAllowList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        g_free(list->items[i]->access);
        g_free(list->items[i]);
    }
    g_clear_pointer(&list->items, g_free);
    list->n = 0;
}

static void add_rule(OciImport *import, const Rule *rule, int type)
{
    DeviceAllow *allow = g_new0(DeviceAllow, 1);

    allow->type = type;
    allow->access = g_strdup(rule->access);
    if (number_or_all(&rule->major) >= 0)
        allow->major = rule->major;
    if (number_or_all(&rule->minor) >= 0)
        allow->minor = rule->minor;
    record_list_append(&import->def->extension.devices, allow);
}

/* Nothing is allowed that is not said, so that denying everything only undoes what came before. */
bool oci_read_device_rule(OciImport *import, const OciValue *value, GError **err)
{
    Rule rule = { .access = "rwm" };
    int type;

    if (!oci_members(import, value, rule_members, &rule, err))
        return false;
    type = rule_type(rule.type);
    if (type < 0)
        oci_note(import, value);
    else if (rule.allow && !is_base_rule(import, &rule, type))
        add_rule(import, &rule, type);
    else if (!rule.allow && type == 2 && number_or_all(&rule.major) < 0)
        forget_rules(&import->def->extension.devices);
    else if (!rule.allow)
        oci_note(import, value);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

void oci_write_devices(OciExport *export)
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
}

void oci_write_device_rules(OciExport *export)
{
    const PlanCgroup *group = &export->plan->cgroup;
    OciWriter *json = &export->json;

    oci_put_open(json, "devices", '[');
    oci_put_open(json, NULL, '{');
    oci_put_flag(json, "allow", false);
    oci_put_string(json, "access", "rwm");
    oci_put_close(json, '}');
    for (uint32_t i = 0; i < group->devices.len; i++) {
        const PlanDeviceRule *rule = &group->devices.items[i];
        char access[4] = "";
        char *end = access;

        for (unsigned bit = 0; bit < 3; bit++)
            if (rule->access & 1u << bit)
                *end++ = "rwm"[bit];
        oci_put_open(json, NULL, '{');
        oci_put_flag(json, "allow", true);
        oci_put_string(json, "type", (char[2]){ (char)rule->type });
        if (rule->major >= 0)
            oci_put_number(json, "major", rule->major);
        if (rule->minor >= 0)
            oci_put_number(json, "minor", rule->minor);
        oci_put_string(json, "access", access);
        oci_put_close(json, '}');
    }
    oci_put_close(json, ']');
}
