// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Volumes of libvirt's storage pools, of <filesystem> and <disk> alike. The definition names pool
 * and volume; at start the storage daemon describes the volume, and what it says becomes part of
 * the live definition, whose plan has a directory, an image or a block device instead.
 */
#pragma once

#include "conf/domain-def.h"
#include "conf/image.h"

/* One of a definition's volumes; everything is borrowed from that. */
typedef struct VolumeUse {
    const char *pool;
    const char *name;
    Volume *found; /* what is filled in */
    bool optional; /* it need not be there */
} VolumeUse;

/* A GArray of VolumeUse: all of them. */
GArray *domain_def_volumes(DomainDef *def);

/*
 * Takes what the storage daemon says of it, "" if that does not have it; fails for what no
 * container can use.
 */
bool volume_apply(const char *xml, const VolumeUse *use, GError **err);

/* False for names that no volume can have, or that could lead out of a pool. */
bool volume_check(const VolumeUse *use, GError **err);

/*
 * The format of a file volume: what the definition says, or raw. That a volume looks like another
 * is no reason to take it for one: who can write it could have made it look so.
 */
bool volume_format(const VolumeUse *use, int said, int *ret_format, GError **err);

/* Rows for a Volume at `at` in records whose types in the bits `in` are volumes. */
#define VOLUME_ROWS(at, in)                                                                        \
    { "virtlxcd:volume/@type",   ROW_ENUM, (at) + offsetof(Volume, kind), ROW_LIVE, .types = (in), \
      .names = volume_kind_names },                                                                \
        { "virtlxcd:volume/@path", ROW_STRING, (at) + offsetof(Volume, path), ROW_LIVE,            \
          .types = (in) },                                                                         \
    {                                                                                              \
        "virtlxcd:volume/@format", ROW_ENUM, (at) + offsetof(Volume, format), ROW_LIVE,            \
            .types = (in), .names = image_format_names                                             \
    }
extern const char *const volume_kind_names[];
