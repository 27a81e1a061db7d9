// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See direct.h. A macvlan shares the host's device by addresses. One that passes it through has it
 * to itself: the device takes over the container's address and is brought up; when the macvlan
 * goes, the kernel gives it its own address back. A device that is passed through for one VLAN only
 * has a VLAN device on top instead, which sees the packets of that VLAN and no others.
 *
 * Each is made in the container's namespace at once and removed from there in so many words: until
 * a dying namespace is gone, its macvlan would be in the way of the next start.
 */
#include "net/direct.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "net/notes.h"

static const uint32_t macvlan_modes[] = {
    [PLAN_MACVLAN_VEPA] = MACVLAN_MODE_VEPA,
    [PLAN_MACVLAN_BRIDGE] = MACVLAN_MODE_BRIDGE,
    [PLAN_MACVLAN_PRIVATE] = MACVLAN_MODE_PRIVATE,
    [PLAN_MACVLAN_PASSTHROUGH] = MACVLAN_MODE_PASSTHRU,
};

static bool is_passed_through(const PlanLink *plan)
{
    return plan->macvlan == PLAN_MACVLAN_PASSTHROUGH;
}

static const char *kind_of(const PlanLink *plan)
{
    return plan->vlans.len > 0 ? "vlan" : "macvlan";
}

static void put_info(NlMsg *msg, const PlanLink *plan)
{
    struct nlattr *info = rtnl_nest(msg, IFLA_LINKINFO);
    struct nlattr *data;

    rtnl_put_string(msg, IFLA_INFO_KIND, kind_of(plan));
    data = rtnl_nest(msg, IFLA_INFO_DATA);
    if (plan->vlans.len > 0)
        rtnl_put_u16(msg, IFLA_VLAN_ID, (uint16_t)plan->vlans.items[0].id);
    else
        rtnl_put_u32(msg, IFLA_MACVLAN_MODE, macvlan_modes[plan->macvlan]);
    rtnl_nest_end(msg, data);
    rtnl_nest_end(msg, info);
}

static bool make(Rtnl *rtnl, const PlanLink *plan, const Device *lower, int netns_fd, GError **err)
{
    g_autoptr(NlMsg) msg = device_new();

    rtnl_put_string(msg, IFLA_IFNAME, plan->guest_name);
    rtnl_put(msg, IFLA_ADDRESS, plan->mac, sizeof plan->mac);
    rtnl_put_u32(msg, IFLA_LINK, (uint32_t)lower->index);
    rtnl_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    if (plan->mtu > 0)
        rtnl_put_u32(msg, IFLA_MTU, plan->mtu);
    put_info(msg, plan);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot make the interface '%s' on the device '%s'"), plan->guest_name,
                      lower->name);
}

/* A macvlan that passes through was born with the device's address, and hands this one down. */
static bool set_address(Rtnl *inside, const PlanLink *plan, const Note *note, GError **err)
{
    g_autoptr(NlMsg) msg = device_change(note->index);

    rtnl_put(msg, IFLA_ADDRESS, plan->mac, sizeof plan->mac);
    if (rtnl_request(inside, msg, err))
        return true;
    return fail_while(err, _("cannot give the device '%s' the address of the interface"),
                      note->device);
}

static bool bring_up(Rtnl *rtnl, const Device *lower, GError **err)
{
    g_autoptr(NlMsg) msg = device_switch(lower->index, IFF_UP);

    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot bring up the device '%s'"), lower->name);
}

bool direct_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    g_autoptr(Rtnl) inside = NULL;
    Device lower;
    Note note;

    if (!rtnl_open(&rtnl, err) || !rtnl_open_inside(home->netns_fd, &inside, err) ||
        !device_need(rtnl, plan->device, &lower, err))
        return false;
    note = note_of(is_passed_through(plan) ? NOTE_PASSED : NOTE_SHARED, &lower, plan);
    (void)g_strlcpy(note.kind, kind_of(plan), sizeof note.kind); /* it has room */
    if (!notes_put(home, &note, err) || !make(rtnl, plan, &lower, home->netns_fd, err) ||
        !notes_find_inside(home, inside, &note, err))
        return false;
    return !is_passed_through(plan) ||
           (set_address(inside, plan, &note, err) && bring_up(rtnl, &lower, err));
}
