// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Replacing a file as a whole: written beside it, then renamed over it. Whoever reads sees the old
 * or the new content, and a disk that is full leaves the old one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum FileDurability {
    FILE_FOR_THIS_BOOT, /* runtime state: a crash of the machine makes it void anyway */
    FILE_SYNCED,        /* on disk, name included, when the call returns */
} FileDurability;

bool file_replace(const char *path, const char *text, FileDurability durability, GError **err);

/* Fine when it is not there. */
bool file_remove(const char *path, GError **err);

/* Makes renames and removals in `dir` durable. */
bool file_sync_dir(const char *dir, GError **err);
