// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <interface>: a pair of virtual Ethernet devices, one end inside. The host's end goes into a
 * bridge, into whatever a libvirt network says at start, or is left alone. What the end inside is
 * called, which addresses and routes it gets and whether it is up is the container's part.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/interface-address.h"
#include "conf/value.h"

static const char *const type_names[] = {
    "user",     "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge",
    "internal", "direct",   "hostdev",   "udp",    "vdpa",   "null",  "vds",     NULL,
};
static const char *const mac_type_names[] = { NULL, "generated", "static", NULL };
static const char *const mac_check_names[] = { NULL, "yes", "no", NULL };
static const char *const link_names[] = { NULL, "up", "down", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

static bool parse_mac(const char *text, void *field, GError **err)
{
    uint8_t *mac = field;

    if (!value_parse_mac(text, mac))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("cannot parse the MAC address '%s'"), text);
    if (mac[0] & 1)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the MAC address '%s' is a multicast address, expected a unicast one"), text);
    return true;
}

static char *format_mac(const void *field)
{
    return value_format_mac(field);
}

static const TextFunctions mac_text = { parse_mac, format_mac };

/* Names that start makes up; a definition that carries one got it from a running domain. */
static bool is_automatic(const char *name)
{
    static const char *const prefixes[] = { "vnet", "macvtap", "macvlan" };

    for (size_t i = 0; name && i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(name, prefixes[i]))
            return true;
    return false;
}

static bool hide_target(const void *object, DomainDefFlags flags)
{
    return flags & DOMAIN_DEF_INACTIVE && is_automatic(((const Interface *)object)->target_dev);
}

static bool shows_actual(const Interface *interface, DomainDefFlags flags)
{
    return !(flags & DOMAIN_DEF_INACTIVE) && interface->actual_type;
}

static bool hide_type(const void *object, DomainDefFlags flags)
{
    return shows_actual(object, flags);
}

static bool hide_actual(const void *object, DomainDefFlags flags)
{
    return !shows_actual(object, flags);
}

#define NETWORK TYPE_BIT(INTERFACE_NETWORK)
#define BRIDGE TYPE_BIT(INTERFACE_BRIDGE)
#define ETHERNET TYPE_BIT(INTERFACE_ETHERNET)
#define FIELD(name) offsetof(Interface, name)

/*
 * A network that turned out to be a bridge is shown live as type bridge with both sources. Read
 * back, it is a network again in check; in a definition, a plain bridge.
 */
