// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See optional-disk.h. */
#include "conf/optional-disk.h"

#include "conf/device.h"
#include "conf/disk.h"

/* NULL: none. Borrowed. */
static const char *host_path(const Disk *disk)
{
    const char *path = disk->type == DISK_VOLUME ? NULL : disk->source.path;

    return path && *path == '/' ? path : NULL;
}

static bool is_missing(const Disk *disk, const OptionalDisks *ask)
{
    const char *path = host_path(disk);

    if (!disk_is_optional(disk))
        return false;
    if (disk->type == DISK_VOLUME)
        return disk->volume.kind == VOLUME_MISSING;
    return path && ask->missing && g_hash_table_contains(ask->missing, path);
}

GPtrArray *domain_def_optional_disks(const DomainDef *def)
{
    const DiskList *disks = (const DiskList *)device_list(def, &disk_class);
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < disks->n; i++) {
        const Disk *disk = disks->items[i];
        if (disk_is_optional(disk) && host_path(disk))
            g_ptr_array_add(paths, g_strdup(host_path(disk)));
    }
    return paths;
}

void domain_def_leave_out_disks(DomainDef *live, const OptionalDisks *ask)
{
    DiskList *disks = (DiskList *)device_list(live, &disk_class);
    size_t n_kept = 0;

    for (size_t i = 0; i < disks->n; i++) {
        Disk *disk = disks->items[i];

        if (!is_missing(disk, ask)) {
            disks->items[n_kept++] = disk;
            continue;
        }
        ask->left_out(disk_source_text(disk), disk->target, ask->data);
        record_free(disk_class.record, disk);
    }
    if (n_kept < disks->n) /* the list of who has none is not ours to write to */
        disks->n = n_kept;
}
