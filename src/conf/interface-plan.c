// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What becomes of an <interface>: one link of the plan. libvirt takes nearly everything when a
 * domain is defined and finds out at start; what cannot work is said here, which is when it is
 * defined.
 */
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/interface-address.h"
#include "conf/interface-parts.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

/* What Linux lets a virtual Ethernet device have. */
#define MTU_MIN 68
#define MTU_MAX 65535

char *interface_title(const Interface *interface)
{
    g_autofree char *mac = value_format_mac(interface->mac);

    return g_strdup_printf(_("the interface with MAC '%s'"), mac);
}

/* ---- names inside ---------------------------------------------------------------------------- */

/* A device of the host that is moved inside keeps its name. */
GHashTable *interface_guest_names(const DomainDef *def)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->interfaces.n; i++)
        if (def->interfaces.items[i]->guest_dev)
            g_hash_table_add(names, def->interfaces.items[i]->guest_dev);
    for (size_t i = 0; i < def->hostdevs.n; i++)
        if (def->hostdevs.items[i]->interface)
            g_hash_table_add(names, def->hostdevs.items[i]->interface);
    return names;
}

char *interface_next_name(GHashTable *taken, unsigned *next)
{
    for (;;) {
        g_autofree char *name = g_strdup_printf("eth%u", (*next)++);

        if (!g_hash_table_contains(taken, name))
            return g_steal_pointer(&name);
    }
}

bool interface_check_name(const char *name, GError **err)
{
    if (!name)
        return true;
    if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t\n\r") || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0 || strcmp(name, "lo") == 0 || !*name)
        return fail(err, UNSUPPORTED, _("'%s' cannot be the name of a network device"), name);
    return true;
}

/* ---- what two interfaces cannot share -------------------------------------------------------- */

/* Two devices of one name cannot be in one container, nor two host ends on one host. */
static bool check_unique_name(const DomainDef *def, size_t offset, GError **err)
{
    g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->interfaces.n; i++) {
        const Interface *interface = def->interfaces.items[i];
        const Interface *other = NULL;
        char *name = *(char *const *)((const char *)interface + offset);
        g_autofree char *mac = NULL;
        g_autofree char *other_mac = NULL;

        if (!name)
            continue;
        other = g_hash_table_lookup(owners, name);
        if (!other) {
            g_hash_table_insert(owners, name, (void *)interface);
            continue;
        }
        mac = value_format_mac(interface->mac);
        other_mac = value_format_mac(other->mac);
        return fail(err, UNSUPPORTED,
                    _("the interfaces with MAC '%s' and '%s' are both called '%s'"), other_mac, mac,
                    name);
    }
    return true;
}

/* Nor can a device of the host be in one with another of its name, or be below another as well. */
static bool check_host_names(const DomainDef *def, GError **err)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) below = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->interfaces.n; i++) {
        if (def->interfaces.items[i]->guest_dev)
            g_hash_table_add(names, def->interfaces.items[i]->guest_dev);
        if (def->interfaces.items[i]->device)
            g_hash_table_add(below, def->interfaces.items[i]->device);
    }
    for (size_t i = 0; i < def->hostdevs.n; i++) {
        const char *name = def->hostdevs.items[i]->interface;

        if (name && g_hash_table_contains(names, name))
            return fail(err, UNSUPPORTED,
                        _("an interface and a network device of the host are both called '%s'"),
                        name);
        if (name && g_hash_table_contains(below, name))
            return fail(err, UNSUPPORTED,
                        _("the network device '%s' cannot move into the container and be below an "
                          "interface"),
                        name);
    }
    return true;
}

/* The network would send packets for one to the other. */
static bool check_unique_mac(const DomainDef *def, GError **err)
{
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < def->interfaces.n; i++) {
        g_autofree char *mac = value_format_mac(def->interfaces.items[i]->mac);
        size_t other = GPOINTER_TO_SIZE(g_hash_table_lookup(owners, mac));

        if (other)
            return fail(err, UNSUPPORTED,
                        _("interface %zu and interface %zu have the same MAC address '%s'"), other,
                        i + 1, mac);
        g_hash_table_insert(owners, g_steal_pointer(&mac), GSIZE_TO_POINTER(i + 1));
    }
    return true;
}

/* Looks at all interfaces when the first is planned. */
static bool check_all(PlanBuilder *builder, GError **err)
{
    if (builder->guest_names)
        return true;
    builder->guest_names = interface_guest_names(builder->def);
    return check_unique_name(builder->def, offsetof(Interface, guest_dev), err) &&
           check_unique_name(builder->def, offsetof(Interface, target_dev), err) &&
           check_host_names(builder->def, err) && check_unique_mac(builder->def, err);
}

