// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the kernel says about one network device. Private to src/net.
 */
#pragma once

#include "net/link.h"
#include "net/rtnl.h"

#include <net/if.h>

typedef struct Device {
    int index; /* 0: there is no such device */
    int peer;  /* of a veth: the index of its other end, in that end's namespace */
    char name[IFNAMSIZ];
    char kind[IFNAMSIZ]; /* "veth", "bridge", "openvswitch", ... "" for a real one */
    uint8_t mac[6];
    LinkStats stats;
} Device;

/* Both succeed with index 0 when there is no such device. */
bool device_find(Rtnl *rtnl, const char *name, Device *ret_device, GError **err);
bool device_find_index(Rtnl *rtnl, int index, Device *ret_device, GError **err);

/* Reads one RTM_NEWLINK message. */
void device_parse(struct nlmsghdr *header, Device *ret_device);

/* Fine when it is gone already. */
bool device_delete(Rtnl *rtnl, int index, GError **err);
