// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See interface-port.h. One record both says and reads it; its parts are the interface's own.
 */
#include "conf/interface-port.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/interface-parts.h"
#include "conf/value.h"
#include "conf/xml.h"

typedef enum PlugType {
    PLUG_ABSENT,
    PLUG_NETWORK,
    PLUG_BRIDGE,
    PLUG_DIRECT,
    PLUG_HOSTDEV_PCI,
} PlugType;

typedef struct Plug {
    PlugType type;
    char *bridge;
    char *mac_table_manager;
    char *device;
    MacvlanMode macvlan;
} Plug;

/* The strings are borrowed from the interface and its domain when it is printed. */
typedef struct NetworkPort {
    char *id;
    char *owner_name;
    char *owner_uuid;
    char *group;
    char *mac;
    Choice trust_guest_rx_filters;
    VirtualPort *virtualport;
    Bandwidth *bandwidth;
    Vlan *vlan;
    Choice isolated;
    Plug plug;
} NetworkPort;

static const char *const plug_names[] = {
    NULL, "network", "bridge", "direct", "hostdev-pci", NULL
};

#define BRIDGED (TYPE_BIT(PLUG_NETWORK) | TYPE_BIT(PLUG_BRIDGE))
#define DIRECT TYPE_BIT(PLUG_DIRECT)
#define FIELD(name) offsetof(NetworkPort, name)
#define PLUG(name) offsetof(Plug, name)

/* clang-format off */
static const Row plug_rows[] = {
    { "@type",            ROW_ENUM,   PLUG(type),              ROW_TYPE, .names = plug_names },
    { "@bridge",          ROW_STRING, PLUG(bridge),            .types = BRIDGED,
                          .missing = ERR(XML, XML_ERROR) },
    { "@macTableManager", ROW_STRING, PLUG(mac_table_manager), .types = BRIDGED },
    { "@dev",             ROW_STRING, PLUG(device),            .types = DIRECT,
                          .missing = ERR(XML, XML_ERROR) },
    { "@mode",            ROW_ENUM,   PLUG(macvlan),           .types = DIRECT,
                          .names = macvlan_mode_names },
    { NULL },
};

static const Record plug_record = { "plug", sizeof(Plug), plug_rows, .type = &plug_rows[0] };

static const Row port_rows[] = {
    { "uuid",                  ROW_STRING, FIELD(id) },
    { "owner/name",            ROW_STRING, FIELD(owner_name) },
    { "owner/uuid",            ROW_STRING, FIELD(owner_uuid) },
    { "group",                 ROW_STRING, FIELD(group) },
    { "mac/@address",          ROW_STRING, FIELD(mac) },
    { "rxfilters/@trustGuest", ROW_ENUM,   FIELD(trust_guest_rx_filters), .names = choice_names },
    { "virtualport",           ROW_MAYBE,  FIELD(virtualport), ROW_EVEN_EMPTY,
                               .record = &virtualport_record },
    { "bandwidth",             ROW_MAYBE,  FIELD(bandwidth),   .record = &port_bandwidth_record },
    { "vlan",                  ROW_MAYBE,  FIELD(vlan),        .record = &vlan_record },
    { "port/@isolated",        ROW_ENUM,   FIELD(isolated),    .names = choice_names },
    { "plug",                  ROW_RECORD, FIELD(plug),        .record = &plug_record },
    { NULL },
};
/* clang-format on */

static const Record port_record = { "networkport", sizeof(NetworkPort), port_rows };

/* ---- asking ------------------------------------------------------------------------------------
 */

static Plug plug_of(const Interface *interface)
{
    Plug plug = { .type = PLUG_NETWORK,
                  .bridge = interface->bridge,
                  .mac_table_manager = interface->mac_table_manager,
                  .device = interface->device,
                  .macvlan = interface->macvlan };

    if (interface->actual_type == INTERFACE_BRIDGE)
        plug.type = PLUG_BRIDGE;
    if (interface->actual_type == INTERFACE_DIRECT)
        plug.type = PLUG_DIRECT;
    return plug;
}

char *interface_port_format(const DomainDef *def, const Interface *interface, PortPlug plug)
{
    Writer writer = { .out = g_string_new(NULL) };
    g_autofree char *uuid = value_format_uuid(def->uuid);
    g_autofree char *mac = value_format_mac(interface->mac);
    const NetworkPort port = {
        .id = interface->portid,
        .owner_name = def->name,
        .owner_uuid = uuid,
        .group = interface->portgroup,
        .mac = mac,
        .trust_guest_rx_filters = interface->trust_guest_rx_filters,
        .virtualport = interface->virtualport,
        .bandwidth = interface->bandwidth,
        .vlan = interface->vlan,
        .isolated = interface->isolated,
        .plug = plug == PORT_PLUG_KNOWN ? plug_of(interface) : (Plug){ .type = PLUG_ABSENT },
    };

    (void)record_format(&port_record, &writer, port_record.element, &port); /* never empty */
    return g_string_free(writer.out, FALSE);
}

/* ---- the answer --------------------------------------------------------------------------------
 */

/* Two pointers: the answer gets the old value, which goes with it. */
static void exchange(void *one, void *other)
{
    void *kept;

    memcpy(&kept, one, sizeof kept);
    memcpy(one, other, sizeof kept);
    memcpy(other, &kept, sizeof kept);
}

static void take_answer(NetworkPort *port, Interface *interface)
{
    interface->actual_type = 0;
    if (port->plug.type == PLUG_BRIDGE)
        interface->actual_type = INTERFACE_BRIDGE;
    if (port->plug.type == PLUG_DIRECT)
        interface->actual_type = INTERFACE_DIRECT;
    exchange(&interface->bridge, &port->plug.bridge);
    exchange(&interface->mac_table_manager, &port->plug.mac_table_manager);
    exchange(&interface->device, &port->plug.device);
    exchange(&interface->virtualport, &port->virtualport);
    exchange(&interface->bandwidth, &port->bandwidth);
    exchange(&interface->vlan, &port->vlan);
    interface->macvlan = port->plug.macvlan;
    if (port->isolated)
        interface->isolated = port->isolated;
}

static bool check_plug(const NetworkPort *port, const Interface *interface, GError **err)
{
    if (port->plug.type == PLUG_HOSTDEV_PCI)
        return fail(
            err, ERR(LXC, CONFIG_UNSUPPORTED),
            _("network '%s' gives out PCI devices, which only a virtual machine can drive: "
              "<hostdev mode='capabilities' type='net'> gives a network device of the host"),
            interface->network);
    if (port->plug.type == PLUG_ABSENT)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("network '%s' does not say where to plug in"),
                    interface->network);
    return true;
}

bool interface_port_apply(const char *xml, Interface *interface, GError **err)
{
    const Reader reader = { .flags = DOMAIN_DEF_LIVE };
    g_autoptr(xmlDoc) doc = xml_read(xml, "network_port", err);
    NetworkPort port = { 0 };
    bool fine = doc && record_parse(&port_record, &reader, xmlDocGetRootElement(doc), &port, err);

    if (!fine)
        fail_while(err, _("cannot understand the port of network '%s'"), interface->network);
    fine = fine && check_plug(&port, interface, err);
    if (fine)
        take_answer(&port, interface);
    record_clear(&port_record, &port);
    return fine;
}
