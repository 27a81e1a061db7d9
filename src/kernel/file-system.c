// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See file-system.h. */
#include "kernel/file-system.h"

#include <stddef.h>
#include <string.h>

/* An ext file system may say about itself that errors in it are to stop the whole host; so it is
 * told something else. XFS refuses a second file system with the same UUID, which copies have. */
static const FileSystemType types[] = {
    {"ext2",      "errors=remount-ro", false},
    { "ext3",     "errors=remount-ro", false},
    { "ext4",     "errors=remount-ro", false},
    { "xfs",      "nouuid",            false},
    { "btrfs",    "",                  false},
    { "f2fs",     "",                  false},
    { "vfat",     "",                  false},
    { "squashfs", "",                  true },
    { "erofs",    "",                  true },
    { "iso9660",  "",                  true },
};

const FileSystemType *file_system_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}
