// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Where this host keeps its control groups: one Hierarchy for the v2 tree and one for each v1 tree,
 * as /proc/self/mountinfo and /proc/self/cgroup show them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Hierarchy {
    char *mount;        /* where it is mounted: /sys/fs/cgroup/memory */
    char *own;          /* the calling process's own group in it, below mount: "/" or "/user" */
    char **controllers; /* "memory", or "name=systemd"; of v2: what its root offers */
    bool unified;       /* v2 */
    bool divided;       /* root inside may make groups below that of its processes */
    bool delegates;     /* nsdelegate: the files of a cgroup namespace's root are kept from it */
    char *dir;          /* the container's group: mount and path; set by cgroup.c */
} Hierarchy;

/* All hierarchies, in the order of the mount table. The array frees its elements. */
bool hierarchy_read_host(GPtrArray **ret_hierarchies, GError **err);

/* The same from given texts, for the test. */
GPtrArray *hierarchy_parse(const char *mountinfo, const char *own_groups);

bool hierarchy_has(const Hierarchy *hierarchy, const char *controller);