/* ---- one interface --------------------------------------------------------------------------- */

static bool check_names(const Interface *interface, GError **err)
{
    return interface_check_name(interface->target_dev, err) &&
           interface_check_name(interface->guest_dev, err) &&
           interface_check_name(interface->bridge, err) &&
           interface_check_name(interface->device, err);
}

static bool check_scripts(const Interface *interface, GError **err)
{
    const char *script = interface->script ? interface->script : interface->downscript;
    g_autofree char *title = script ? interface_title(interface) : NULL;

    return !script ||
           fail(err, UNSUPPORTED,
                _("%s has the script '%s', but scripts are not run for containers"), title, script);
}

static bool plan_mtu(const Interface *interface, PlanLink *link, GError **err)
{
    int64_t mtu = interface->mtu.value;
    g_autofree char *title = NULL;

    if (!interface->mtu.set)
        return true;
    if (mtu < MTU_MIN || mtu > MTU_MAX) {
        title = interface_title(interface);
        return fail(err, UNSUPPORTED,
                    _("%s cannot have an MTU of %" PRId64 ": it is between %d and %d"), title, mtu,
                    MTU_MIN, MTU_MAX);
    }
    link->mtu = (uint32_t)mtu;
    return true;
}

/* The other types have been refused. */
static const PlanLinkKind link_kinds[] = {
    [INTERFACE_NETWORK] = PLAN_LINK_NETWORK,   [INTERFACE_BRIDGE] = PLAN_LINK_BRIDGE,
    [INTERFACE_ETHERNET] = PLAN_LINK_ETHERNET, [INTERFACE_DIRECT] = PLAN_LINK_DIRECT,
    [INTERFACE_NULL] = PLAN_LINK_UNPLUGGED,
};

static const PlanMacvlanMode macvlan_modes[] = {
    [MACVLAN_VEPA] = PLAN_MACVLAN_VEPA,
    [MACVLAN_BRIDGE] = PLAN_MACVLAN_BRIDGE,
    [MACVLAN_PRIVATE] = PLAN_MACVLAN_PRIVATE,
    [MACVLAN_PASSTHROUGH] = PLAN_MACVLAN_PASSTHROUGH,
};

/* Live, a network has said what it is. */
static PlanLinkKind link_kind(const Interface *interface)
{
    InterfaceType type = interface_actual_type(interface);

    return type == INTERFACE_NETWORK && interface->bridge ? PLAN_LINK_BRIDGE : link_kinds[type];
}

/* The host's side: what the link is, and what it is plugged into. */
static void plan_source(const Interface *interface, PlanLink *link)
{
    link->kind = link_kind(interface);
    link->host_name = g_strdup(interface->target_dev);
    link->isolated = interface->isolated == CHOICE_YES;
    link->network = g_strdup(interface->network);
    link->portgroup = g_strdup(interface->portgroup);
    if (link->kind == PLAN_LINK_BRIDGE)
        link->bridge = g_strdup(interface->bridge);
    if (link->kind == PLAN_LINK_DIRECT) {
        link->device = g_strdup(interface->device);
        link->macvlan = macvlan_modes[interface->macvlan];
    }
    interface_plan_addresses(&interface->host_ips, &interface->host_routes, link, LINK_ON_HOST);
}

/* The container's side. */
static void plan_inside(const Interface *interface, PlanBuilder *builder, PlanLink *link)
{
    link->guest_name = interface->guest_dev
                           ? g_strdup(interface->guest_dev)
                           : interface_next_name(builder->guest_names, &builder->next_ethernet);
    memcpy(link->mac, interface->mac, sizeof(link->mac));
    link->up = interface->ips.n > 0 || interface->link == LINK_STATE_UP;
    link->host_down = interface->link == LINK_STATE_DOWN;
    if (link->kind == PLAN_LINK_DIRECT && link->host_down)
        link->up = false; /* there is no other end that could be without carrier */
    interface_plan_addresses(&interface->ips, &interface->routes, link, LINK_INSIDE);
}

bool interface_plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Interface *interface = device;
    PlanLink *link = NULL;

    if (!check_all(builder, err) || !check_names(interface, err) || !check_scripts(interface, err))
        return false;
    link = PLAN_ADD(&builder->plan->links);
    plan_source(interface, link);
    plan_inside(interface, builder, link);
    return filterref_plan(interface, link, err) && plan_mtu(interface, link, err) &&
           vlan_plan(interface, link, err) && virtualport_plan(interface, link, err) &&
           bandwidth_plan(interface, link, err);
}
