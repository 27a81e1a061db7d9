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

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Which port is meant. Everything is copied. */
typedef struct NetworkPortPlace {
    const char *run_dir;
    const char *network;
    const char *id; /* a fresh uuid when it is made, which the caller has noted down before */
} NetworkPortPlace;

/* `xml` is the network's answer, NULL on failure; both are borrowed, err is NULL on success. */
typedef void NetworkPortMade(const char *xml, const GError *err, void *data);
typedef void NetworkPortDone(const GError *err, void *data);

/* The documents are conf/interface-port.h's. */
void network_port_create(const NetworkPortPlace *place, const char *xml, NetworkPortMade *made,
                         void *data);

/* Tells the network daemon again about a port made by an earlier daemon of ours. */
void network_port_reclaim(const NetworkPortPlace *place, const char *xml, NetworkPortDone *done,
                          void *data);

/* Gives a port back. A port or network that is gone is fine. `done` may be NULL: failures are
 * logged. */
void network_port_release(const NetworkPortPlace *place, NetworkPortDone *done, void *data);

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
