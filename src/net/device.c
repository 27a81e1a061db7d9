// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See device.h. One message type, RTM_NEWLINK, carries everything that is known about a device;
 * asking for it costs some microseconds, so nothing is remembered between two questions.
 */
#include "net/device.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

#define ADDR_GEN_MODE_NONE 1 /* IN6_ADDR_GEN_MODE_NONE of linux/if_link.h, an enum there */

static void parse_stats(const struct nlattr *attr, LinkStats *stats)
{
    struct rtnl_link_stats64 raw = { 0 };

    /* Older kernels know fewer counters than this header. */
    memcpy(&raw, nla_data(attr), MIN((size_t)nla_len(attr), sizeof raw));
    *stats = (LinkStats){
        .rx_bytes = raw.rx_bytes,
        .rx_packets = raw.rx_packets,
        .rx_errors = raw.rx_errors,
        .rx_dropped = raw.rx_dropped,
        .tx_bytes = raw.tx_bytes,
        .tx_packets = raw.tx_packets,
        .tx_errors = raw.tx_errors,
        .tx_dropped = raw.tx_dropped,
    };
}

static void parse_info(struct nlattr *linkinfo, Device *device)
{
    struct nlattr *kind = nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_KIND);
    struct nlattr *data = nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_DATA);
    struct nlattr *filtering = NULL;

    if (kind)
        (void)nla_strlcpy(device->kind, kind, sizeof device->kind);
    if (data && strcmp(device->kind, "bridge") == 0)
        filtering = nla_find(nla_data(data), nla_len(data), IFLA_BR_VLAN_FILTERING);
    device->sorts_vlans = filtering && nla_get_u8(filtering);
}

void device_parse(struct nlmsghdr *header, Device *ret_device)
{
    struct nlattr *tb[IFLA_MAX + 1] = { 0 };
    const struct ifinfomsg *head = nlmsg_data(header);

    *ret_device = (Device){ 0 };
    if (header->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse(header, sizeof *head, tb, IFLA_MAX, NULL) < 0)
        return;
    ret_device->index = head->ifi_index;
    ret_device->up = head->ifi_flags & IFF_UP;
    ret_device->flags = head->ifi_flags & DEVICE_FLAGS;
    if (tb[IFLA_IFALIAS])
        (void)nla_strlcpy(ret_device->alias, tb[IFLA_IFALIAS], sizeof ret_device->alias);
    if (tb[IFLA_IFNAME])
        (void)nla_strlcpy(ret_device->name, tb[IFLA_IFNAME], sizeof ret_device->name);
    if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof ret_device->mac)
        memcpy(ret_device->mac, nla_data(tb[IFLA_ADDRESS]), sizeof ret_device->mac);
    if (tb[IFLA_MTU])
        ret_device->mtu = nla_get_u32(tb[IFLA_MTU]);
    if (tb[IFLA_LINK])
        ret_device->peer = (int)nla_get_u32(tb[IFLA_LINK]);
    if (tb[IFLA_LINKINFO])
        parse_info(tb[IFLA_LINKINFO], ret_device);
    if (tb[IFLA_STATS64])
        parse_stats(tb[IFLA_STATS64], &ret_device->stats);
}

static void take_device(struct nlmsghdr *header, void *data)
{
    device_parse(header, data);
}

static bool query(Rtnl *rtnl, NlMsg *msg, Device *ret_device, GError **err)
{
    g_autoptr(GError) local = NULL;
    Device device = { 0 };

    if (rtnl_query(rtnl, msg, take_device, &device, &local)) {
        *ret_device = device;
        return true;
    }
    if (error_errno(local) == ENODEV) {
        *ret_device = (Device){ 0 };
        return true;
    }
    g_propagate_error(err, g_steal_pointer(&local));
    return false;
}

bool device_find(Rtnl *rtnl, const char *name, Device *ret_device, GError **err)
{
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
    g_autoptr(NlMsg) msg = NULL;

    *ret_device = (Device){ 0 };
    if (strlen(name) >= IFNAMSIZ)
        return true; /* the kernel would complain about the question */
    msg = rtnl_message(RTM_GETLINK, 0, &head, sizeof head);
    rtnl_put_string(msg, IFLA_IFNAME, name);
    return query(rtnl, msg, ret_device, err);
}

bool device_find_index(Rtnl *rtnl, int index, Device *ret_device, GError **err)
{
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    g_autoptr(NlMsg) msg = rtnl_message(RTM_GETLINK, 0, &head, sizeof head);

    return query(rtnl, msg, ret_device, err);
}

bool device_need(Rtnl *rtnl, const char *name, Device *ret_device, GError **err)
{
    if (!device_find(rtnl, name, ret_device, err))
        return fail_while(err, _("cannot look for the device '%s'"), name);
    if (ret_device->index == 0)
        return fail_errno(err, ENODEV, _("cannot find the device '%s' on the host"), name);
    return true;
}

static NlMsg *new_link(int flags, const struct ifinfomsg *head)
{
    return rtnl_message(RTM_NEWLINK, flags, head, sizeof *head);
}

NlMsg *device_new(void)
{
    return new_link(NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg){ .ifi_family = AF_UNSPEC });
}

NlMsg *device_change(int index)
{
    return new_link(0, &(struct ifinfomsg){ .ifi_family = AF_UNSPEC, .ifi_index = index });
}

static NlMsg *set_some_flags(int index, unsigned flags, unsigned which)
{
    return new_link(0, &(struct ifinfomsg){ .ifi_family = AF_UNSPEC,
                                            .ifi_index = index,
                                            .ifi_flags = flags,
                                            .ifi_change = which });
}

NlMsg *device_switch(int index, unsigned state)
{
    return set_some_flags(index, state, IFF_UP);
}

NlMsg *device_set_flags(int index, unsigned flags)
{
    return set_some_flags(index, flags, DEVICE_FLAGS);
}

/* Without IPv6 there is nothing to say. */
void device_put_no_ipv6_address(NlMsg *msg)
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

bool device_delete(Rtnl *rtnl, int index, GError **err)
{
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    g_autoptr(NlMsg) msg = rtnl_message(RTM_DELLINK, 0, &head, sizeof head);
    g_autoptr(GError) local = NULL;

    if (rtnl_request(rtnl, msg, &local) || error_errno(local) == ENODEV)
        return true;
    g_propagate_error(err, g_steal_pointer(&local));
    return false;
}
