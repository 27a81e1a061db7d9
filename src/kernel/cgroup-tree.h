// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A control group and all below it, however many and however deep. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct GroupVisitor {
    void (*enter)(int dir, void *data);          /* before those below; NULL: nothing is done */
    bool (*leave)(int parent, const char *name); /* after them, but for the top; false: stop */
    void *data;
} GroupVisitor;

/* False: errno of a `leave`, or of a group that cannot be opened. One that goes meanwhile is none.
 */
bool group_walk(const char *top, const GroupVisitor *visitor);

/* Empty ones go, those below first. False: errno of the first that stays. */
bool group_remove_below(const char *top);
bool group_remove_tree(const char *top); /* with itself */
