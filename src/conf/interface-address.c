// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <ip> and <route> of an interface. Addresses are kept as texts in their usual form; whether they
 * are of one family is checked when they are read, so that planning them cannot fail.
 */
#include "conf/interface-address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/value.h"

#define BAD_ROUTE ERR(NETWORK, XML_ERROR)

static bool check_ip(void *object, const Reader *reader, GError **err);
static bool check_route(void *object, const Reader *reader, GError **err);

/* clang-format off */
static const Row ip_rows[] = {
    { "@address", ROW_STRING, offsetof(InterfaceIp, address), .missing = ERR(DOMAIN, XML_ERROR) },
    { "@family",  ROW_STRING, offsetof(InterfaceIp, family),  ROW_NOT_EMPTY },
    { "@prefix",  ROW_NUMBER, offsetof(InterfaceIp, prefix),  .min = 0, .max = 128,
                  .bad = ERR(DOMAIN, XML_ERROR) },
    { "@peer",    ROW_STRING, offsetof(InterfaceIp, peer) },
    { NULL },
};

static const Row route_rows[] = {
    { "@family",  ROW_STRING, offsetof(InterfaceRoute, family) },
    { "@address", ROW_STRING, offsetof(InterfaceRoute, address), .missing = BAD_ROUTE },
    { "@netmask", ROW_STRING, offsetof(InterfaceRoute, netmask) },
    { "@prefix",  ROW_NUMBER, offsetof(InterfaceRoute, prefix),  .min = 0, .max = UINT32_MAX },
    { "@gateway", ROW_STRING, offsetof(InterfaceRoute, gateway), .missing = BAD_ROUTE },
    { "@metric",  ROW_NUMBER, offsetof(InterfaceRoute, metric),  .min = 1, .max = UINT32_MAX },
    { NULL },
};
/* clang-format on */

const Record interface_ip_record = { "ip", sizeof(InterfaceIp), ip_rows, .check = check_ip };
const Record interface_route_record = { "route", sizeof(InterfaceRoute), route_rows,
                                        .check = check_route };

/* ---- checks ---------------------------------------------------------------------------------- */

static const char *family_word(int family)
{
    return family == AF_INET6 ? "ipv6" : "ipv4";
}

static int64_t family_bits(int family)
{
    return family == AF_INET6 ? 128 : 32;
}

/* Brings the text of an address into the form that everybody prints. */
static bool normalize(char **text, uint8_t ret_address[16], int *ret_family)
{
    char *normal = NULL;

    if (!value_parse_address(*text, ret_address, ret_family))
        return false;
    normal = value_format_address(ret_address, *ret_family);
    g_free(*text);
    *text = normal;
    return true;
}

static bool check_ip(void *object, const Reader *reader, GError **err)
{
    InterfaceIp *ip = object;
    uint8_t address[16];
    int family, peer_family;

    if (!normalize(&ip->address, address, &family))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' is not an IP address"), ip->address);
    if (ip->family && strcmp(ip->family, family_word(family)) != 0)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' is not an address of the family '%s'"),
                    ip->address, ip->family);
    if (ip->peer && (!normalize(&ip->peer, address, &peer_family) || peer_family != family))
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("'%s' cannot be the peer of the IP address '%s'"), ip->peer, ip->address);
    if (ip->prefix.set && ip->prefix.value > family_bits(family))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("the prefix of '%s' is longer than %d"),
                    ip->address, (int)family_bits(family));
    ip->prefix.set = ip->prefix.value > 0;
    if (!ip->family)
        ip->family = g_strdup(family_word(family));
    return true;
}

/* IPv4 unless the user says otherwise; an address does not say it. */
static bool route_family(const InterfaceRoute *route, int *ret_family, GError **err)
{
    *ret_family = AF_INET;
    if (!route->family || strcmp(route->family, "ipv4") == 0)
        return true;
    if (strcmp(route->family, "ipv6") != 0)
        return fail(err, BAD_ROUTE, _("unknown family '%s' of a route"), route->family);
    *ret_family = AF_INET6;
    return true;
}

