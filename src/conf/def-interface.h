// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <interface> as the user wrote it; see device-interface.c. */
#pragma once

#include "conf/def-extension.h"
#include "conf/def-values.h"

typedef enum InterfaceType {
    INTERFACE_USER,
    INTERFACE_ETHERNET,
    INTERFACE_VHOSTUSER,
    INTERFACE_SERVER,
    INTERFACE_CLIENT,
    INTERFACE_MCAST,
    INTERFACE_NETWORK,
    INTERFACE_BRIDGE,
    INTERFACE_INTERNAL,
    INTERFACE_DIRECT,
    INTERFACE_HOSTDEV,
    INTERFACE_UDP,
    INTERFACE_VDPA,
    INTERFACE_NULL,
    INTERFACE_VDS,
} InterfaceType;

typedef enum LinkState { LINK_STATE_DEFAULT, LINK_STATE_UP, LINK_STATE_DOWN } LinkState;

typedef struct InterfaceIp {
    char *family; /* ipv4 or ipv6; filled in */
    char *address;
    char *peer;
    OptNumber prefix;
} InterfaceIp;

typedef struct InterfaceIpList {
    size_t n;
    InterfaceIp **items;
} InterfaceIpList;

typedef struct InterfaceRoute {
    char *family;
    char *address;
    char *netmask;
    OptNumber prefix;
    char *gateway;
    OptNumber metric;
} InterfaceRoute;

typedef struct InterfaceRouteList {
    size_t n;
    InterfaceRoute **items;
} InterfaceRouteList;

/* Parts that few interfaces have: in interface-parts.h, or in device-info.h. */
typedef struct Vlan Vlan;
typedef struct VirtualPort VirtualPort;
typedef struct Bandwidth Bandwidth;
typedef struct FilterRef FilterRef;
typedef struct InterfaceDriver InterfaceDriver;
typedef struct InterfaceBackend InterfaceBackend;
typedef struct PortForward PortForward;
typedef struct Teaming Teaming;
typedef struct BootOrder BootOrder;
typedef struct Rom Rom;
typedef struct Address Address;

typedef struct PortForwardList {
    size_t n;
    PortForward **items;
} PortForwardList;

typedef enum MacvlanMode {
    MACVLAN_VEPA,
    MACVLAN_BRIDGE,
    MACVLAN_PRIVATE,
    MACVLAN_PASSTHROUGH,
} MacvlanMode;

/* Pointers to parts are NULL when nothing of them is given. */
typedef struct Interface {
    InterfaceType type;
    InterfaceType actual_type; /* live, of type network: BRIDGE or DIRECT when it is one; else 0 */
    Choice managed;            /* type hostdev */
    Choice trust_guest_rx_filters;
    uint8_t mac[6];
    bool mac_given; /* by the user, not made up */
    int mac_type;   /* 0 not given, 1 generated, 2 static */
    int mac_check;  /* 0 not given, 1 yes, 2 no */
    char *network;
    char *portgroup;
    char *portid;            /* live: the network port's UUID as text */
    char *bridge;            /* type bridge; live also of type network: the actual bridge */
    char *mac_table_manager; /* live: who keeps the bridge's table, as the network says */
    char *device;            /* type direct; live also of type network */
    MacvlanMode macvlan;
    KeptXml source;           /* of the types that no container can have */
    int hostdev_driver;       /* type hostdev */
    InterfaceIpList host_ips; /* type ethernet */
    InterfaceRouteList host_routes;
    Vlan *vlan;
    VirtualPort *virtualport;
    Bandwidth *bandwidth;
    Choice isolated;
    InterfaceIpList ips;
    InterfaceRouteList routes;
    PortForwardList forwards;
    char *script;
    char *downscript;
    char *backend_domain;
    char *target_dev; /* host end; automatic names (vnetN) only live */
    Choice target_managed;
    char *guest_dev;    /* name inside; live: eth0, ... filled in */
    char *guest_actual; /* live */
    char *model;
    InterfaceDriver *driver;
    InterfaceBackend *backend;
    FilterRef *filter;
    OptNumber send_buffer;
    Teaming *teaming;
    LinkState link;
    OptNumber mtu;
    OptNumber coalesce; /* received frames */
    BootOrder *boot;
    char *alias; /* live: net0, ... */
    Rom *rom;
    OptNumber acpi_index;
    Address *address;
} Interface;

typedef struct InterfaceList {
    size_t n;
    Interface **items;
} InterfaceList;
