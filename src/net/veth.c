// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See veth.h. Two messages make a link:
 *
 *     1. new veth: host end [name, mac, mtu, bridge] + inner end [name, mac, mtu, namespace]
 *     2. host end: isolation, no IPv6 address of its own on a bridge, up
 *
 * What limits, sorts and filters the packets is put in place between the two.
 *
 * The name vnetN is picked by the kernel, which takes "vnet%d" for the first free number; so two
 * starts at once cannot ask for the same one. Which number it was is then read from the inner end,
 * which knows the index of its peer.
 *
 * The host end's address is the inner one's with the first byte 0xfe: a bridge takes the lowest
 * address of its ports for its own, and this is never the lowest. It also tells whose link it is.
 *
 * A link that is plugged into nothing has a host end all the same, which stays down and in no
 * bridge: inside there is no carrier, as with a card whose cable is out. A dummy device would say
 * that it has one, and not every kernel has dummies.
 */
#include "net/veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "net/address.h"
#include "net/bandwidth.h"
#include "net/bridge-port.h"
#include "net/openvswitch.h"

#define AUTOMATIC_NAME "vnet%d"

static void host_mac(const uint8_t mac[6], uint8_t ret_mac[6])
{
    memcpy(ret_mac, mac, 6);
    ret_mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
}

/* A port of Open vSwitch is asked for when the device is there. */
static bool is_born_in_bridge(const PlanLink *plan)
{
    return plan->kind == PLAN_LINK_BRIDGE && !openvswitch_wants(plan);
}

/* ---- making it ---------------------------------------------------------------------------------
 */

static void put_inner_end(NlMsg *msg, const PlanLink *plan, int netns_fd)
{
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
    struct nlattr *peer = rtnl_nest(msg, VETH_INFO_PEER);

    if (nlmsg_append(msg, (void *)&head, sizeof head, NLMSG_ALIGNTO) < 0)
        g_error("netlink message too small for a peer");
    rtnl_put_string(msg, IFLA_IFNAME, plan->guest_name);
    rtnl_put(msg, IFLA_ADDRESS, plan->mac, sizeof plan->mac);
    if (plan->mtu > 0)
        rtnl_put_u32(msg, IFLA_MTU, plan->mtu);
    rtnl_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    rtnl_nest_end(msg, peer);
}

/* The message of step 1. `bridge` is 0 for a host end that stays by itself. */
static NlMsg *veth_message(const PlanLink *plan, int bridge, int netns_fd)
{
    NlMsg *msg = device_new();
    struct nlattr *info;
    struct nlattr *info_data;
    uint8_t mac[6];

    host_mac(plan->mac, mac);
    rtnl_put_string(msg, IFLA_IFNAME, plan->host_name[0] ? plan->host_name : AUTOMATIC_NAME);
    rtnl_put(msg, IFLA_ADDRESS, mac, sizeof mac);
    if (plan->mtu > 0)
        rtnl_put_u32(msg, IFLA_MTU, plan->mtu);
    if (bridge > 0)
        rtnl_put_u32(msg, IFLA_MASTER, (uint32_t)bridge);
    info = rtnl_nest(msg, IFLA_LINKINFO);
    rtnl_put_string(msg, IFLA_INFO_KIND, "veth");
    info_data = rtnl_nest(msg, IFLA_INFO_DATA);
    put_inner_end(msg, plan, netns_fd);
    rtnl_nest_end(msg, info_data);
    rtnl_nest_end(msg, info);
    return msg;
}

static bool make_veth(Rtnl *rtnl, const PlanLink *plan, int bridge, int netns_fd, GError **err)
{
    g_autoptr(NlMsg) msg = veth_message(plan, bridge, netns_fd);
    g_autoptr(GError) local = NULL;

    if (rtnl_request(rtnl, msg, &local))
        return true;
    if (error_errno(local) == EEXIST && !(plan->host_name[0] && link_exists(plan->host_name)))
        return fail_errno(err, EEXIST, _("cannot make the interface '%s' inside the container"),
                          plan->guest_name);
    g_propagate_error(err, g_steal_pointer(&local));
    return fail_while(err, _("cannot make the interface '%s'"),
                      plan->host_name[0] ? plan->host_name : plan->guest_name);
}

/* Finds the host end of the link just made, by way of its inner end. */
static bool find_host_end(Rtnl *rtnl, const PlanLink *plan, int netns_fd, Device *ret_host,
                          GError **err)
{
    g_autoptr(Rtnl) inside = NULL;
    Device inner;

    if (!rtnl_open_inside(netns_fd, &inside, err) ||
        !device_find(inside, plan->guest_name, &inner, err))
        return false;
    if (inner.index == 0 || inner.peer == 0)
        return fail_errno(err, ENODEV, _("cannot find the new interface '%s' inside the container"),
                          plan->guest_name);
    if (!device_find_index(rtnl, inner.peer, ret_host, err))
        return false;
    if (ret_host->index == 0)
        return fail_errno(err, ENODEV, _("cannot find the host's end of '%s'"), plan->guest_name);
    return true;
}

