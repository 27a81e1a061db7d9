// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Mounts by descriptor: a mount is made detached, gets its attributes, and is attached last, so
 * that nobody ever sees one half done. Needs Linux 5.12 (mount_setattr).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "plan-xdr.h"

/* What a new file system is: `options` comma separated as for mount(8), and without the label. */
typedef struct MountType {
    const char *name;
    const char *options;
    const char *label; /* SELinux's, of all that is in it; NULL: the policy's */
} MountType;

/* A new file system as a detached mount. */
bool mount_new_labelled(const MountType *type, int *ret_fd, GError **err);
bool mount_new(const char *type, const char *options, int *ret_fd, GError **err);

/* The same of the file system that is on a block device. */
bool mount_device(const char *device, const char *type, const char *options, int *ret_fd,
                  GError **err);

/* A detached, private copy of the mount at `path` (as for openat; "" is `dir_fd` itself). -1:
 * errno. */
typedef enum MountDepth { MOUNT_TOP_ONLY, MOUNT_RECURSIVE } MountDepth;
int mount_clone(int dir_fd, const char *path, MountDepth depth);
/* What is mounted at the source later shows up as `propagation` says, where that is not private. */
int mount_clone_peer(int dir_fd, const char *path, MountDepth depth, PlanPropagation propagation);

/* An attached mount once more, flags and all; detached, for another place. -1: errno. */
int mount_again(int fd);

/* Sets PLAN_MOUNT_F_* on a mount; recursively when PLAN_MOUNT_F_RECURSIVE is among them. */
bool mount_set_flags(int fd, unsigned flags);
bool mount_set_writable(int fd);
bool mount_set_propagation(int fd, PlanPropagation propagation);

/* Shows ids of the container's map as themselves on the detached mount. */
bool mount_set_idmap(int fd, int userns_fd, unsigned flags);

/* Cuts the tree at "/" of the calling process's namespace off from its peers. */
bool mount_make_private(void);

/* Attaches a detached mount on what `target_fd` is. */
bool mount_attach(int fd, int target_fd);

/*
 * The attached mount `root_fd` becomes the root, the old root leaves the namespace. Nothing is
 * written into the tree for it.
 */
bool mount_pivot(int root_fd);

/* False, with a sentence that names the kernel: the calls above are not there. */
bool mount_check_kernel(GError **err);
