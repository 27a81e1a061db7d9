// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See missing-disks.h. */
#include "lxc_driver/missing-disks.h"

#include <errno.h>
#include <sys/stat.h>

#include "conf/optional-disk.h"
#include "lxc_driver/events.h"

static bool is_missing(const char *path)
{
    struct stat info;

    return stat(path, &info) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void tell(const char *source, const char *target, const void *data)
{
    events_disk_missing(data, source, target);
}

void missing_disks_drop(const Domain *domain, DomainDef *live)
{
    domain_def_leave_out_disks(live, &(OptionalDisks){ is_missing, tell, domain });
}
