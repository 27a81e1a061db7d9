// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Ranges of host ids for containers that ask for an automatic id map. A container keeps its range
 * from its first start until it is undefined, over restarts of daemon and machine.
 *
 * Ranges come from what /etc/subuid and /etc/subgid both give to the user virtlxcd, or else to root
 * (subuid(5)). Where neither is in there, they come from the ids above those of users (from
 * 1,000,000 on) that the files give to nobody.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct IdRange {
    uint32_t start;
    uint32_t count;
} IdRange;

typedef struct IdRanges IdRanges;

typedef struct IdRangesFiles {
    const char *kept; /* what containers have; ours */
    const char *subuid;
    const char *subgid;
} IdRangesFiles;

/* Files that are not there are empty. Lines that are none are passed over. */
IdRanges *id_ranges_load(const IdRangesFiles *files);
void id_ranges_free(IdRanges *ranges);

typedef struct IdRequest {
    const char *name; /* of the container */
    uint32_t count;
    const GArray *used; /* of IdRange: what the maps of definitions have; may be NULL */
} IdRequest;

/*
 * The range that the container has, or a free one that overlaps no other's and none of `used`.
 * Refused where no range is large enough.
 */
bool id_ranges_take(IdRanges *ranges, const IdRequest *request, uint32_t *ret_start, GError **err);
/* Fine when it has none. */
void id_ranges_release(IdRanges *ranges, const char *name);
