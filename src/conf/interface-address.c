// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <ip> and <route> of an interface. Texts stay as the user wrote them; whether they are addresses
 * of one family is checked when they are read, so that planning them cannot fail.
 */
#include "conf/interface-address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/value.h"

static bool check_ip(void *object, const Reader *reader, GError **err);
static bool check_route(void *object, const Reader *reader, GError **err);

/* clang-format off */
static const Row ip_rows[] = {
    { "@address", ROW_STRING, offsetof(InterfaceIp, address), .missing = ERR(DOMAIN, XML_ERROR) },
    { "@family",  ROW_STRING, offsetof(InterfaceIp, family) },
    { "@prefix",  ROW_NUMBER, offsetof(InterfaceIp, prefix),  .min = 0, .max = 128,
                  .bad = ERR(DOMAIN, XML_ERROR) },
    { "@peer",    ROW_STRING, offsetof(InterfaceIp, peer),    ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

const Record interface_ip_record = { "ip", sizeof(InterfaceIp), ip_rows, .check = check_ip };

/* clang-format off */
static const Row route_rows[] = {
    { "@family",  ROW_STRING, offsetof(InterfaceRoute, family) },
    { "@address", ROW_STRING, offsetof(InterfaceRoute, address), ROW_NOT_EMPTY },
    { "@netmask", ROW_STRING, offsetof(InterfaceRoute, netmask), ROW_NOT_EMPTY },
    { "@prefix",  ROW_NUMBER, offsetof(InterfaceRoute, prefix),  .min = 0, .max = 128,
                  .bad = ERR(NETWORK, XML_ERROR) },
    { "@gateway", ROW_STRING, offsetof(InterfaceRoute, gateway),
                  .missing = ERR(NETWORK, XML_ERROR) },
    { "@metric",  ROW_NUMBER, offsetof(InterfaceRoute, metric),  .min = 1, .max = UINT32_MAX,
                  .bad = ERR(NETWORK, XML_ERROR) },
    { NULL },
};
/* clang-format on */

const Record interface_route_record = { "route", sizeof(InterfaceRoute), route_rows,
                                        .check = check_route };

static const char *family_word(int family)
{
    return family == AF_INET6 ? "ipv6" : "ipv4";
}

static int64_t family_bits(int family)
{
    return family == AF_INET6 ? 128 : 32;
}

static bool check_family(const char *word, int family, const char *address, unsigned code,
                         GError **err)
{
    if (word && strcmp(word, family_word(family)) != 0)
        return fail(err, code, _("'%s' is not an address of the family '%s'"), address, word);
    return true;
}

static bool check_ip(void *object, const Reader *reader, GError **err)
{
    InterfaceIp *ip = object;
    uint8_t address[16];
    int family, peer_family;

    if (!value_parse_address(ip->address, address, &family))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' is not an IP address"), ip->address);
    if (!check_family(ip->family, family, ip->address, ERR(DOMAIN, XML_ERROR), err))
        return false;
    if (ip->peer &&
        (!value_parse_address(ip->peer, address, &peer_family) || peer_family != family))
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("'%s' cannot be the peer of the IP address '%s'"), ip->peer, ip->address);
    if (ip->prefix.set && ip->prefix.value > family_bits(family))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("the prefix of '%s' is longer than %d"),
                    ip->address, (int)family_bits(family));
    if (!ip->family)
        ip->family = g_strdup(family_word(family));
    return true;
}

static bool check_route_address(const InterfaceRoute *route, int family, GError **err)
{
    uint8_t address[16];
    int own = 0;

    if (route->address && (!value_parse_address(route->address, address, &own) || own != family))
        return fail(err, ERR(NETWORK, XML_ERROR),
                    _("'%s' cannot be the destination of a route by '%s'"), route->address,
                    route->gateway);
    if (route->netmask && (value_netmask_prefix(route->netmask, &own) < 0 || own != AF_INET ||
                           family != AF_INET || route->prefix.set))
        return fail(err, ERR(NETWORK, XML_ERROR),
                    _("the netmask '%s' does not fit the route by '%s'"), route->netmask,
                    route->gateway);
    if (route->prefix.set && route->prefix.value > family_bits(family))
        return fail(err, ERR(NETWORK, XML_ERROR),
                    _("the prefix of the route by '%s' is longer than %d"), route->gateway,
                    (int)family_bits(family));
    return true;
}

static bool check_route(void *object, const Reader *reader, GError **err)
{
    InterfaceRoute *route = object;
    uint8_t gateway[16];
    int family;

    if (!value_parse_address(route->gateway, gateway, &family))
        return fail(err, ERR(NETWORK, XML_ERROR), _("the gateway '%s' is not an IP address"),
                    route->gateway);
    return check_family(route->family, family, route->gateway, ERR(NETWORK, XML_ERROR), err) &&
           check_route_address(route, family, err);
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

void interface_plan_ip(const InterfaceIp *ip, PlanAddress *address)
{
    int family = AF_INET;

    (void)value_parse_address(ip->address, address->address, &family); /* checked */
    address->family = family == AF_INET6 ? PLAN_FAMILY_IPV6 : PLAN_FAMILY_IPV4;
    address->prefix =
        ip->prefix.set ? (uint32_t)ip->prefix.value : default_prefix(address->address, family);
    address->has_peer = ip->peer && value_parse_address(ip->peer, address->peer, &family);
}

void interface_plan_route(const InterfaceRoute *route, PlanRoute *planned)
{
    int family = AF_INET, ignored;

    (void)value_parse_address(route->gateway, planned->gateway, &family); /* checked */
    planned->family = family == AF_INET6 ? PLAN_FAMILY_IPV6 : PLAN_FAMILY_IPV4;
    if (route->address)
        (void)value_parse_address(route->address, planned->destination, &family);
    if (route->prefix.set)
        planned->prefix = (uint32_t)route->prefix.value;
    else if (route->netmask)
        planned->prefix = (uint32_t)value_netmask_prefix(route->netmask, &ignored);
    else
        planned->prefix = default_prefix(planned->destination, family);
    planned->metric = route->metric.set ? (uint32_t)route->metric.value : 0;
}