/* ---- the host end ------------------------------------------------------------------------------
 */

/* The message of step 2. */
static bool switch_on(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    const bool down = plan->host_down || plan->kind == PLAN_LINK_UNPLUGGED;
    g_autoptr(NlMsg) msg = device_switch(host->index, down ? 0 : IFF_UP);

    if (is_born_in_bridge(plan) && plan->isolated)
        bridge_port_put_isolated(msg);
    if (plan->kind != PLAN_LINK_ETHERNET)
        device_put_no_ipv6_address(msg);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot set up the interface '%s'"), host->name);
}

/*
 * Keeps a container at the other end from configuring the host by router advertisements. A kernel
 * without IPv6 has no such files and no such problem.
 */
static bool refuse_advertisements(const char *name, GError **err)
{
    static const char *const knobs[] = { "accept_ra", "autoconf" };

    for (size_t i = 0; i < G_N_ELEMENTS(knobs); i++) {
        g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/%s", name, knobs[i]);
        autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0 || !fd_write_full(fd, "0", 1))
            return fail_errno(err, errno, _("cannot write '%s'"), path);
    }
    return true;
}

static bool plug_in(Rtnl *rtnl, const PlanLink *plan, const LinkHome *home, const Device *host,
                    GError **err)
{
    if (openvswitch_wants(plan))
        return openvswitch_plug(plan, host->name, home->uuid, err);
    return !is_born_in_bridge(plan) || bridge_port_sort_vlans(rtnl, plan, host, err);
}

/* A host end by itself gets what the user gave it. */
static bool add_addresses(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    if (plan->kind == PLAN_LINK_ETHERNET && !refuse_advertisements(host->name, err))
        return false;
    for (uint32_t i = 0; i < plan->host_addresses.len; i++)
        if (!address_add(rtnl, host, &plan->host_addresses.items[i], err))
            return false;
    return true;
}

/* They need it up. */
static bool add_routes(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    for (uint32_t i = 0; !plan->host_down && i < plan->host_routes.len; i++)
        if (!route_add(rtnl, host, &plan->host_routes.items[i], err))
            return false;
    return true;
}

static bool configure_host_end(Rtnl *rtnl, const PlanLink *plan, const LinkHome *home,
                               const Device *host, GError **err)
{
    if (!add_addresses(rtnl, plan, host, err) || !bandwidth_limit(rtnl, plan, host, err))
        return false;
    if (plug_in(rtnl, plan, home, host, err) && switch_on(rtnl, plan, host, err) &&
        add_routes(rtnl, plan, host, err))
        return true;
    (void)bandwidth_unlimit(rtnl, plan, NULL); /* the first failure is the one to report */
    return false;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* What was made before the host end is known goes with the namespace, whose start has failed. */
static bool create_ends(Rtnl *rtnl, const PlanLink *plan, int netns_fd, Device *ret_host,
                        GError **err)
{
    Device bridge = { 0 };

    if (is_born_in_bridge(plan) && !bridge_find(rtnl, plan, &bridge, err))
        return false;
    return make_veth(rtnl, plan, bridge.index, netns_fd, err) &&
           find_host_end(rtnl, plan, netns_fd, ret_host, err);
}

/* A switch that does not let go keeps no device. */
static bool take_apart(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    bool unplugged = !openvswitch_wants(plan) || openvswitch_unplug(host->name, err);

    return device_delete(rtnl, host->index, unplugged ? err : NULL) && unplugged;
}

bool veth_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    Device host;

    if (!rtnl_open(&rtnl, err) || !create_ends(rtnl, plan, home->netns_fd, &host, err))
        return false;
    if (!configure_host_end(rtnl, plan, home, &host, err)) {
        (void)take_apart(rtnl, plan, &host, NULL); /* as above */
        return false;
    }
    *ret_host_name = g_strdup(host.name);
    return true;
}

bool veth_outlives_namespace(const PlanLink *plan)
{
    return openvswitch_wants(plan) || bandwidth_outlives_namespace(plan);
}

static bool remove_host_end(Rtnl *rtnl, const PlanLink *plan, GError **err)
{
    uint8_t expected[6];
    Device host;

    host_mac(plan->mac, expected);
    if (!device_find(rtnl, plan->host_name, &host, err))
        return false;
    if (host.index > 0)
        return memcmp(host.mac, expected, sizeof expected) != 0 ||
               take_apart(rtnl, plan, &host, err);
    return !openvswitch_wants(plan) || openvswitch_unplug(plan->host_name, err);
}

bool veth_remove(const PlanLink *plan, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;

    if (!rtnl_open(&rtnl, err) || (plan->host_name[0] && !remove_host_end(rtnl, plan, err)) ||
        !bandwidth_unlimit(rtnl, plan, err))
        return fail_while(err, _("cannot remove the interface '%s'"),
                          plan->host_name[0] ? plan->host_name : plan->guest_name);
    return true;
}
