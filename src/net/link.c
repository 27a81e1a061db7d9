// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See link.h. Two messages make a link:
 *
 *     1. new veth: host end [name, mac, mtu, bridge] + inner end [name, mac, mtu, namespace]
 *     2. host end: isolation, no IPv6 address of its own on a bridge, up
 *
 * The name vnetN is picked by the kernel, which takes "vnet%d" for the first free number; so two
 * starts at once cannot ask for the same one. Which number it was is then read from the inner end,
 * which knows the index of its peer.
 *
 * The host end's address is the inner one's with the first byte 0xfe: a bridge takes the lowest
 * address of its ports for its own, and this is never the lowest. It also tells whose link it is.
 */
#include "net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "net/address.h"
#include "net/device.h"
#include "net/rtnl.h"

#define AUTOMATIC_NAME "vnet%d"
#define ADDR_GEN_MODE_NONE 1 /* IN6_ADDR_GEN_MODE_NONE of linux/if_link.h, an enum there */

static void host_mac(const uint8_t mac[6], uint8_t ret_mac[6])
{
    memcpy(ret_mac, mac, 6);
    ret_mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
}

static bool find_bridge(Rtnl *rtnl, const char *name, Device *ret_bridge, GError **err)
{
    if (!device_find(rtnl, name, ret_bridge, err))
        return fail_while(err, _("cannot look for bridge '%s'"), name);
    if (ret_bridge->index == 0)
        return fail_errno(err, ENODEV, _("cannot find bridge '%s'"), name);
    if (strcmp(ret_bridge->kind, "openvswitch") == 0)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("'%s' is an Open vSwitch bridge, which is not supported"), name);
    if (strcmp(ret_bridge->kind, "bridge") != 0)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("'%s' is not a bridge"), name);
    return true;
}

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
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
    NlMsg *msg = rtnl_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
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

static void put_isolated(NlMsg *msg)
{
    struct nlattr *info = rtnl_nest(msg, IFLA_LINKINFO);
    struct nlattr *slave;

    rtnl_put_string(msg, IFLA_INFO_SLAVE_KIND, "bridge");
    slave = rtnl_nest(msg, IFLA_INFO_SLAVE_DATA);
    rtnl_put_u8(msg, IFLA_BRPORT_ISOLATED, 1);
    rtnl_nest_end(msg, slave);
    rtnl_nest_end(msg, info);
}

/* A port of a bridge forwards frames and needs no address. Without IPv6 there is nothing to say. */
static void put_no_ipv6_address(NlMsg *msg)
{
    struct nlattr *spec;
    struct nlattr *ipv6;

    if (access("/proc/sys/net/ipv6", F_OK) < 0)
        return;
    spec = rtnl_nest(msg, IFLA_AF_SPEC);
    ipv6 = rtnl_nest(msg, AF_INET6);
    rtnl_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_MODE_NONE);
    rtnl_nest_end(msg, ipv6);
    rtnl_nest_end(msg, spec);
}

/* The message of step 2. */
static bool bring_up(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    const struct ifinfomsg head = {
        .ifi_family = AF_UNSPEC,
        .ifi_index = host->index,
        .ifi_flags = plan->host_down ? 0 : IFF_UP,
        .ifi_change = IFF_UP,
    };
    const bool on_bridge = plan->kind == PLAN_LINK_BRIDGE;
    g_autoptr(NlMsg) msg = rtnl_message(RTM_NEWLINK, 0, &head, sizeof head);

    if (on_bridge && plan->isolated)
        put_isolated(msg);
    if (on_bridge)
        put_no_ipv6_address(msg);
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

/* A host end by itself gets what the user gave it; routes need it up. */
static bool configure_host_end(Rtnl *rtnl, const PlanLink *plan, const Device *host, GError **err)
{
    if (plan->kind == PLAN_LINK_ETHERNET && !refuse_advertisements(host->name, err))
        return false;
    for (uint32_t i = 0; i < plan->host_addresses.len; i++)
        if (!address_add(rtnl, host, &plan->host_addresses.items[i], err))
            return false;
    if (!bring_up(rtnl, plan, host, err))
        return false;
    for (uint32_t i = 0; !plan->host_down && i < plan->host_routes.len; i++)
        if (!route_add(rtnl, host, &plan->host_routes.items[i], err))
            return false;
    return true;
}

bool link_create(const PlanLink *plan, int netns_fd, char **ret_host_name, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    Device bridge = { 0 };
    Device host;

    if (strlen(plan->host_name) >= IFNAMSIZ || strlen(plan->guest_name) >= IFNAMSIZ)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("interface name '%s' is longer than %d characters"),
                    strlen(plan->host_name) >= IFNAMSIZ ? plan->host_name : plan->guest_name,
                    IFNAMSIZ - 1);
    if (!rtnl_open(&rtnl, err))
        return false;
    if (plan->kind == PLAN_LINK_BRIDGE && !find_bridge(rtnl, plan->bridge, &bridge, err))
        return false;
    if (!make_veth(rtnl, plan, bridge.index, netns_fd, err) ||
        !find_host_end(rtnl, plan, netns_fd, &host, err))
        return false; /* what was made goes with the namespace, whose start has failed */
    if (!configure_host_end(rtnl, plan, &host, err)) {
        (void)device_delete(rtnl, host.index, NULL); /* the first failure is the one to report */
        return false;
    }
    *ret_host_name = g_strdup(host.name);
    return true;
}

bool link_exists(const char *host_name)
{
    return if_nametoindex(host_name) > 0;
}

bool link_remove(const char *host_name, const uint8_t mac[6], GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    uint8_t expected[6];
    Device host;

    host_mac(mac, expected);
    if (!rtnl_open(&rtnl, err) || !device_find(rtnl, host_name, &host, err))
        return fail_while(err, _("cannot remove the interface '%s'"), host_name);
    if (host.index == 0 || memcmp(host.mac, expected, sizeof expected) != 0)
        return true;
    if (!device_delete(rtnl, host.index, err))
        return fail_while(err, _("cannot remove the interface '%s'"), host_name);
    return true;
}

typedef struct Removal {
    char *host_name;
    uint8_t mac[6];
} Removal;

static void removal_free(Removal *removal)
{
    g_free(removal->host_name);
    g_free(removal);
}

static void remove_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Removal *removal = data;
    g_autoptr(GError) local = NULL;

    if (!link_remove(removal->host_name, removal->mac, &local))
        log_warning("%s", local->message);
    g_task_return_boolean(task, TRUE);
}

void link_remove_later(const char *host_name, const uint8_t mac[6])
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
    Removal *removal = g_new0(Removal, 1);

    removal->host_name = g_strdup(host_name);
    memcpy(removal->mac, mac, sizeof removal->mac);
    g_task_set_task_data(task, removal, (GDestroyNotify)removal_free);
    g_task_run_in_thread(task, remove_in_thread);
}

bool link_stats(const char *host_name, LinkStats *ret_stats, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    Device host;

    if (!rtnl_open(&rtnl, err) || !device_find(rtnl, host_name, &host, err))
        return fail_while(err, _("cannot read the counters of interface '%s'"), host_name);
    if (host.index == 0)
        return fail_errno(err, ENODEV, _("cannot read the counters of interface '%s'"), host_name);
    *ret_stats = host.stats;
    return true;
}
