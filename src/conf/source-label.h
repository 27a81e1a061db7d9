// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <seclabel> in the <source> of a device: how its file is labelled. Of no effect in a container. */
#pragma once

#include <glib.h>

#include "conf/def-values.h"

typedef struct Record Record; /* record.h */

typedef struct SourceLabel {
    char *model;
    Choice relabel;
    char *label;
} SourceLabel;

typedef struct SourceLabelList {
    size_t n;
    SourceLabel **items;
} SourceLabelList;

extern const Record source_label_record;

/* Looks at all labels of one source, and forgets those that say nothing. */
bool source_labels_check(SourceLabelList *labels, GError **err);