static bool check_prefix(const InterfaceRoute *route, int family, GError **err)
{
    int own = family;

    if (route->netmask && route->prefix.set)
        return fail(err, BAD_ROUTE, _("the route by '%s' has both a prefix and a netmask"),
                    route->gateway);
    if (route->netmask &&
        (value_netmask_prefix(route->netmask, &own) < 0 || own != AF_INET || family != AF_INET))
        return fail(err, BAD_ROUTE, _("the netmask '%s' does not fit the route by '%s'"),
                    route->netmask, route->gateway);
    if (route->prefix.set && route->prefix.value > family_bits(family))
        return fail(err, BAD_ROUTE, _("the prefix of the route by '%s' is longer than %d"),
                    route->gateway, (int)family_bits(family));
    return true;
}

/* Without a word on its size only the network of all addresses is one. */
static int route_prefix(const InterfaceRoute *route)
{
    int family;

    if (route->netmask)
        return value_netmask_prefix(route->netmask, &family);
    return route->prefix.set ? (int)route->prefix.value : 0;
}

static bool is_network(const uint8_t address[16], int prefix)
{
    for (int bit = prefix; bit < 128; bit++)
        if (address[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

static bool check_route(void *object, const Reader *reader, GError **err)
{
    InterfaceRoute *route = object;
    uint8_t address[16], gateway[16];
    int family, own;

    if (!route_family(route, &family, err))
        return false;
    if (!normalize(&route->gateway, gateway, &own))
        return fail(err, BAD_ROUTE, _("the gateway '%s' is not an IP address"), route->gateway);
    if (own != family)
        return fail(err, BAD_ROUTE, _("'%s' cannot be the gateway of a route of the family '%s'"),
                    route->gateway, family_word(family));
    if (!normalize(&route->address, address, &own) || own != family)
        return fail(err, BAD_ROUTE,
                    _("'%s' cannot be the destination of a route of the family '%s'"),
                    route->address, family_word(family));
    if (!check_prefix(route, family, err))
        return false;
    if (!is_network(address, route_prefix(route)))
        return fail(err, BAD_ROUTE,
                    _("'%s' is not the address of a network of %d bits, to which a route by '%s' "
                      "could lead"),
                    route->address, route_prefix(route), route->gateway);
    return true;
}

/* ---- plan ------------------------------------------------------------------------------------ */

static bool is_zero(const uint8_t address[16])
{
    static const uint8_t zero[16];

    return memcmp(address, zero, sizeof(zero)) == 0;
}

/* Without a prefix an IPv4 address has that of its class. */
static uint32_t default_prefix(const uint8_t address[16], int family)
{
    if (is_zero(address))
        return 0;
    if (family == AF_INET6)
        return 64;
    return address[0] < 128 ? 8 : address[0] < 192 ? 16 : 24;
}

static void plan_ip(const InterfaceIp *ip, PlanAddress *address)
{
    int family = AF_INET;

    (void)value_parse_address(ip->address, address->address, &family); /* checked */
    address->family = family == AF_INET6 ? PLAN_FAMILY_IPV6 : PLAN_FAMILY_IPV4;
    address->prefix =
        ip->prefix.set ? (uint32_t)ip->prefix.value : default_prefix(address->address, family);
    address->has_peer = ip->peer && value_parse_address(ip->peer, address->peer, &family);
}

static void plan_route(const InterfaceRoute *route, PlanRoute *planned)
{
    int family = AF_INET;

    (void)value_parse_address(route->gateway, planned->gateway, &family); /* checked */
    planned->family = family == AF_INET6 ? PLAN_FAMILY_IPV6 : PLAN_FAMILY_IPV4;
    (void)value_parse_address(route->address, planned->destination, &family);
    planned->prefix = (uint32_t)route_prefix(route);
    planned->metric = route->metric.set ? (uint32_t)route->metric.value : 0;
}

void interface_plan_addresses(const InterfaceIpList *ips, const InterfaceRouteList *routes,
                              PlanLink *link, LinkSide side)
{
    bool inside = side == LINK_INSIDE;

    for (size_t i = 0; i < ips->n; i++)
        plan_ip(ips->items[i],
                inside ? PLAN_ADD(&link->addresses) : PLAN_ADD(&link->host_addresses));
    for (size_t i = 0; i < routes->n; i++)
        plan_route(routes->items[i],
                   inside ? PLAN_ADD(&link->routes) : PLAN_ADD(&link->host_routes));
}
