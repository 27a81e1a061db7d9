// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See closed-places.h. */
#include "kernel/closed-places.h"

#include <sys/stat.h>

static void add_place(GArray *places, const char *path)
{
    struct stat root;
    struct stat info;
    HostPlace place;

    if (!*path || stat(path, &info) < 0 || !S_ISDIR(info.st_mode))
        return;
    /* Who sees all of the host has nothing to gain. */
    if (stat("/", &root) == 0 && root.st_ino == info.st_ino && root.st_dev == info.st_dev)
        return;
    place = (HostPlace){ .device = info.st_dev, .inode = info.st_ino };
    g_array_append_val(places, place);
}

GArray *closed_places_new(const Plan *plan)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(HostPlace));

    for (uint32_t i = 0; i < plan->mounts.len; i++) {
        const PlanMount *mount = &plan->mounts.items[i];
        if (mount->kind == PLAN_MOUNT_HOST && !(mount->flags & PLAN_MOUNT_F_READONLY))
            add_place(places, mount->source);
        add_place(places, mount->overlay.upper);
        add_place(places, mount->overlay.work);
    }
    for (uint32_t i = 0; i < plan->changeable.len; i++)
        add_place(places, plan->changeable.items[i]);
    return places;
}

HostPlaces closed_places(const GArray *places)
{
    return places ? (HostPlaces){ places->len, (const HostPlace *)(const void *)places->data }
                  : (HostPlaces){ 0 };
}
