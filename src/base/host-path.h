// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Paths on the host that a definition names, and where something is written as root. A directory
 * on the way that a container can change would let it lead us anywhere by a symlink: the way is
 * gone step by step, and none leads through such a place. Symlinks elsewhere are followed where
 * they are root's or our own. Uses libc only. Failure is -1 with errno.
 */
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* A directory, whatever leads to it. */
typedef struct HostPlace {
    dev_t device;
    ino_t inode;
} HostPlace;

typedef struct HostPlaces {
    size_t n;
    const HostPlace *items; /* borrowed */
} HostPlaces;

/*
 * The directory that the absolute `path` is in, as an O_PATH descriptor. *ret_name points to the
 * last component, in `path`; it is not looked at. EXDEV: the way leads through a place that is
 * closed; ELOOP: by a symlink of somebody else, or by too many.
 */
int host_path_open_parent(const char *path, HostPlaces closed, const char **ret_name);

/*
 * Opens what `path` leads to, as open(2) with `flags`; a symlink at its end is followed like those
 * on the way. EXDEV and ELOOP as above.
 */
int host_path_open(const char *path, HostPlaces closed, int flags);

/*
 * What `path` leads to, as an O_PATH descriptor, to be mounted: nothing is written there, so any
 * link of the host's is followed, whoever made it; but none in a closed place, where it is the
 * container's. ELOOP: there is one; EXDEV: ".." leads out of the place.
 */
typedef enum HostPathEnd {
    HOST_PATH_ANY,
    HOST_PATH_DIRECTORY,
    HOST_PATH_NO_LINK, /* a directory, and no link is in its place */
} HostPathEnd;
int host_path_find(const char *path, HostPlaces closed, HostPathEnd end);

/*
 * A stream socket, not blocking, that was bound or connected there: `how` is bind or connect, which
 * may have no more than some 85 bytes of a name.
 */
typedef int HostPathCall(int sock, const struct sockaddr *address, socklen_t size);
int host_path_socket(const char *path, HostPlaces closed, HostPathCall *how);
