// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Mount options in the words of mount(8), as other formats have them, and what they make of a
 * <filesystem>.
 */
#pragma once

#include "conf/domain-def.h"

typedef struct NativeMount {
    bool readonly;
    bool bind;
    bool recursive; /* rbind */
    bool idmap;
    FilesystemMount flags; /* nosuid and so on, propagation */
    int64_t size;          /* KiB; 0: not given */
    const char *lowers;    /* overlay; borrowed from the words */
    const char *upper;
    const char *work;
} NativeMount;

/* One word; false for one that means nothing here. */
bool native_mount_option(const char *word, NativeMount *mount);
/* "slave", "rslave" and so on. */
Propagation native_mount_propagation(const char *word);
/* "nosuid" and so on, one by one from 0 on; NULL after the last. Gives its PLAN_MOUNT_F_* too. */
const char *native_mount_flag(size_t index, unsigned *ret_flag);
/* Read-only, flags and propagation. */
void native_mount_apply(const NativeMount *mount, Filesystem *fs);
/* The other way round: appends the words, separated by commas. */
void native_mount_words(const Filesystem *fs, GString *words);
