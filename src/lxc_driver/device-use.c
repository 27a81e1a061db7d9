// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See device-use.h. The kernel would say no as well, but not whose the device is; and it would take
 * the macvlans of others along with a device that moves.
 */
#include "lxc_driver/device-use.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/run.h"

typedef enum DeviceUse { USE_NONE, USE_SHARED, USE_WHOLE } DeviceUse;

static DeviceUse wanted_by(const PlanLink *link)
{
    if (link->kind == PLAN_LINK_HOST)
        return USE_WHOLE;
    if (link->kind != PLAN_LINK_DIRECT)
        return USE_NONE;
    return link->macvlan == PLAN_MACVLAN_PASSTHROUGH ? USE_WHOLE : USE_SHARED;
}

/* A direct interface has its device, and so has one whose network turned out to be direct. */
static DeviceUse used_by_interface(const Interface *interface, const char *device)
{
    bool is_direct =
        interface->type == INTERFACE_DIRECT || interface->actual_type == INTERFACE_DIRECT;

    if (!is_direct || g_strcmp0(interface->device, device) != 0)
        return USE_NONE;
    return interface->macvlan == MACVLAN_PASSTHROUGH ? USE_WHOLE : USE_SHARED;
}

static DeviceUse used_by(const DomainDef *def, const char *device)
{
    DeviceUse use = USE_NONE;

    for (size_t i = 0; def && i < def->hostdevs.n; i++)
        if (g_strcmp0(def->hostdevs.items[i]->interface, device) == 0)
            return USE_WHOLE;
    for (size_t i = 0; def && i < def->interfaces.n; i++)
        use = MAX(use, used_by_interface(def->interfaces.items[i], device));
    return use;
}

static DeviceUse used_by_domain(const Domain *domain, const char *device)
{
    bool is_starting = domain->run && domain->run->has_devices;

    return MAX(used_by(domain_live(domain), device),
               is_starting ? used_by(domain->draft, device) : USE_NONE);
}

bool device_use_check(const Domain *domain, const PlanLink *link, GError **err)
{
    DeviceUse wanted = wanted_by(link);
    g_autoptr(GPtrArray) all = NULL;

    if (wanted == USE_NONE)
        return true;
    all = domain_list_all(domain->driver->domains);
    for (guint i = 0; i < all->len; i++) {
        const Domain *other = g_ptr_array_index(all, i);
        DeviceUse use = used_by_domain(other, link->device);
        if (other != domain && use != USE_NONE && MAX(use, wanted) == USE_WHOLE)
            return fail(err, ERR(LXC, OPERATION_INVALID),
                        _("the network device '%s' is in use by domain '%s'"), link->device,
                        other->name);
    }
    return true;
}
