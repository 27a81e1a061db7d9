// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <interface>: a network device of the container. Mostly it is a pair of virtual Ethernet devices,
 * one end inside, the other in a bridge, in whatever a libvirt network says at start, or left
 * alone; it may also be a macvlan on a device of the host, or lead nowhere. This file says what can
 * be written and gives it back; parts of it stand in interface-*.c, and what becomes of it all in
 * interface-plan.c.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/interface-address.h"
#include "conf/interface-parts.h"
#include "conf/value.h"

static const char *const type_names[] = {
    "user",     "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge",
    "internal", "direct",   "hostdev",   "udp",    "vdpa",   "null",  "vds",     NULL,
};
/* Why no container can have them, in the same order. */
static const char *const type_reasons[] = {
    [INTERFACE_USER] = N_("only an emulator has a network stack of its own"),
    [INTERFACE_VHOSTUSER] = N_("only an emulator shares its memory with a switch"),
    [INTERFACE_SERVER] = N_("only an emulator sends packets through a socket"),
    [INTERFACE_CLIENT] = N_("only an emulator sends packets through a socket"),
    [INTERFACE_MCAST] = N_("only an emulator sends packets through a socket"),
    [INTERFACE_INTERNAL] = N_("only other hypervisors have internal networks"),
    [INTERFACE_HOSTDEV] = N_("a network device of the host, whatever bus it is on, is moved into a "
                             "container by <hostdev mode='capabilities' type='net'>"),
    [INTERFACE_UDP] = N_("only an emulator sends packets through a socket"),
    [INTERFACE_VDPA] = N_("only a virtual machine can drive a vDPA device"),
    [INTERFACE_VDS] = N_("only VMware has distributed switches"),
};
static const char *const mac_type_names[] = { NULL, "generated", "static", NULL };
const char *const macvlan_mode_names[] = { "vepa", "bridge", "private", "passthrough", NULL };
static const char *const hostdev_driver_names[] = { NULL, "kvm", "vfio", "xen", NULL };
static const char *const link_names[] = { NULL, "up", "down", NULL };

const char *interface_type_name(InterfaceType type)
{
    return type_names[type];
}

InterfaceType interface_actual_type(const Interface *interface)
{
    return interface->actual_type ? interface->actual_type : interface->type;
}

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

