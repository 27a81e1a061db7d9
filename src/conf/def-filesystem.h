// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <filesystem> as the user wrote it; see device-filesystem.c. */
#pragma once

#include "conf/def-extension.h"
#include "conf/def-values.h"
#include "conf/def-volume.h"
#include "conf/device-info.h"

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

/* What turns a file into a block device; libvirt uses the word for other things as well. */
typedef enum FilesystemDriverType {
    FILESYSTEM_DRIVER_DEFAULT,
    FILESYSTEM_DRIVER_PATH,
    FILESYSTEM_DRIVER_HANDLE,
    FILESYSTEM_DRIVER_LOOP,
    FILESYSTEM_DRIVER_NBD,
    FILESYSTEM_DRIVER_PLOOP,
    FILESYSTEM_DRIVER_VIRTIOFS,
} FilesystemDriverType;

typedef struct FilesystemDriver {
    FilesystemDriverType type;
    int format; /* an index of image_format_names */
    int wrpolicy;
    OptNumber queue;
    VirtioOptions virtio;
} FilesystemDriver;

/* The daemon of virtiofs. */
typedef struct FilesystemBinary {
    char *path;
    Switch xattr, posix_lock, flock;
    int cache, sandbox;
    OptNumber threads;
} FilesystemBinary;

typedef struct Filesystem {
    FilesystemType type;
    FilesystemAccess access;
    int model, multidevs;
    OptNumber fmode, dmode;
    FilesystemDriver driver;
    FilesystemBinary binary;
    char *source;    /* dir, dev, file, name or volume */
    char *pool;      /* of the volume */
    char *socket;    /* of a daemon for virtiofs, instead of dir */
    OptNumber usage; /* KiB, for ram */
    char *target;    /* as written */
    KeptXml idmap;   /* of virtiofs */
    bool readonly;
    BootOrder boot;
    DeviceInfo info;            /* live: the alias is fs0, ... */
    OptNumber space_hard_limit; /* bytes */
    OptNumber space_soft_limit;
    FilesystemMount mount;
    FilesystemOverlay overlay;
    Volume volume;
} Filesystem;

typedef struct FilesystemList {
    size_t n;
    Filesystem **items;
} FilesystemList;
