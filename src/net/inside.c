// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The inner ends of a container's links, seen and set from inside its network namespace: addresses,
 * up or down, routes (link_configure_inside), and reading back what is there
 * (link_addresses_inside).
 *
 * A device without anything to do stays down and untouched, so that the container's own network
 * manager finds it as it would find a network card.
 */
#include "net/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "net/address.h"
#include "net/device.h"
#include "net/rtnl.h"

static bool find_inside(Rtnl *rtnl, const char *name, Device *ret_device, GError **err)
{
    if (!device_find(rtnl, name, ret_device, err))
        return fail_while(err, _("cannot look for the interface '%s' inside the container"), name);
    if (ret_device->index == 0)
        return fail_errno(err, ENODEV, _("cannot find the interface '%s' inside the container"),
                          name);
    return true;
}

static bool bring_up(Rtnl *rtnl, const Device *device, GError **err)
{
    const struct ifinfomsg head = {
        .ifi_family = AF_UNSPEC,
        .ifi_index = device->index,
        .ifi_flags = IFF_UP,
        .ifi_change = IFF_UP,
    };
    g_autoptr(NlMsg) msg = rtnl_message(RTM_NEWLINK, 0, &head, sizeof head);

    if (rtnl_request(rtnl, msg, err))
        return true;
    return fail_while(err, _("cannot bring up the interface '%s' inside the container"),
                      device->name);
}

/* Addresses and the link first, for all; a route may lead over any of them. */
static bool configure_device(Rtnl *rtnl, const PlanLink *link, const Device *device, GError **err)
{
    for (uint32_t i = 0; i < link->addresses.len; i++)
        if (!address_add(rtnl, device, &link->addresses.items[i], err))
            return false;
    return !link->up || bring_up(rtnl, device, err);
}

static bool add_routes(Rtnl *rtnl, const PlanLink *link, const Device *device, GError **err)
{
    for (uint32_t i = 0; link->up && i < link->routes.len; i++)
        if (!route_add(rtnl, device, &link->routes.items[i], err))
            return false;
    return true;
}

bool link_configure_inside(const PlanLink *links, size_t n_links, int netns_fd, GError **err)
{
    g_autofree Device *devices = g_new0(Device, n_links);
    g_autoptr(Rtnl) rtnl = NULL;
    Device loopback;

    if (!rtnl_open_inside(netns_fd, &rtnl, err) || !find_inside(rtnl, "lo", &loopback, err) ||
        !bring_up(rtnl, &loopback, err))
        return false;
    for (size_t i = 0; i < n_links; i++)
        if (!find_inside(rtnl, links[i].guest_name, &devices[i], err) ||
            !configure_device(rtnl, &links[i], &devices[i], err))
            return false;
    for (size_t i = 0; i < n_links; i++)
        if (!add_routes(rtnl, &links[i], &devices[i], err))
            return false;
    return true;
}

/* ---- reading back -------------------------------------------------------------------------- */

typedef struct AddressEntry {
    int index;
    bool ipv6;
    unsigned prefix;
    char text[INET6_ADDRSTRLEN];
} AddressEntry;

/* Root inside may make as many as it likes, and the daemon is not to be busy with them: one more
 * than the most is kept, which tells that there are too many. */
#define READ_MAX 2048

static void keep(GArray *found, const void *one)
{
    if (found->len <= READ_MAX)
        g_array_append_vals(found, one, 1);
}

static void take_device(struct nlmsghdr *header, void *data)
{
    Device device;

    device_parse(header, &device);
    if (device.index > 0)
        keep(data, &device);
}

/* IFA_LOCAL is the address; IFA_ADDRESS is the peer's where there is one, and IPv6's only one. */
static void take_address(struct nlmsghdr *header, void *data)
{
    const struct ifaddrmsg *head = nlmsg_data(header);
    struct nlattr *tb[IFA_MAX + 1] = { 0 };
    struct nlattr *local;
    AddressEntry entry = { 0 };

    if (header->nlmsg_type != RTM_NEWADDR ||
        nlmsg_parse(header, sizeof *head, tb, IFA_MAX, NULL) < 0)
        return;
    local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
    entry.index = (int)head->ifa_index;
    entry.ipv6 = head->ifa_family == AF_INET6;
    entry.prefix = head->ifa_prefixlen;
    if (local && nla_len(local) == (entry.ipv6 ? 16 : 4) &&
        inet_ntop(head->ifa_family, nla_data(local), entry.text, sizeof entry.text))
        keep(data, &entry);
}

static void report_device(const Device *device, const GArray *entries, LinkAddressFound *found,
                          void *data)
{
    LinkAddress address = { .name = device->name };
    bool any = false;

    memcpy(address.mac, device->mac, sizeof address.mac);
    for (guint i = 0; i < entries->len; i++) {
        const AddressEntry *entry = &g_array_index(entries, AddressEntry, i);
        if (entry->index != device->index)
            continue;
        address.address = entry->text;
        address.ipv6 = entry->ipv6;
        address.prefix = entry->prefix;
        found(&address, data);
        any = true;
    }
    if (!any)
        found(&address, data);
}

bool link_addresses_inside(int netns_fd, LinkAddressFound *found, void *data, GError **err)
{
    const struct ifinfomsg link_head = { .ifi_family = AF_UNSPEC };
    const struct ifaddrmsg address_head = { .ifa_family = AF_UNSPEC };
    g_autoptr(NlMsg) link_dump =
        rtnl_message(RTM_GETLINK, NLM_F_DUMP, &link_head, sizeof link_head);
    g_autoptr(NlMsg) address_dump =
        rtnl_message(RTM_GETADDR, NLM_F_DUMP, &address_head, sizeof address_head);
    g_autoptr(GArray) devices = g_array_new(FALSE, FALSE, sizeof(Device));
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(AddressEntry));
    g_autoptr(Rtnl) rtnl = NULL;

    if (!rtnl_open_inside(netns_fd, &rtnl, err) ||
        !rtnl_query(rtnl, link_dump, take_device, devices, err) ||
        !rtnl_query(rtnl, address_dump, take_address, entries, err))
        return fail_while(err, _("cannot read the addresses inside the container"));
    if (devices->len > READ_MAX || entries->len > READ_MAX)
        return fail(err, ERR(LXC, OPERATION_FAILED),
                    _("the container has more than %d interfaces or addresses"), READ_MAX);
    for (guint i = 0; i < devices->len; i++)
        report_device(&g_array_index(devices, Device, i), entries, found, data);
    return true;
}