/* Of a network, only one that turned out to be a macvlan has a mode. */
static bool hide_macvlan(const void *object, DomainDefFlags flags)
{
    return ((const Interface *)object)->type == INTERFACE_NETWORK &&
           ((const Interface *)object)->actual_type != INTERFACE_DIRECT;
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
#define DIRECT TYPE_BIT(INTERFACE_DIRECT)
#define HOSTDEV TYPE_BIT(INTERFACE_HOSTDEV)
#define UNPLUGGED TYPE_BIT(INTERFACE_NULL)
#define WORKING (NETWORK | BRIDGE | ETHERNET | DIRECT | UNPLUGGED)
/* Those whose <source> is carried along. */
#define FOREIGN ~(WORKING | TYPE_BIT(INTERFACE_USER))
/* Those that are plugged into a switch. */
#define PORTS (NETWORK | BRIDGE | DIRECT | HOSTDEV)
#define FIELD(name) offsetof(Interface, name)
#define YES_NO .names = choice_names

/*
 * A network that turned out to be a bridge or a macvlan is shown live as that type with both
 * sources. Read back, it is a network again in check; in a definition, a plain one of that type.
 */
/* clang-format off */
static const Row interface_rows[] = {
    { "@type",                ROW_ENUM,   FIELD(type),            ROW_TYPE, .names = type_names,
                              .works = WORKING, .reasons = type_reasons, .hidden = hide_type },
    { "@type",                ROW_ENUM,   FIELD(actual_type),     .names = type_names,
                              .hidden = hide_actual },
    { "@managed",             ROW_ENUM,   FIELD(managed),         ROW_KEPT, YES_NO, .types = HOSTDEV },
    { "@trustGuestRxFilters", ROW_ENUM,   FIELD(trust_guest_rx_filters), ROW_KEPT, YES_NO },
    { "mac/@address",         ROW_TEXT,   FIELD(mac),             .text = &mac_text, .size = 6 },
    { "mac/@type",            ROW_ENUM,   FIELD(mac_type),        ROW_KEPT, .names = mac_type_names },
    { "mac/@check",           ROW_ENUM,   FIELD(mac_check),       ROW_KEPT, YES_NO },
    { "source/@network",      ROW_STRING, FIELD(network),         ROW_NOT_EMPTY, .types = NETWORK,
                              .missing = ERR(DOMAIN, XML_ERROR) },
    { "source/@network",      ROW_STRING, FIELD(network),         ROW_NOT_EMPTY | ROW_LIVE,
                              .types = BRIDGE | DIRECT },
    { "source/@portgroup",    ROW_STRING, FIELD(portgroup),       ROW_NOT_EMPTY, .types = NETWORK },
    { "source/@portgroup",    ROW_STRING, FIELD(portgroup),       ROW_NOT_EMPTY | ROW_LIVE,
                              .types = BRIDGE | DIRECT },
    { "source/@portid",       ROW_STRING, FIELD(portid),          ROW_LIVE,
                              .types = NETWORK | BRIDGE | DIRECT },
    { "source/@bridge",       ROW_STRING, FIELD(bridge),          ROW_NOT_EMPTY, .types = BRIDGE,
                              .missing = ERR(DOMAIN, XML_ERROR) },
    { "source/@bridge",       ROW_STRING, FIELD(bridge),          ROW_NOT_EMPTY | ROW_LIVE,
                              .types = NETWORK },
    { "source/@macTableManager", ROW_STRING, FIELD(mac_table_manager), ROW_LIVE | ROW_KEPT,
                              .types = NETWORK | BRIDGE },
    { "source/@dev",          ROW_STRING, FIELD(device),          ROW_NOT_EMPTY, .types = DIRECT,
                              .missing = ERR(DOMAIN, XML_ERROR) },
    { "source/@dev",          ROW_STRING, FIELD(device),          ROW_NOT_EMPTY | ROW_LIVE,
                              .types = NETWORK },
    { "source/@mode",         ROW_ENUM,   FIELD(macvlan),         .types = DIRECT, .names = macvlan_mode_names },
    { "source/@mode",         ROW_ENUM,   FIELD(macvlan),         ROW_LIVE, .types = NETWORK,
                              .names = macvlan_mode_names, .hidden = hide_macvlan },
    { "source/ip",            ROW_LIST,   FIELD(host_ips),        .record = &interface_ip_record,
                              .types = ETHERNET },
    { "source/ip",            ROW_REFUSED, .types = ~(FOREIGN | ETHERNET) },
    { "source/route",         ROW_LIST,   FIELD(host_routes),     .record = &interface_route_record,
                              .types = ETHERNET },
    { "source/route",         ROW_REFUSED, .types = ~(FOREIGN | ETHERNET) },
    { "driver/@name",         ROW_ENUM,   FIELD(hostdev_driver),  ROW_KEPT, .types = HOSTDEV,
                              .names = hostdev_driver_names },
    { "source",               ROW_KEEP,   FIELD(source),          .types = FOREIGN,
                              .missing = ERR(DOMAIN, XML_ERROR) },
    { "vlan",                 ROW_MAYBE,  FIELD(vlan),            .record = &vlan_record },
    { "virtualport",          ROW_MAYBE,  FIELD(virtualport),     ROW_EVEN_EMPTY,
                              .types = PORTS, .record = &virtualport_record },
    { "virtualport",          ROW_REFUSED, .types = ~PORTS },
    { "bandwidth",            ROW_MAYBE,  FIELD(bandwidth),       .record = &bandwidth_record },
    { "port/@isolated",       ROW_ENUM,   FIELD(isolated),        YES_NO },
    { "ip",                   ROW_LIST,   FIELD(ips),             .record = &interface_ip_record },
    { "route",                ROW_LIST,   FIELD(routes),          .record = &interface_route_record },
    { "portForward",          ROW_LIST,   FIELD(forwards),        .record = &port_forward_record },
    { "script/@path",         ROW_STRING, FIELD(script),          ROW_NOT_EMPTY | ROW_UNPLANNED },
    { "downscript/@path",     ROW_STRING, FIELD(downscript),      ROW_NOT_EMPTY | ROW_UNPLANNED },
    { "backenddomain/@name",  ROW_STRING, FIELD(backend_domain),  ROW_NOT_EMPTY | ROW_KEPT },
    { "target/@dev",          ROW_STRING, FIELD(target_dev),      ROW_NOT_EMPTY, .hidden = hide_target },
    { "target/@managed",      ROW_ENUM,   FIELD(target_managed),  ROW_KEPT, YES_NO },
    { "guest/@dev",           ROW_STRING, FIELD(guest_dev),       ROW_NOT_EMPTY },
    { "guest/@actual",        ROW_STRING, FIELD(guest_actual),    ROW_LIVE },
    { "model/@type",          ROW_STRING, FIELD(model),           ROW_NOT_EMPTY | ROW_KEPT,
                              .normalize = interface_normalize_model },
    { "driver",               ROW_MAYBE,  FIELD(driver),          .record = &interface_driver_record,
                              .types = ~HOSTDEV },
    { "backend",              ROW_MAYBE,  FIELD(backend),         .record = &interface_backend_record },
    { "filterref",            ROW_MAYBE,  FIELD(filter),          .record = &filterref_record,
                              .types = NETWORK | BRIDGE | ETHERNET },
    { "tune/sndbuf",          ROW_NUMBER, FIELD(send_buffer),     ROW_KEPT, .min = 0, .max = INT64_MAX,
                              .bad = ERR(DOMAIN, XML_ERROR) },
    { "teaming",              ROW_MAYBE,  FIELD(teaming),         .record = &teaming_record },
    { "link/@state",          ROW_ENUM,   FIELD(link),            .names = link_names,
                              .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "mtu/@size",            ROW_NUMBER, FIELD(mtu),             .min = 0, .max = UINT32_MAX,
                              .bad = ERR(DOMAIN, XML_ERROR) },
    { "coalesce/rx/frames/@max", ROW_NUMBER, FIELD(coalesce),     ROW_KEPT, .min = 0, .max = UINT32_MAX,
                              .bad = ERR(DOMAIN, XML_DETAIL) },
    { "boot",                 ROW_MAYBE,  FIELD(boot),            .record = &boot_record },
    { "alias/@name",          ROW_STRING, FIELD(alias),           ROW_LIVE },
    { "rom",                  ROW_MAYBE,  FIELD(rom),             .record = &rom_record },
    { "acpi/@index",          ROW_NUMBER, FIELD(acpi_index),      ROW_KEPT, .min = 1, .max = UINT32_MAX },
    { "address",              ROW_MAYBE,  FIELD(address),         .record = &address_record },
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record interface_record = { "interface", sizeof(Interface), interface_rows,
                                         .type = &interface_rows[0], .check = check_one };

/* ---- checks ---------------------------------------------------------------------------------- */

static void make_mac(Interface *interface)
{
    guint32 random = g_random_int();

    memcpy(interface->mac, (uint8_t[6]){ 0x52, 0x54, 0x00 }, 3);
    memcpy(interface->mac + 3, &random, 3);
}

/* A MAC of zeros is what an imported configuration has for "none". */
static void need_mac(Interface *interface)
{
    static const uint8_t none[6];

    interface->mac_given = memcmp(interface->mac, none, sizeof(none)) != 0;
    if (!interface->mac_given)
        make_mac(interface);
}

/* What a running domain shows of a network is one again. */
static void restore_network(Interface *interface)
{
    interface->actual_type = 0;
    if (TYPE_BIT(interface->type) & (BRIDGE | DIRECT) && interface->network) {
        interface->actual_type = interface->type;
        interface->type = INTERFACE_NETWORK;
    }
    if (interface->type == INTERFACE_NETWORK && interface->actual_type != INTERFACE_DIRECT)
        interface->macvlan = MACVLAN_VEPA;
}

static bool check_isolated(const Interface *interface, GError **err)
{
    const VirtualPort *port = interface->virtualport;

    if (interface->isolated != CHOICE_YES)
        return true;
    if (!(TYPE_BIT(interface->type) & (NETWORK | BRIDGE)))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("the port of an interface of type '%s' cannot be isolated: only a Linux "
                      "bridge isolates"),
                    type_names[interface->type]);
    if (port && port->type == VIRTUALPORT_OPENVSWITCH)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a port of Open vSwitch cannot be isolated: only a Linux bridge isolates"));
    return true;
}

/* Only the host's end of type ethernet is nobody else's. */
static bool check_target(const Interface *interface, GError **err)
{
    if (interface->target_managed == CHOICE_NO && interface->type != INTERFACE_ETHERNET)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<target managed='no'> is for interfaces of type 'ethernet', not '%s'"),
                    type_names[interface->type]);
    return true;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Interface *interface = object;

    if (reader->flags & DOMAIN_DEF_INACTIVE && is_automatic(interface->target_dev))
        g_clear_pointer(&interface->target_dev, g_free);
    restore_network(interface);
    interface->mtu.set = interface->mtu.value > 0;
    interface->coalesce.set = interface->coalesce.value > 0;
    need_mac(interface);
    return virtualport_check(interface, err) && bandwidth_check(interface, err) &&
           check_isolated(interface, err) && check_target(interface, err) &&
           interface_machine_check(interface, err);
}

/* 24 random bits may be another interface's already. */
static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < def->interfaces.n; i++)
        if (def->interfaces.items[i]->mac_given)
            (void)g_hash_table_add(taken, value_format_mac(def->interfaces.items[i]->mac));
    for (size_t i = 0; i < def->interfaces.n; i++) {
        Interface *interface = def->interfaces.items[i];

        while (!interface->mac_given && !g_hash_table_add(taken, value_format_mac(interface->mac)))
            make_mac(interface);
    }
    return true;
}

/* ---- live ------------------------------------------------------------------------------------ */

static void make_live(DomainDef *def)
{
    g_autoptr(GHashTable) taken = interface_guest_names(def);
    unsigned next = 0;

    for (size_t i = 0; i < def->interfaces.n; i++) {
        Interface *interface = def->interfaces.items[i];

        g_free(interface->alias);
        interface->alias = g_strdup_printf("net%zu", i);
        if (!interface->guest_dev)
            interface->guest_dev = interface_next_name(taken, &next);
    }
}

const DeviceClass interface_class = {
    .element = "interface",
    .record = &interface_record,
    .list = offsetof(DomainDef, interfaces),
    .check = check,
    .make_live = make_live,
    .plan = interface_plan,
};