/* clang-format off */
static const Row interface_rows[] = {
    { "@type",                ROW_ENUM,   FIELD(type),                   ROW_TYPE,
                              .names = type_names, .works = NETWORK | BRIDGE | ETHERNET,
                              .hidden = hide_type },
    { "@type",                ROW_ENUM,   FIELD(actual_type),            .names = type_names,
                              .hidden = hide_actual },
    { "@trustGuestRxFilters", ROW_STRING, FIELD(trust_guest_rx_filters) },
    { "mac/@address",         ROW_TEXT,   FIELD(mac),                    .text = &mac_text,
                              .size = 6 },
    { "mac/@type",            ROW_ENUM,   FIELD(mac_type),               .names = mac_type_names },
    { "mac/@check",           ROW_ENUM,   FIELD(mac_check),              .names = mac_check_names },
    { "source/@network",      ROW_STRING, FIELD(network),                ROW_NOT_EMPTY,
                              .types = NETWORK, .missing = ERR(DOMAIN, XML_ERROR) },
    { "source/@network",      ROW_STRING, FIELD(network),                ROW_NOT_EMPTY | ROW_LIVE,
                              .types = BRIDGE },
    { "source/@portgroup",    ROW_STRING, FIELD(portgroup),              ROW_NOT_EMPTY,
                              .types = NETWORK },
    { "source/@portgroup",    ROW_STRING, FIELD(portgroup),              ROW_NOT_EMPTY | ROW_LIVE,
                              .types = BRIDGE },
    { "source/@portid",       ROW_STRING, FIELD(portid),                 ROW_LIVE,
                              .types = NETWORK | BRIDGE },
    { "source/@bridge",       ROW_STRING, FIELD(bridge),                 ROW_NOT_EMPTY,
                              .types = BRIDGE, .missing = ERR(DOMAIN, XML_ERROR) },
    { "source/@bridge",       ROW_STRING, FIELD(bridge),                 ROW_NOT_EMPTY | ROW_LIVE,
                              .types = NETWORK },
    { "source/ip",            ROW_LIST,   FIELD(host_ips),               .record = &interface_ip_record,
                              .types = ETHERNET },
    { "source/route",         ROW_LIST,   FIELD(host_routes),            .record = &interface_route_record,
                              .types = ETHERNET },
    { "port/@isolated",       ROW_YES,    FIELD(isolated) },
    { "ip",                   ROW_LIST,   FIELD(ips),                    .record = &interface_ip_record },
    { "route",                ROW_LIST,   FIELD(routes),                 .record = &interface_route_record },
    { "target/@dev",          ROW_STRING, FIELD(target_dev),             ROW_NOT_EMPTY,
                              .hidden = hide_target },
    { "guest/@dev",           ROW_STRING, FIELD(guest_dev),              ROW_NOT_EMPTY },
    { "guest/@actual",        ROW_STRING, FIELD(guest_actual),           ROW_LIVE },
    { "model|driver|backend", ROW_KEEP,   FIELD(model) },
    { "tune|teaming",         ROW_KEEP,   FIELD(tune) },
    { "link/@state",          ROW_ENUM,   FIELD(link),                   .names = link_names,
                              .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "mtu/@size",            ROW_NUMBER, FIELD(mtu),                    .min = 0,
                              .max = UINT16_MAX },
    { "coalesce",             ROW_KEEP,   FIELD(coalesce) },
    { "alias/@name",          ROW_STRING, FIELD(alias),                  ROW_LIVE },
    { "boot|rom|address",     ROW_KEEP,   FIELD(rest) },
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record interface_record = { "interface", sizeof(Interface), interface_rows,
                                         .type = &interface_rows[0], .check = check_one };

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_name(const char *name, GError **err)
{
    if (!name)
        return true;
    if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t\n\r") || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0 || strcmp(name, "lo") == 0)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' cannot be the name of a network device"),
                    name);
    return true;
}

/* A MAC of zeros is what an imported configuration has for "none". */
static void make_mac(Interface *interface)
{
    static const uint8_t none[6];
    guint32 random = g_random_int();

    interface->mac_set = true;
    if (memcmp(interface->mac, none, sizeof(none)) != 0)
        return;
    memcpy(interface->mac, (uint8_t[6]){ 0x52, 0x54, 0x00 }, 3);
    memcpy(interface->mac + 3, &random, 3);
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Interface *interface = object;

    if (reader->flags & DOMAIN_DEF_INACTIVE && is_automatic(interface->target_dev))
        g_clear_pointer(&interface->target_dev, g_free);
    if (interface->type == INTERFACE_BRIDGE && interface->network) {
        interface->type = INTERFACE_NETWORK;
        interface->actual_type = INTERFACE_BRIDGE;
    } else {
        interface->actual_type = 0;
    }
    if (interface->mtu.value == 0)
        interface->mtu.set = false;
    make_mac(interface);
    return check_name(interface->target_dev, err) && check_name(interface->guest_dev, err) &&
           check_name(interface->bridge, err);
}

