// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The host's neighbour table (ARP and IPv6 neighbour discovery): which addresses the host has heard
 * an interface answer for. Entries that are being asked for, or failed, prove nothing and are left
 * out.
 */
#include "net/link.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "net/rtnl.h"

#define STATES_KNOWN (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

typedef struct Search {
    const uint8_t *mac;
    LinkNeighbour *found;
    void *data;
} Search;

static bool is_of_mac(const struct nlattr *lladdr, const uint8_t *mac)
{
    return lladdr && nla_len(lladdr) == 6 && memcmp(nla_data(lladdr), mac, 6) == 0;
}

static void take_neighbour(struct nlmsghdr *header, void *data)
{
    const Search *search = data;
    const struct ndmsg *head = nlmsg_data(header);
    struct nlattr *tb[NDA_MAX + 1] = { 0 };
    char text[INET6_ADDRSTRLEN];
    const bool ipv6 = head->ndm_family == AF_INET6;

    if (header->nlmsg_type != RTM_NEWNEIGH || !(head->ndm_state & STATES_KNOWN) ||
        nlmsg_parse(header, sizeof *head, tb, NDA_MAX, NULL) < 0)
        return;
    if (!is_of_mac(tb[NDA_LLADDR], search->mac) || !tb[NDA_DST] ||
        nla_len(tb[NDA_DST]) != (ipv6 ? 16 : 4))
        return;
    if (inet_ntop(head->ndm_family, nla_data(tb[NDA_DST]), text, sizeof text))
        search->found(text, ipv6, search->data);
}

static bool dump_family(Rtnl *rtnl, uint8_t family, Search *search, GError **err)
{
    const struct ndmsg head = { .ndm_family = family };
    g_autoptr(NlMsg) msg = rtnl_message(RTM_GETNEIGH, NLM_F_DUMP, &head, sizeof head);

    return rtnl_query(rtnl, msg, take_neighbour, search, err);
}

bool link_neighbours(const uint8_t mac[6], LinkNeighbour *found, void *data, GError **err)
{
    Search search = { .mac = mac, .found = found, .data = data };
    g_autoptr(Rtnl) rtnl = NULL;

    if (!rtnl_open(&rtnl, err) || !dump_family(rtnl, AF_INET, &search, err) ||
        !dump_family(rtnl, AF_INET6, &search, err))
        return fail_while(err, _("cannot read the neighbour table"));
    return true;
}
