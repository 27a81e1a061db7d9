// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Network devices in three parts: lxc-net.c gathers their lines and makes devices of them,
 * lxc-net-keys.c has the keys, lxc-net-write.c writes devices.
 */
#pragma once

#include "conf/lxc-format.h"

/* The lines of one device, borrowed. */
typedef struct LxcNic {
    long number;
    GPtrArray *lines;
} LxcNic;

/* The last line with that key; NULL: there is none. */
const LxcLine *lxc_nic_line(const LxcNic *nic, const char *key);
const char *lxc_nic_value(const LxcNic *nic, const char *key);

/* What a device becomes: an interface, or a device of the host. */
typedef enum LxcNicKind { LXC_NIC_VETH, LXC_NIC_MACVLAN, LXC_NIC_HOST } LxcNicKind;

typedef struct LxcNicTarget {
    LxcImport *in;
    const LxcNic *nic;
    Interface *interface; /* NULL for a device of the host */
    InterfaceIpList *ips;
    InterfaceRouteList *routes;
} LxcNicTarget;

bool lxc_nic_read(LxcNicTarget *target, LxcNicKind kind, GError **err);

/* VlanTag.native. */
enum { VLAN_NATIVE_ABSENT, VLAN_NATIVE_TAGGED, VLAN_NATIVE_UNTAGGED };

/* LXC's word. */
const char *lxc_macvlan_mode(MacvlanMode mode);
