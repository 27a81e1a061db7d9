// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Paths of rows, and what the tables do with memory: clear, copy, compare. Parsing, printing and
 * folding are in record-parse.c, record-format.c and record-fold.c.
 */
#include "conf/record.h"

#include <string.h>

/* ---- paths ----------------------------------------------------------------------------------- */

const char *row_rest(const Row *row, size_t at)
{
    return row->path[at] == '/' ? row->path + at + 1 : row->path + at;
}

size_t row_segment(const Row *row, size_t at)
{
    return strcspn(row_rest(row, at), "/");
}

size_t row_next(const Row *row, size_t at)
{
    return (size_t)(row_rest(row, at) - row->path) + row_segment(row, at);
}

bool row_is_attribute(const Row *row, size_t at)
{
    return *row_rest(row, at) == '@';
}

bool row_is_self(const Row *row, size_t at)
{
    return row->path[at] == '\0';
}

bool row_matches(const Row *row, size_t at, const char *name)
{
    const char *alternative = row_rest(row, at);
    size_t length = strlen(name);

    for (;;) {
        size_t size = strcspn(alternative, "|/");

        if (size == length && memcmp(alternative, name, length) == 0)
            return true;
        if (alternative[size] != '|')
            return false;
        alternative += size + 1;
    }
}

bool row_matches_prefixed(const Row *row, size_t at, const char *prefix, const char *name)
{
    const char *segment = row_rest(row, at);
    size_t length = strlen(prefix);

    return g_str_has_prefix(segment, prefix) && segment[length] == ':' &&
           row_segment(row, at) == length + 1 + strlen(name) &&
           memcmp(segment + length + 1, name, strlen(name)) == 0;
}

size_t row_group(const Row *rows, size_t n, size_t at)
{
    size_t length = row_segment(rows, at);
    size_t group = 1;

    while (group < n && row_segment(&rows[group], at) == length &&
           memcmp(row_rest(&rows[group], at), row_rest(rows, at), length) == 0)
        group++;
    return group;
}

bool row_applies(const Record *record, const Row *row, const void *object)
{
    if (!row->types || !record->type || row->flags & ROW_TYPE)
        return true;
    return row->types & TYPE_BIT(*(const int *)row_const_field(record->type, object));
}

size_t record_row_count(const Record *record)
{
    size_t n = 0;

    while (record->rows[n].path)
        n++;
    return n;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Arrays grow at powers of two, so that appending n items costs O(n) in all. */
void record_list_append(void *list_data, void *item)
{
    RecordList *list = list_data;

    if ((list->n & (list->n - 1)) == 0)
        list->items = g_renew(void *, list->items, list->n ? list->n * 2 : 1);
    list->items[list->n++] = item;
}

void record_list_clear(const Record *record, void *list_data)
{
    RecordList *list = list_data;

    for (size_t i = 0; i < list->n; i++)
        record_free(record, list->items[i]);
    g_clear_pointer(&list->items, g_free);
    list->n = 0;
}

void record_list_copy(const Record *record, const void *from_data, void *to_data)
{
    const RecordList *from = from_data;
    RecordList copy = { 0 };

    for (size_t i = 0; i < from->n; i++) {
        void *item = g_malloc0(record->size);

        record_copy(record, from->items[i], item);
        record_list_append(&copy, item);
    }
    *(RecordList *)to_data = copy;
}

bool record_list_equal(const Record *record, const void *a_data, const void *b_data)
{
    const RecordList *a = a_data;
    const RecordList *b = b_data;

    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!record_equal(record, a->items[i], b->items[i]))
            return false;
    return true;
}

void record_strings_clear(StringList *list)
{
    for (size_t i = 0; i < list->n; i++)
        g_free(list->items[i]);
    g_clear_pointer(&list->items, g_free);
    list->n = 0;
}

void record_strings_copy(const StringList *from, StringList *to)
{
    StringList copy = { 0 };

    for (size_t i = 0; i < from->n; i++)
        record_list_append(&copy, g_strdup(from->items[i]));
    *to = copy;
}