/* Two devices of one name cannot be in one container, nor two host ends on one host. */
static bool check_unique(const DomainDef *def, size_t offset, GError **err)
{
    g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->interfaces.n; i++) {
        const Interface *interface = def->interfaces.items[i];
        const Interface *other = NULL;
        char *name = *(char *const *)((const char *)interface + offset);
        g_autofree char *mac = NULL;
        g_autofree char *other_mac = NULL;

        if (!name)
            continue;
        other = g_hash_table_lookup(owners, name);
        if (!other) {
            g_hash_table_insert(owners, name, (void *)interface);
            continue;
        }
        mac = value_format_mac(interface->mac);
        other_mac = value_format_mac(other->mac);
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the interfaces with MAC '%s' and '%s' are both called '%s'"), other_mac, mac,
                    name);
    }
    return true;
}

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    return check_unique(def, offsetof(Interface, guest_dev), err) &&
           check_unique(def, offsetof(Interface, target_dev), err);
}

/* ---- names inside ---------------------------------------------------------------------------- */

static GHashTable *explicit_names(const DomainDef *def)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->interfaces.n; i++)
        if (def->interfaces.items[i]->guest_dev)
            g_hash_table_add(names, def->interfaces.items[i]->guest_dev);
    return names;
}

/* eth0, eth1, ... counting the interfaces without a name of their own. */
static char *next_name(GHashTable *taken, unsigned *next)
{
    for (;;) {
        g_autofree char *name = g_strdup_printf("eth%u", (*next)++);

        if (!g_hash_table_contains(taken, name))
            return g_steal_pointer(&name);
    }
}

static void make_live(DomainDef *def)
{
    g_autoptr(GHashTable) taken = explicit_names(def);
    unsigned next = 0;

    for (size_t i = 0; i < def->interfaces.n; i++) {
        Interface *interface = def->interfaces.items[i];

        g_free(interface->alias);
        interface->alias = g_strdup_printf("net%zu", i);
        if (!interface->guest_dev)
            interface->guest_dev = next_name(taken, &next);
    }
}

/* ---- plan ------------------------------------------------------------------------------------ */

static PlanLinkKind link_kind(const Interface *interface)
{
    if (interface->type == INTERFACE_NETWORK)
        return PLAN_LINK_NETWORK;
    return interface->type == INTERFACE_BRIDGE ? PLAN_LINK_BRIDGE : PLAN_LINK_ETHERNET;
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Interface *interface = device;
    PlanLink *link = PLAN_ADD(&builder->plan->links);
    bool is_network = interface->type == INTERFACE_NETWORK;

    if (!builder->guest_names)
        builder->guest_names = explicit_names(builder->def);
    link->kind = link_kind(interface);
    link->network = g_strdup(interface->network);
    link->portgroup = g_strdup(interface->portgroup);
    link->bridge = g_strdup(is_network ? NULL : interface->bridge);
    link->host_name = g_strdup(interface->target_dev);
    link->guest_name = interface->guest_dev
                           ? g_strdup(interface->guest_dev)
                           : next_name(builder->guest_names, &builder->next_ethernet);
    memcpy(link->mac, interface->mac, sizeof(link->mac));
    link->mtu = interface->mtu.set ? (uint32_t)interface->mtu.value : 0;
    link->up = interface->ips.n > 0 || interface->link == LINK_STATE_UP;
    link->host_down = interface->link == LINK_STATE_DOWN;
    link->isolated = interface->isolated;
    for (size_t i = 0; i < interface->ips.n; i++)
        interface_plan_ip(interface->ips.items[i], PLAN_ADD(&link->addresses));
    for (size_t i = 0; i < interface->routes.n; i++)
        interface_plan_route(interface->routes.items[i], PLAN_ADD(&link->routes));
    for (size_t i = 0; i < interface->host_ips.n; i++)
        interface_plan_ip(interface->host_ips.items[i], PLAN_ADD(&link->host_addresses));
    for (size_t i = 0; i < interface->host_routes.n; i++)
        interface_plan_route(interface->host_routes.items[i], PLAN_ADD(&link->host_routes));
    return true;
}

const DeviceClass interface_class = {
    .element = "interface",
    .record = &interface_record,
    .list = offsetof(DomainDef, interfaces),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
