// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See device-set.h. */
#include "kernel/device-set.h"

#include "base/error.h"
#include "base/text.h"
#include "kernel/usb.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

static void clear_node(void *node)
{
    g_free(((PlanNode *)node)->path);
}

DeviceSet *device_set_new(const Plan *plan)
{
    DeviceSet *set = g_new(DeviceSet, 1);
    const PlanCgroup *group = &plan->cgroup;

    set->nodes = g_array_new(FALSE, FALSE, sizeof(PlanNode));
    g_array_set_clear_func(set->nodes, clear_node);
    set->rules = g_array_sized_new(FALSE, FALSE, sizeof(PlanDeviceRule), group->devices.len);
    g_array_append_vals(set->rules, group->devices.items, group->devices.len);
    return set;
}

void device_set_free(DeviceSet *set)
{
    if (!set)
        return;
    g_array_unref(set->nodes);
    g_array_unref(set->rules);
    g_free(set);
}

void device_set_add(DeviceSet *set, const PlanNode *node, uint32_t access)
{
    PlanDeviceRule rule = { node->type, (int)node->major, (int)node->minor, access };
    PlanNode copy = *node;

    g_array_append_val(set->rules, rule);
    if (!*node->path)
        return;
    copy.path = g_strdup(node->path);
    g_array_append_val(set->nodes, copy);
}

static bool is_of_kind(PlanHostNodeKind kind, mode_t mode)
{
    return (S_ISCHR(mode) && kind != PLAN_HOST_NODE_BLOCK) ||
           (S_ISBLK(mode) && kind != PLAN_HOST_NODE_CHAR);
}

static bool fail_kind(const PlanHostNode *wanted, GError **err)
{
    const char *what = wanted->kind == PLAN_HOST_NODE_CHAR    ? _("character device")
                       : wanted->kind == PLAN_HOST_NODE_BLOCK ? _("block device")
                                                              : _("device");

    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("the host's '%s', to be '/dev/%s' in the container, is no %s"), wanted->source,
                wanted->path, what);
}

bool device_set_find(DeviceSet *set, const PlanHostNode *wanted, GError **err)
{
    PlanNode node = { .path = wanted->path, .mode = wanted->mode };
    bool is_rule = wanted->kind == PLAN_HOST_NODE_RULE;
    struct stat info;

    if (stat(wanted->source, &info) < 0)
        return is_rule || (wanted->optional && (errno == ENOENT || errno == ENOTDIR)) ||
               fail_errno(err, errno,
                          _("cannot find the host's device '%s', to be '/dev/%s' in the container"),
                          wanted->source, wanted->path);
    if (!is_of_kind(wanted->kind, info.st_mode))
        return is_rule || fail_kind(wanted, err);
    node.type = S_ISBLK(info.st_mode) ? 'b' : 'c';
    node.major = major(info.st_rdev);
    node.minor = minor(info.st_rdev);
    device_set_add(set, &node, wanted->access);
    return true;
}

bool device_set_find_usb(DeviceSet *set, const PlanUsb *wanted, GError **err)
{
    UsbDevice device;
    g_autofree char *path = NULL;

    if (!usb_find(USB_SYSFS, wanted, &device, err))
        return false;
    if (!device.bus)
        return true;
    path = g_strdup_printf("bus/usb/%03u/%03u", device.bus, device.device);
    device_set_add(set, &(PlanNode){ path, 'c', device.major, device.minor, 0700 },
                   PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD);
    return true;
}
