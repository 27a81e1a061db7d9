// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Folding by rows: a record as the bytes of what is said in it, since a struct has room for all
 * that could be said. What is folded never leaves the process, so values are as the machine has
 * them:
 *
 *     record  { number of the row, value } ..., END
 *     value   bytes of a plain field, text with its NUL, a record, or what a custom row writes
 *
 * A row stands once for each item of its list, and not at all when its field is zero or empty.
 */
#include "conf/record.h"

#include <string.h>

#define END 0xff

/* ---- folding --------------------------------------------------------------------------------- */

void fold_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text) + 1);
}

void fold_number(GByteArray *out, size_t number)
{
    uint8_t byte = (uint8_t)number;

    g_assert(number < END);
    g_byte_array_append(out, &byte, 1);
}

void fold_end(GByteArray *out)
{
    static const uint8_t end = END;

    g_byte_array_append(out, &end, 1);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static void fold_plain(GByteArray *out, size_t number, const void *field, size_t size)
{
    if (is_zero(field, size))
        return;
    fold_number(out, number);
    g_byte_array_append(out, field, (guint)size);
}

static void fold_string(GByteArray *out, size_t number, const char *text)
{
    if (!text)
        return;
    fold_number(out, number);
    fold_text(out, text);
}

static void fold_strings(GByteArray *out, size_t number, const StringList *list)
{
    for (size_t i = 0; i < list->n; i++)
        fold_string(out, number, list->items[i]);
}

static void fold_item(GByteArray *out, size_t number, const Record *record, const void *item)
{
    fold_number(out, number);
    record_fold(record, item, out);
}

static void fold_list(GByteArray *out, size_t number, const Record *record, const RecordList *list)
{
    for (size_t i = 0; i < list->n; i++)
        fold_item(out, number, record, list->items[i]);
}

static void fold_field(GByteArray *out, size_t number, const Row *row, const void *field)
{
    size_t plain = row_plain_size(row);

    if (plain)
        fold_plain(out, number, field, plain);
    else if (row->kind == ROW_STRING || row->kind == ROW_KEEP)
        fold_string(out, number, *(char *const *)field);
    else if (row->kind == ROW_RECORD)
        fold_item(out, number, row->record, field);
    else if (row->kind == ROW_MAYBE && *(void *const *)field)
        fold_item(out, number, row->record, *(void *const *)field);
    else if (row->kind == ROW_LIST)
        fold_list(out, number, row->record, field);
    else if (row->kind == ROW_STRINGS)
        fold_strings(out, number, field);
    else if (row->kind == ROW_CUSTOM) {
        fold_number(out, number);
        row->functions->fold(field, out);
    }
}

/* Of a record in which nothing is said there would be its row's number and END. */
static void take_back_empty(GByteArray *out, const Row *row, guint start)
{
    if (row->kind == ROW_RECORD && out->len == start + 2)
        g_byte_array_set_size(out, start);
}

void record_fold(const Record *record, const void *object, GByteArray *out)
{
    for (const Row *row = record->rows; row->path; row++) {
        guint start = out->len;

        if (row_is_repeated(record, row))
            continue;
        fold_field(out, (size_t)(row - record->rows), row, row_const_field(row, object));
        take_back_empty(out, row, start);
    }
    fold_end(out);
}

/* ---- unfolding ------------------------------------------------------------------------------- */

bool unfold_number(const uint8_t **at, size_t *ret_number)
{
    uint8_t number = *(*at)++;

    *ret_number = number;
    return number != END;
}

char *unfold_text(const uint8_t **at)
{
    size_t size = strlen((const char *)*at) + 1;
    char *text = g_memdup2(*at, size);

    *at += size;
    return text;
}

void *record_unfold_new(const Record *record, const uint8_t **at)
{
    void *object = g_malloc0(record->size);

    record_unfold(record, at, object);
    return object;
}

static void unfold_field(const Row *row, const uint8_t **at, void *field)
{
    size_t plain = row_plain_size(row);

    if (plain) {
        memcpy(field, *at, plain);
        *at += plain;
    } else if (row->kind == ROW_STRING || row->kind == ROW_KEEP) {
        *(char **)field = unfold_text(at);
    } else if (row->kind == ROW_RECORD) {
        record_unfold(row->record, at, field);
    } else if (row->kind == ROW_MAYBE) {
        *(void **)field = record_unfold_new(row->record, at);
    } else if (row->kind == ROW_LIST) {
        record_list_append(field, record_unfold_new(row->record, at));
    } else if (row->kind == ROW_STRINGS) {
        record_list_append(field, unfold_text(at));
    } else if (row->kind == ROW_CUSTOM) {
        row->functions->unfold(at, field);
    }
}

void record_unfold(const Record *record, const uint8_t **at, void *object)
{
    size_t number;

    while (unfold_number(at, &number))
        unfold_field(&record->rows[number], at, row_field(&record->rows[number], object));
}
