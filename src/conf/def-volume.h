// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What a volume of a storage pool turned out to be; see volume.h. */
#pragma once

typedef enum VolumeKind {
    VOLUME_ABSENT, /* nobody has asked yet */
    VOLUME_FILE,
    VOLUME_BLOCK,
    VOLUME_DIR,
    VOLUME_MISSING, /* it is not there, and need not be */
} VolumeKind;

/* Of a running domain. */
typedef struct Volume {
    VolumeKind kind;
    char *path;
    int format; /* of a file: an index of image_format_names */
} Volume;
