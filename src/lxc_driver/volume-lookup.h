// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Asks the storage daemon (virtstoraged, or a monolithic libvirtd) what volumes are. Returns at
 * once: the talk runs in a worker thread on copies, and the callback comes to the main loop.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct VolumeQuery {
    const char *pool;
    const char *name;
    bool optional; /* "" is found where it is not there */
} VolumeQuery;

/* `xmls` are the volumes' descriptions in the order of the queries, NULL on failure; borrowed. */
typedef void VolumesFound(const char *const *xmls, const GError *err, void *data);

/* `run_dir` is the directory of the daemon's socket (virtstoraged-sock or libvirt-sock). */
void volume_lookup(const char *run_dir, const VolumeQuery *queries, size_t n_queries,
                   VolumesFound *found, void *data);
