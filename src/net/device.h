// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the kernel says about one network device. Private to src/net.
 */
#pragma once

#include "net/link.h"
#include "net/rtnl.h"

#include <net/if.h>

#define DEVICE_ALIAS_SIZE 256 /* the kernel takes no longer one */

typedef struct Device {
    int index; /* 0: there is no such device */
    int peer;  /* of a veth: the index of its other end, in that end's namespace */
    char name[IFNAMSIZ];
    char kind[IFNAMSIZ]; /* "veth", "bridge", "openvswitch", ... "" for a real one */
    uint8_t mac[6];
    unsigned mtu;
    unsigned flags; /* IFF_* that somebody has set */
    char alias[DEVICE_ALIAS_SIZE];
    bool up;
    bool sorts_vlans; /* of a bridge: vlan_filtering is on */
    LinkStats stats;
} Device;

/* Both succeed with index 0 when there is no such device. */
bool device_find(Rtnl *rtnl, const char *name, Device *ret_device, GError **err);
bool device_find_index(Rtnl *rtnl, int index, Device *ret_device, GError **err);

/* Fails when the host has no such device. */
bool device_need(Rtnl *rtnl, const char *name, Device *ret_device, GError **err);

/* Reads one RTM_NEWLINK message. */
void device_parse(struct nlmsghdr *header, Device *ret_device);

/* The beginnings of messages: a new device, a change of one that leaves its state alone, and one
 * that brings it up (IFF_UP) or down (0) as well. */
NlMsg *device_new(void);
NlMsg *device_change(int index);
NlMsg *device_switch(int index, unsigned state);
/* One that sets all that DEVICE_FLAGS has. */
#define DEVICE_FLAGS ((unsigned)(IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST))
NlMsg *device_set_flags(int index, unsigned flags);

/* For a message that brings it up: no IPv6 address of its own, for who only passes packets on. */
void device_put_no_ipv6_address(NlMsg *msg);

/* Fine when it is gone already. */
bool device_delete(Rtnl *rtnl, int index, GError **err);
