// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See bridge-port.h. A bridge gives each new port a VLAN of its own choice (default_pvid, mostly
 * 1); a port with VLANs in its plan loses that one first. A bridge that does not sort by VLANs
 * would let the container hear them all, so that is refused.
 */
#include "net/bridge-port.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/text.h"

#define VLAN_FIRST 1
#define VLAN_LAST 4094

bool bridge_find(Rtnl *rtnl, const PlanLink *plan, Device *ret_bridge, GError **err)
{
    const char *name = plan->bridge;

    if (!device_find(rtnl, name, ret_bridge, err))
        return fail_while(err, _("cannot look for bridge '%s'"), name);
    if (ret_bridge->index == 0)
        return fail_errno(err, ENODEV, _("cannot find bridge '%s'"), name);
    if (strcmp(ret_bridge->kind, "openvswitch") == 0)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("'%s' is an Open vSwitch bridge: the interface needs <virtualport "
                      "type='openvswitch'/>"),
                    name);
    if (strcmp(ret_bridge->kind, "bridge") != 0)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED), _("'%s' is not a bridge"), name);
    if (plan->vlans.len > 0 && !ret_bridge->sorts_vlans)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("bridge '%s' does not keep VLANs apart: its vlan_filtering is off"), name);
    return true;
}

void bridge_port_put_isolated(NlMsg *msg)
{
    struct nlattr *info = rtnl_nest(msg, IFLA_LINKINFO);
    struct nlattr *slave;

    rtnl_put_string(msg, IFLA_INFO_SLAVE_KIND, "bridge");
    slave = rtnl_nest(msg, IFLA_INFO_SLAVE_DATA);
    rtnl_put_u8(msg, IFLA_BRPORT_ISOLATED, 1);
    rtnl_nest_end(msg, slave);
    rtnl_nest_end(msg, info);
}

static void put_vlan(NlMsg *msg, unsigned id, unsigned flags)
{
    const struct bridge_vlan_info info = { .flags = (uint16_t)flags, .vid = (uint16_t)id };

    rtnl_put(msg, IFLA_BRIDGE_VLAN_INFO, &info, sizeof info);
}

/* Packets without a tag belong to the native VLAN of a trunk, and to the only one of the others. */
static unsigned vlan_flags(const PlanLink *plan, const PlanVlanTag *tag)
{
    if (!plan->trunk || tag->native == PLAN_NATIVE_VLAN_UNTAGGED)
        return BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
    return tag->native == PLAN_NATIVE_VLAN_TAGGED ? BRIDGE_VLAN_INFO_PVID : 0;
}

static NlMsg *port_message(int type, const Device *port, struct nlattr **ret_spec)
{
    const struct ifinfomsg head = { .ifi_family = PF_BRIDGE, .ifi_index = port->index };
    NlMsg *msg = rtnl_message(type, 0, &head, sizeof head);

    *ret_spec = rtnl_nest(msg, IFLA_AF_SPEC);
    return msg;
}

static bool forget_vlans(Rtnl *rtnl, const Device *port, GError **err)
{
    struct nlattr *spec = NULL;
    g_autoptr(NlMsg) msg = port_message(RTM_DELLINK, port, &spec);

    put_vlan(msg, VLAN_FIRST, BRIDGE_VLAN_INFO_RANGE_BEGIN);
    put_vlan(msg, VLAN_LAST, BRIDGE_VLAN_INFO_RANGE_END);
    rtnl_nest_end(msg, spec);
    return rtnl_request(rtnl, msg, err);
}

static bool add_vlan(Rtnl *rtnl, const PlanLink *plan, const PlanVlanTag *tag, const Device *port,
                     GError **err)
{
    struct nlattr *spec = NULL;
    g_autoptr(NlMsg) msg = port_message(RTM_SETLINK, port, &spec);

    put_vlan(msg, tag->id, vlan_flags(plan, tag));
    rtnl_nest_end(msg, spec);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot put the interface '%s' into VLAN %u"), port->name, tag->id);
}

bool bridge_port_sort_vlans(Rtnl *rtnl, const PlanLink *plan, const Device *port, GError **err)
{
    if (plan->vlans.len == 0)
        return true;
    if (!forget_vlans(rtnl, port, err))
        return fail_while(err, _("cannot take the interface '%s' out of its VLANs"), port->name);
    for (uint32_t i = 0; i < plan->vlans.len; i++)
        if (!add_vlan(rtnl, plan, &plan->vlans.items[i], port, err))
            return false;
    return true;
}
