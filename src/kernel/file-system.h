// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE list of file systems that are mounted from block devices and images. The bytes may come from
 * anybody, and the kernel reads them with all its rights: a type that is not in the list is not
 * mounted, whatever the kernel could do. Uses libc only.
 */
#pragma once

#include <stdbool.h>

typedef struct FileSystemType {
    const char *name;    /* libblkid's and the kernel's */
    const char *options; /* as for mount(8) */
    bool readonly;       /* nobody writes it */
} FileSystemType;

/* NULL: not one of the list. */
const FileSystemType *file_system_find(const char *name);
