// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What one row takes from the place in the document that record-parse.c has found for it: a value
 * from a text, or a whole element.
 */
#pragma once

#include "conf/record.h"

typedef struct RowTaker {
    const Record *record;
    const Reader *reader;
    const xmlNode *node; /* the record's element */
    void *object;
} RowTaker;

/* "source/@dir" as "<source dir='...'>", "os/init" as "<os><init>". */
char *row_as_xml(const Row *row);
/* The record's element as the document calls it, since records may be shared; with our prefix where
 * it has one. */
const char *row_element_name(const RowTaker *taker);

/* `text` is an attribute's or an element's; `node` has the unit beside it. */
bool row_take_value(const RowTaker *taker, const Row *row, const xmlNode *node, const char *text,
                    GError **err);
bool row_take_node(const RowTaker *taker, const Row *row, const xmlNode *node, GError **err);
/* All elements of a row that keeps them, at once. */
void row_take_kept(const RowTaker *taker, const Row *row, size_t at, const xmlNode *parent);
