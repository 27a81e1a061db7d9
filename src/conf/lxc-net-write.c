// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Interfaces and the host's network devices, as the lines of lxc.net.N. */
#include <string.h>

#include "base/text.h"
#include "conf/device.h"
#include "conf/interface-parts.h"
#include "conf/lxc-net.h"
#include "conf/value.h"

/* One device on its way out. */
typedef struct NicWriter {
    LxcExport *out;
    unsigned number;
} NicWriter;

static void put(const NicWriter *nic, const char *key, const char *value)
{
    g_autofree char *full = g_strdup_printf("lxc.net.%u.%s", nic->number, key);

    if (value)
        lxc_put(nic->out, full, value);
}

static void put_number(const NicWriter *nic, const char *key, int64_t number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

    put(nic, key, text);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void put_addresses(const NicWriter *nic, const InterfaceIpList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const InterfaceIp *ip = list->items[i];
        g_autofree char *text =
            ip->prefix.set ? g_strdup_printf("%s/%" G_GINT64_FORMAT, ip->address, ip->prefix.value)
                           : g_strdup(ip->address);

        put(nic, strchr(ip->address, ':') ? "ipv6.address" : "ipv4.address", text);
        if (ip->peer)
            lxc_put_comment(nic->out, "lxc.net.%u: ip/@peer = %s", nic->number, ip->peer);
    }
}

/* LXC knows the way to everywhere, and no other. */
static bool is_default(const InterfaceRoute *route)
{
    return !route->metric.set && route->prefix.value == 0 && !route->netmask &&
           (!route->address || strcmp(route->address, "0.0.0.0") == 0 ||
            strcmp(route->address, "::") == 0);
}

static void put_routes(const NicWriter *nic, const InterfaceRouteList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const InterfaceRoute *route = list->items[i];

        if (is_default(route))
            put(nic, strchr(route->gateway, ':') ? "ipv6.gateway" : "ipv4.gateway", route->gateway);
        else
            lxc_put_comment(nic->out, _("lxc.net.%u: a route to %s by way of %s"), nic->number,
                            route->address ? route->address : "0.0.0.0", route->gateway);
    }
}

/* ---- interfaces ------------------------------------------------------------------------------ */

/* Tags are for bridges. */
static void put_vlan(const NicWriter *nic, const Interface *interface)
{
    const Vlan *vlan = interface->vlan;

    for (size_t i = 0; vlan && i < vlan->tags.n; i++) {
        const VlanTag *tag = vlan->tags.items[i];
        bool untagged = tag->native == VLAN_NATIVE_UNTAGGED || vlan->trunk != CHOICE_YES;

        if (interface->type == INTERFACE_BRIDGE)
            put_number(nic, untagged ? "veth.vlan.id" : "veth.vlan.tagged.id", tag->id.value);
        else
            lxc_put_comment(nic->out, "lxc.net.%u: vlan/tag/@id = %" G_GINT64_FORMAT, nic->number,
                            tag->id.value);
    }
}

static bool put_kind(const NicWriter *nic, const Interface *interface)
{
    switch (interface->type) {
    case INTERFACE_NETWORK:
        lxc_put_comment(nic->out, _("lxc.net.%u.link: the bridge of the network '%s'"), nic->number,
                        interface->network);
        put(nic, "type", "veth");
        return true;
    case INTERFACE_BRIDGE:
    case INTERFACE_ETHERNET:
        put(nic, "type", "veth");
        put(nic, "link", interface->bridge);
        return true;
    case INTERFACE_DIRECT:
        put(nic, "type", "macvlan");
        put(nic, "link", interface->device);
        put(nic, "macvlan.mode", lxc_macvlan_mode(interface->macvlan));
        return true;
    case INTERFACE_USER:
    case INTERFACE_VHOSTUSER:
    case INTERFACE_SERVER:
    case INTERFACE_CLIENT:
    case INTERFACE_MCAST:
    case INTERFACE_INTERNAL:
    case INTERFACE_HOSTDEV:
    case INTERFACE_UDP:
    case INTERFACE_VDPA:
    case INTERFACE_NULL:
    case INTERFACE_VDS:
        break;
    }
    lxc_put_comment(nic->out, "devices/interface/@type = %s", interface_type_name(interface->type));
    return false;
}

static bool put_interface(const NicWriter *nic, const Interface *interface)
{
    g_autofree char *mac = value_format_mac(interface->mac);

    if (!put_kind(nic, interface))
        return false;
    put(nic, "name", interface->guest_dev);
    put(nic, "hwaddr", mac);
    if (interface->mtu.set)
        put_number(nic, "mtu", interface->mtu.value);
    if (interface->link == LINK_STATE_UP || interface->ips.n)
        put(nic, "flags", "up");
    if (interface->link == LINK_STATE_DOWN)
        lxc_put_comment(nic->out, "lxc.net.%u: link/@state = down", nic->number);
    put_addresses(nic, &interface->ips);
    put_routes(nic, &interface->routes);
    if (interface->type != INTERFACE_DIRECT)
        put(nic, "veth.pair", interface->target_dev);
    else if (interface->target_dev)
        lxc_put_comment(nic->out, "lxc.net.%u: target/@dev = %s", nic->number,
                        interface->target_dev);
    put_vlan(nic, interface);
    return true;
}

/* ---- the host's devices ---------------------------------------------------------------------- */

static bool put_host_device(const NicWriter *nic, const Hostdev *device)
{
    if (device->mode != HOSTDEV_CAPABILITIES || device->type != HOSTDEV_NET)
        return false;
    put(nic, "type", "phys");
    put(nic, "link", device->interface);
    put_addresses(nic, &device->ips);
    put_routes(nic, &device->routes);
    return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void write_nics(LxcExport *out, const LxcKey *key)
{
    const DomainDef *def = out->def;
    const RecordList *devices = device_list(def, &hostdev_class);
    NicWriter nic = { out, 0 };
    bool any = def->interfaces.n > 0;

    for (size_t i = 0; i < def->interfaces.n; i++)
        nic.number += put_interface(&nic, def->interfaces.items[i]);
    for (size_t i = 0; i < devices->n; i++)
        nic.number += put_host_device(&nic, devices->items[i]);
    if (nic.number == 0 && def->shares.net.source == SHARE_ABSENT)
        put(&nic, "type", any || def->features.privnet ? "empty" : "none");
}

#define PART "devices/interface/"
#define HOST "devices/hostdev/"

static const char said[] =
    "features/privnet " PART "@type " PART "mac/@address " PART "source/@network " PART
    "source/@bridge " PART "source/@dev " PART "source/@mode " PART "guest/@dev " PART
    "target/@dev " PART "link/@state " PART "mtu/@size " PART "vlan/@trunk " PART
    "vlan/tag/@id " PART "vlan/tag/@nativeMode " PART "ip/... " PART "route/... " HOST
    "@mode=capabilities " HOST "@type=net " HOST "source/interface " HOST "ip/... " HOST
    "route/...";

const LxcKey lxc_net_keys[] = {
    {"lxc.net.",  lxc_read_nic, write_nics, .says = said },
    { NULL},
};