static bool strings_equal(const StringList *a, const StringList *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

/* ---- fields ---------------------------------------------------------------------------------- */

size_t row_plain_size(const Row *row)
{
    switch (row->kind) {
    case ROW_ENUM:
        return sizeof(int);
    case ROW_NUMBER:
    case ROW_SIZE:
        return sizeof(OptNumber);
    case ROW_COUNT:
        return sizeof(unsigned);
    case ROW_MEMORY:
        return sizeof(uint64_t);
    case ROW_FLAG:
    case ROW_YES:
        return sizeof(bool);
    case ROW_TEXT:
        return row->size;
    case ROW_CUSTOM:
        return row->functions->clear ? 0 : row->size;
    case ROW_FIXED:
    case ROW_STRING:
    case ROW_RECORD:
    case ROW_MAYBE:
    case ROW_LIST:
    case ROW_STRINGS:
    case ROW_REFUSED:
    case ROW_KEEP:
        return 0;
    }
    return 0;
}

static void maybe_clear(const Record *record, void *field)
{
    record_free(record, *(void **)field);
    *(void **)field = NULL;
}

static void maybe_copy(const Record *record, const void *from, void *to)
{
    const void *item = *(void *const *)from;

    *(void **)to = NULL;
    if (!item)
        return;
    *(void **)to = g_malloc0(record->size);
    record_copy(record, item, *(void **)to);
}

static bool maybe_equal(const Record *record, const void *a, const void *b)
{
    const void *one = *(void *const *)a, *other = *(void *const *)b;

    return one && other ? record_equal(record, one, other) : one == other;
}

static void field_clear(const Row *row, void *field)
{
    if (row->kind == ROW_STRING || row->kind == ROW_KEEP)
        g_clear_pointer((char **)field, g_free);
    else if (row->kind == ROW_RECORD)
        record_clear(row->record, field);
    else if (row->kind == ROW_MAYBE)
        maybe_clear(row->record, field);
    else if (row->kind == ROW_LIST)
        record_list_clear(row->record, field);
    else if (row->kind == ROW_STRINGS)
        record_strings_clear(field);
    else if (row->kind == ROW_CUSTOM && row->functions->clear)
        row->functions->clear(field);
}

static void field_copy(const Row *row, const void *from, void *to)
{
    size_t plain = row_plain_size(row);

    if (plain)
        memcpy(to, from, plain);
    else if (row->kind == ROW_STRING || row->kind == ROW_KEEP)
        *(char **)to = g_strdup(*(char *const *)from);
    else if (row->kind == ROW_RECORD)
        record_copy(row->record, from, to);
    else if (row->kind == ROW_MAYBE)
        maybe_copy(row->record, from, to);
    else if (row->kind == ROW_LIST)
        record_list_copy(row->record, from, to);
    else if (row->kind == ROW_STRINGS)
        record_strings_copy(from, to);
    else if (row->kind == ROW_CUSTOM)
        row->functions->copy(from, to);
}

static bool numbers_equal(const OptNumber *a, const OptNumber *b)
{
    return a->set == b->set && (!a->set || a->value == b->value);
}

static bool field_equal(const Row *row, const void *a, const void *b)
{
    size_t plain = row_plain_size(row);

    if (row->kind == ROW_NUMBER || row->kind == ROW_SIZE)
        return numbers_equal(a, b);
    if (plain)
        return memcmp(a, b, plain) == 0;
    if (row->kind == ROW_STRING || row->kind == ROW_KEEP)
        return g_strcmp0(*(char *const *)a, *(char *const *)b) == 0;
    if (row->kind == ROW_RECORD)
        return record_equal(row->record, a, b);
    if (row->kind == ROW_MAYBE)
        return maybe_equal(row->record, a, b);
    if (row->kind == ROW_LIST)
        return record_list_equal(row->record, a, b);
    if (row->kind == ROW_STRINGS)
        return strings_equal(a, b);
    return row->kind != ROW_CUSTOM || row->functions->equal(a, b);
}

/* ---- records --------------------------------------------------------------------------------- */

void *record_new(const Record *record)
{
    void *object = g_malloc0(record->size);

    if (record->init)
        record->init(object);
    return object;
}

/* Two rows may share one field (a second spelling of it), so clearing leaves NULL behind. */
void record_clear(const Record *record, void *object)
{
    for (const Row *row = record->rows; row->path; row++)
        field_clear(row, row_field(row, object));
}

void record_free(const Record *record, void *object)
{
    if (!object)
        return;
    record_clear(record, object);
    g_free(object);
}

bool row_is_repeated(const Record *record, const Row *row)
{
    for (const Row *earlier = record->rows; earlier < row; earlier++)
        if (earlier->offset == row->offset && earlier->kind == row->kind && row->kind != ROW_FIXED)
            return true;
    return false;
}

void record_copy(const Record *record, const void *from, void *to)
{
    for (const Row *row = record->rows; row->path; row++)
        if (row_plain_size(row) || !row_is_repeated(record, row))
            field_copy(row, row_const_field(row, from), row_field(row, to));
}

bool record_equal(const Record *record, const void *a, const void *b)
{
    for (const Row *row = record->rows; row->path; row++)
        if (!field_equal(row, row_const_field(row, a), row_const_field(row, b)))
            return false;
    return true;
}
