// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Interfaces on libvirt's networks. The network daemon (virtnetworkd, or a monolithic libvirtd)
 * hands out a port on a network: where to plug the link in, and a uuid by which the port is
 * released.
 *
 * All calls return at once: the talk with the other daemon blocks, so it runs in a worker thread on
 * copies, and the callback comes to the main loop. Errors of the other daemon arrive unchanged.
 * `run_dir` is the directory of the other daemon's socket (virtnetworkd-sock or libvirt-sock).
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

/* Who wants the port. Everything is copied. */
typedef struct NetworkPortOwner {
    const char *run_dir;
    const char *name; /* of the domain */
    uint8_t uuid[16];
} NetworkPortOwner;

typedef struct NetworkPort {
    char *id;                /* the port's uuid as text: `portid` in live XML */
    char *bridge;            /* plug the link in here */
    char *mac_table_manager; /* "kernel", "libvirt" or NULL */
    bool isolated;           /* the network wants its ports kept apart from each other */
} NetworkPort;

void network_port_free(NetworkPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkPort, network_port_free)

/* `port` is the callee's to free, NULL on failure; err is borrowed, NULL on success. */
typedef void NetworkPortMade(NetworkPort *port, const GError *err, void *data);
typedef void NetworkPortDone(const GError *err, void *data);

/* A port for a link of kind NETWORK. `id` is a fresh uuid, which the caller has noted down before.
 */
void network_port_create(const NetworkPortOwner *owner, const PlanLink *link, const char *id,
                         NetworkPortMade *made, void *data);

/* Tells the network daemon again about a port made by an earlier daemon of ours. */
void network_port_reclaim(const NetworkPortOwner *owner, const PlanLink *link,
                          const NetworkPort *port, NetworkPortDone *done, void *data);

/* Gives a port back. A port or network that is gone is fine. `done` may be NULL: failures are
 * logged. */
void network_port_release(const char *run_dir, const char *network, const char *port_id,
                          NetworkPortDone *done, void *data);

/* What the network's DHCP server gave out, for several interfaces at once. */
typedef struct NetworkLeaseQuery {
    const char *network;
    uint8_t mac[6];
} NetworkLeaseQuery;

typedef struct NetworkLease {
    size_t query; /* index of the query it answers */
    char *address;
    bool ipv6;
    unsigned prefix;
    char *hostname; /* NULL: none given */
} NetworkLease;

typedef void NetworkLeasesFound(const NetworkLease *leases, size_t n_leases, const GError *err,
                                void *data);
void network_port_leases(const char *run_dir, const NetworkLeaseQuery *queries, size_t n_queries,
                         NetworkLeasesFound *found, void *data);
