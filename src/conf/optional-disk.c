// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See optional-disk.h. */
#include "conf/optional-disk.h"

#include "conf/device.h"
#include "conf/disk.h"

static bool is_missing(const Disk *disk, const OptionalDisks *ask)
{
    if (disk->source.startup_policy != DISK_POLICY_OPTIONAL)
        return false;
    if (disk->type == DISK_VOLUME)
        return disk->volume.kind == VOLUME_MISSING;
    return disk->source.path && *disk->source.path == '/' && ask->is_missing(disk->source.path);
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
