// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See host-device.h, and link_recall for the way back. The kernel takes a device down when it
 * moves, and its addresses from it.
 */
#include "net/host-device.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/error.h"
#include "base/text.h"
#include "net/notes.h"

static bool move(Rtnl *rtnl, const PlanLink *plan, const Device *device, int netns_fd, GError **err)
{
    g_autoptr(NlMsg) msg = device_change(device->index);

    rtnl_put_string(msg, IFLA_IFNAME, plan->guest_name);
    rtnl_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot move the device '%s' into the container"), device->name);
}

bool host_device_give(const PlanLink *plan, const LinkHome *home, char **ret_host_name,
                      GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    g_autoptr(Rtnl) inside = NULL;
    Device device;
    Note note;

    if (!rtnl_open(&rtnl, err) || !rtnl_open_inside(home->netns_fd, &inside, err) ||
        !device_need(rtnl, plan->device, &device, err))
        return false;
    note = note_of(NOTE_MOVED, &device, plan);
    return notes_put(home, &note, err) && move(rtnl, plan, &device, home->netns_fd, err) &&
           notes_find_inside(home, inside, &note, err);
}
