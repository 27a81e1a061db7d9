// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Categories of SELinux (multi-category security) that keep containers of one type apart. A process
 * may reach what has a subset of its categories, so no two containers may have sets of which one
 * contains the other. Two categories each, all pairs different, is the smallest such thing: of 1024
 * there are more than half a million pairs. Pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct McsWish {
    const char *own;        /* the daemon's own context: where it may choose from */
    const GPtrArray *taken; /* contexts, char *; pairs of them are avoided */
    /* A number from 0 to `below` - 1; for tests to choose. NULL: any. */
    unsigned (*choose)(unsigned below, void *data);
    void *data;
} McsWish;

/* The context `base` with a free pair of categories: "user:role:type:s0:c5,c9". */
bool mcs_make(const char *base, const McsWish *wish, char **ret_context, GError **err);

/* The context `base` with the level (sensitivity and categories) of `label`. */
char *mcs_same_level(const char *base, const char *label);

/* True when what has one of these contexts may reach what has the other, for its categories. */
bool mcs_overlap(const char *context, const char *other);
