// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Everything that a definition can say, read off the record tables: for the documentation, and for
 * tests that want to have seen all of it.
 */
#pragma once

#include "conf/record.h"

typedef enum VocabularyEffect {
    VOCABULARY_ACTED,   /* it changes what the container is */
    VOCABULARY_KEPT,    /* read, checked and given back; nothing in a container follows from it */
    VOCABULARY_REFUSED, /* an error */
} VocabularyEffect;

typedef struct VocabularyEntry {
    const char *path;     /* "devices/filesystem/source/@dir", below <domain> */
    const Row *row;       /* NULL: a whole device or a block that its own functions read */
    const Record *record; /* the row's; its `type` says what the bits of row->types mean */
    VocabularyEffect effect;
} VocabularyEntry;

typedef void VocabularyVisitor(const VocabularyEntry *entry, void *data);

/* In the order of the output. */
void vocabulary_walk(VocabularyVisitor *visit, void *data);
