// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Limits on the space of a directory and all below it, by its file system: a project of ext4 or xfs
 * (or whatever else has them), the group of a subvolume of btrfs.
 *
 * A project is a number that files carry. The first limit on a directory puts one on all that is in
 * it, which takes as long as going through it; what is made there later inherits it. The number
 * follows from the directory's inode, so that nobody has to remember it; it stays with the files
 * when the limit is lifted, and limits nothing then.
 *
 * All of this may take long: worker threads only.
 */
#pragma once

#include "base/host-path.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How a directory is found: as a mount finds it, or as what is written to as root. */
typedef enum QuotaWay {
    QUOTA_WAY_ANY,
    QUOTA_WAY_NO_LINK, /* it is no symlink itself */
    QUOTA_WAY_TRUSTED, /* nor does one of somebody else, or a closed place, lead there */
} QuotaWay;

typedef struct QuotaPlace {
    const char *path;
    const char *beside; /* counted along with it, if that is a project; NULL: nothing is */
    uint64_t bytes;
    bool optional; /* it need not be there */
    QuotaWay way;
    HostPlaces closed; /* borrowed */
} QuotaPlace;

bool quota_set(const QuotaPlace *place, GError **err);

/* Also where there is none, or no directory any more. */
bool quota_lift(const QuotaPlace *place, GError **err);
