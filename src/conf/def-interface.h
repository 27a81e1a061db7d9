// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <interface> as the user wrote it; see device-interface.c. */
#pragma once

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

typedef struct Interface {
    InterfaceType type;
    InterfaceType actual_type; /* live, of type network: BRIDGE when the network is one; else 0 */
    char *trust_guest_rx_filters;
    uint8_t mac[6];
    bool mac_set;  /* given by the user or made at parse time: true after parsing */
    int mac_type;  /* 0 not given, 1 generated, 2 static */
    int mac_check; /* 0 not given, 1 yes, 2 no */
    char *network;
    char *portgroup;
    char *portid;             /* live: the network port's UUID as text */
    char *bridge;             /* type bridge; live also of type network: the actual bridge */
    InterfaceIpList host_ips; /* type ethernet */
    InterfaceRouteList host_routes;
    bool isolated;
    InterfaceIpList ips;
    InterfaceRouteList routes;
    char *target_dev;   /* host end; automatic names (vnetN) only live */
    char *guest_dev;    /* name inside; live: eth0, ... filled in */
    char *guest_actual; /* live */
    KeptXml model;      /* model, driver, backend */
    KeptXml tune;       /* tune, teaming */
    LinkState link;
    OptNumber mtu;
    KeptXml coalesce;
    char *alias;  /* live: net0, ... */
    KeptXml rest; /* boot, rom, address */
} Interface;

typedef struct InterfaceList {
    size_t n;
    Interface **items;
} InterfaceList;
