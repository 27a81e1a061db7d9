// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See address.h. Addresses that the user wrote down are the user's to keep apart: IPv6 duplicate
 * detection is off for them, so that a service inside can bind to them at once.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const uint8_t any_address[16];

static int family_of(PlanFamily family)
{
    return family == PLAN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

static size_t size_of(PlanFamily family)
{
    return family == PLAN_FAMILY_IPV6 ? 16 : 4;
}

static const char *text_of(PlanFamily family, const uint8_t *bytes, char text[INET6_ADDRSTRLEN])
{
    return inet_ntop(family_of(family), bytes, text, INET6_ADDRSTRLEN);
}

/* The last address of the subnet. Links between two peers and /31 have none. */
static void put_broadcast(NlMsg *msg, const PlanAddress *address)
{
    uint32_t bits;

    if (address->family != PLAN_FAMILY_IPV4 || address->has_peer || address->prefix > 30)
        return;
    memcpy(&bits, address->address, sizeof bits);
    bits |= htonl(UINT32_MAX >> address->prefix);
    rtnl_put(msg, IFA_BROADCAST, &bits, sizeof bits);
}

bool address_add(Rtnl *rtnl, const Device *device, const PlanAddress *address, GError **err)
{
    const struct ifaddrmsg head = {
        .ifa_family = (uint8_t)family_of(address->family),
        .ifa_prefixlen = (uint8_t)address->prefix,
        .ifa_flags = address->family == PLAN_FAMILY_IPV6 ? IFA_F_NODAD : 0,
        .ifa_index = (uint32_t)device->index,
    };
    const size_t size = size_of(address->family);
    char text[INET6_ADDRSTRLEN];
    g_autoptr(NlMsg) msg = rtnl_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);

    rtnl_put(msg, IFA_LOCAL, address->address, size);
    rtnl_put(msg, IFA_ADDRESS, address->has_peer ? address->peer : address->address, size);
    put_broadcast(msg, address);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot give '%s' the address '%s/%u'"), device->name,
                      text_of(address->family, address->address, text), address->prefix);
}

bool route_add(Rtnl *rtnl, const Device *device, const PlanRoute *route, GError **err)
{
    const size_t size = size_of(route->family);
    const bool direct = memcmp(route->gateway, any_address, size) == 0;
    const struct rtmsg head = {
        .rtm_family = (uint8_t)family_of(route->family),
        .rtm_dst_len = (uint8_t)route->prefix,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
        .rtm_type = RTN_UNICAST,
    };
    char destination[INET6_ADDRSTRLEN];
    char gateway[INET6_ADDRSTRLEN];
    g_autoptr(NlMsg) msg =
        rtnl_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);

    if (route->prefix > 0)
        rtnl_put(msg, RTA_DST, route->destination, size);
    if (!direct)
        rtnl_put(msg, RTA_GATEWAY, route->gateway, size);
    rtnl_put_u32(msg, RTA_OIF, (uint32_t)device->index);
    if (route->metric > 0)
        rtnl_put_u32(msg, RTA_PRIORITY, route->metric);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot add to '%s' the route to '%s/%u' by way of '%s'"),
                      device->name, text_of(route->family, route->destination, destination),
                      route->prefix, text_of(route->family, route->gateway, gateway));
}
