// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A port of a libvirt network, as the network daemon speaks of it: what an interface asks for, and
 * what the network makes of it.
 */
#pragma once

#include "conf/domain-def.h"

typedef enum PortPlug {
    PORT_PLUG_OPEN,  /* the network decides where it is plugged in */
    PORT_PLUG_KNOWN, /* it has: the network daemon is told again */
} PortPlug;

/* The document of the port of `interface`, which is of type network and has its port's id. */
char *interface_port_format(const DomainDef *def, const Interface *interface, PortPlug plug);

/*
 * The network's answer becomes part of the live interface: what it is plugged into, and the VLANs,
 * limits and virtual port of the network or the group of ports. Fails for what no container can
 * have.
 */
bool interface_port_apply(const char *xml, Interface *interface, GError **err);
