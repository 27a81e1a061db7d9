// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * This daemon as a client of libvirt's other daemons, through libvirt's public API.
 *
 * libvirt.so.0 is loaded when it is first needed and not linked: most containers use none of them,
 * and the library brings some 10 MB of memory and 20 ms of start with it. The functions
 * come in a table, typed by the header's own prototypes. All of this blocks: worker threads only.
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

/* The functions that are used. X makes of each name what is wanted. */
#define LIBVIRT_FUNCTIONS(X)                                                                       \
    X(virConnectOpen)                                                                              \
    X(virConnectClose)                                                                             \
    X(virSetErrorFunc)                                                                             \
    X(virGetLastError)                                                                             \
    X(virNetworkLookupByName)                                                                      \
    X(virNetworkFree)                                                                              \
    X(virNetworkPortCreateXML)                                                                     \
    X(virNetworkPortLookupByUUIDString)                                                            \
    X(virNetworkPortGetXMLDesc)                                                                    \
    X(virNetworkPortDelete)                                                                        \
    X(virNetworkPortFree)                                                                          \
    X(virNetworkGetDHCPLeases)                                                                     \
    X(virNetworkDHCPLeaseFree)                                                                     \
    X(virStoragePoolLookupByName)                                                                  \
    X(virStoragePoolIsActive)                                                                      \
    X(virStoragePoolFree)                                                                          \
    X(virStorageVolLookupByName)                                                                   \
    X(virStorageVolGetXMLDesc)                                                                     \
    X(virStorageVolFree)                                                                           \
    X(virNWFilterBindingCreateXML)                                                                 \
    X(virNWFilterBindingLookupByPortDev)                                                           \
    X(virNWFilterBindingDelete)                                                                    \
    X(virNWFilterBindingFree)

#define LIBVIRT_MEMBER(name) __typeof__(name) *name;

typedef enum LibvirtDaemon { LIBVIRT_NETWORK, LIBVIRT_NWFILTER, LIBVIRT_STORAGE } LibvirtDaemon;

/* One connection to a daemon and the functions to use it with. */
typedef struct LibvirtClient {
    LIBVIRT_FUNCTIONS(LIBVIRT_MEMBER)
    virConnectPtr connection;
} LibvirtClient;

/* `run_dir` holds the daemon's own socket, or the libvirt-sock of a daemon that does everything. */
bool libvirt_client_open(const char *run_dir, LibvirtDaemon daemon, LibvirtClient **ret_client,
                         GError **err);
void libvirt_client_close(LibvirtClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LibvirtClient, libvirt_client_close)

/* Fails with the error of the library's last call in this thread, unchanged. */
bool libvirt_client_fail(const LibvirtClient *client, GError **err);
