// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The container's network devices, by netlink. Daemon side: nothing here lives in the controller.
 *
 * What can be is made right in the container's namespace, under its final name and address: a move
 * between namespaces waits for several RCU grace periods. A dying namespace takes its links along.
 * Three things it does not take along: the host's own devices, what a link has besides its host end
 * (a queue for its limit, a port of Open vSwitch), and its name, for a moment.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Where links go, and for whom. */
typedef struct LinkHome {
    int netns_fd; /* borrowed */
    uint8_t uuid[16];
    const char *notes; /* a path: what is written down is in files of this name, see link_recall */
} LinkHome;

/*
 * Makes the link of `plan`, of any kind but NETWORK. The host end, if there is one, is called
 * plan->host_name, or the first free vnetN when that is "". *ret_host_name is the caller's; it
 * stays NULL for a link without a host end. Host side: bridge port, mtu, isolation, VLANs, limits,
 * host addresses and routes, up.
 *
 * Nothing here keeps state between calls, so that a worker thread may make them too: the kernel's
 * lock on all links can be held for tens of milliseconds while others are taken down.
 */
bool link_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err);

/* Inside: lo up, then for each link addresses, up or down, routes. All in one visit to the
 * namespace. */
bool link_configure_inside(const PlanLink *links, size_t n_links, int netns_fd, GError **err);

/* Whether something of the link stays on the host when its namespace dies. */
bool link_outlives_namespace(const PlanLink *plan);

/*
 * Deletes the host end, plan->host_name, of a link and what it has besides. Fine when it is gone
 * already, or when the name belongs to another link by now (names are used again; the host end's
 * own address tells).
 * Waits for the kernel, up to 50 ms. After the container's end there is mostly nothing to do, since
 * its namespace takes the link along in the background.
 */
bool link_remove(const PlanLink *plan, GError **err);

/*
 * Takes back what is written down in `notes`, also after a crash of whoever wrote it: devices of
 * the host that are in a container, or that carry a macvlan of it. Until then the container's
 * namespace lives, whatever became of its processes. Fine when there are no notes. What could not
 * be put right is said in the log.
 */
void link_recall(const char *notes);

bool link_exists(const char *host_name);

/* rx/tx of the host end. */
typedef struct LinkStats {
    uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
    uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
} LinkStats;
bool link_stats(const char *host_name, LinkStats *ret_stats, GError **err);

/* The host's neighbour table: calls `found` for each address of `mac`. */
typedef void LinkNeighbour(const char *address, bool ipv6, void *data);
bool link_neighbours(const uint8_t mac[6], LinkNeighbour *found, void *data, GError **err);

/* The addresses that the devices inside have right now, read from the namespace itself. A failure
 * when there are very many. */
typedef struct LinkAddress {
    const char *name; /* of the device, inside */
    uint8_t mac[6];
    const char *address; /* text; NULL for a device without addresses, which comes once */
    bool ipv6;
    unsigned prefix;
} LinkAddress;
typedef void LinkAddressFound(const LinkAddress *address, void *data);
bool link_addresses_inside(int netns_fd, LinkAddressFound *found, void *data, GError **err);
