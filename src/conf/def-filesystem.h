// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <filesystem> as the user wrote it; see device-filesystem.c. */
#pragma once

#include "conf/def-extension.h"
#include "conf/def-values.h"

typedef enum FilesystemType {
    FILESYSTEM_MOUNT,
    FILESYSTEM_BLOCK,
    FILESYSTEM_FILE,
    FILESYSTEM_TEMPLATE,
    FILESYSTEM_RAM,
    FILESYSTEM_BIND,
    FILESYSTEM_VOLUME,
} FilesystemType;

typedef enum FilesystemAccess {
    FILESYSTEM_ACCESS_ABSENT, /* live: the root that start put in is printed without it */
    FILESYSTEM_ACCESS_PASSTHROUGH,
    FILESYSTEM_ACCESS_MAPPED,
    FILESYSTEM_ACCESS_SQUASH,
} FilesystemAccess;

typedef struct Filesystem {
    FilesystemType type;
    FilesystemAccess access;
    char *model, *multidevs, *fmode, *dmode;
    KeptXml driver;
    char *source;    /* dir, dev, file or name */
    OptNumber usage; /* KiB, for ram */
    char *target;    /* as written */
    bool readonly;
    OptNumber space_hard_limit; /* bytes */
    OptNumber space_soft_limit;
    FilesystemMount mount;
    FilesystemOverlay overlay;
    char *alias;  /* live: fs0, ... */
    KeptXml rest; /* boot, address */
} Filesystem;

typedef struct FilesystemList {
    size_t n;
    Filesystem **items;
} FilesystemList;
