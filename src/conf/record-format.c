// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Printing by rows. An element is begun at once and taken back when none of its rows had anything
 * to say, so that no row needs to be asked twice.
 */
#include "conf/record.h"

#include <inttypes.h>
#include <string.h>

#include "conf/xml.h"

/* One element being printed: the rows of it, from `at` on in their paths. */
typedef struct Span {
    const Record *record;
    const void *object;
    const Row *rows;
    size_t n;
    size_t at;
} Span;

static bool is_shown(const Span *span, const Row *row, const Writer *writer)
{
    if (row->flags & ROW_LIVE && writer->flags & DOMAIN_DEF_INACTIVE)
        return false;
    if (!row_applies(span->record, row, span->object))
        return false;
    return !row->hidden || !row->hidden(span->object, writer->flags);
}

static const char *unit_name(unsigned scale)
{
    return scale == 1024 ? "KiB" : "bytes";
}

static char *number_text(const Row *row, int64_t value)
{
    if (row->digits)
        return g_strdup_printf("0x%0*" PRIx64, (int)row->digits, (uint64_t)value);
    return g_strdup_printf("%" PRId64, value);
}

/* The text of a row with a single value, or NULL when it has none. `ret_owned` is freed later. */
static const char *value_text(const Row *row, const void *field, char **ret_owned)
{
    const OptNumber *number = field;

    switch (row->kind) {
    case ROW_STRING:
        return *(char *const *)field;
    case ROW_ENUM:
        if (row->flags & ROW_HIDE_DEFAULT && *(const int *)field == 0)
            return NULL;
        return row->names[*(const int *)field];
    case ROW_NUMBER:
    case ROW_SIZE:
        return number->set ? (*ret_owned = number_text(row, number->value)) : NULL;
    case ROW_COUNT:
        return *ret_owned = g_strdup_printf("%u", *(const unsigned *)field);
    case ROW_MEMORY:
        return *ret_owned = g_strdup_printf("%" PRIu64, *(const uint64_t *)field);
    case ROW_YES:
        return *(const bool *)field ? "yes" : NULL;
    case ROW_TEXT:
        return *ret_owned = row->text->format(field);
    case ROW_FIXED:
        return row->names[0];
    case ROW_FLAG:
    case ROW_RECORD:
    case ROW_MAYBE:
    case ROW_LIST:
    case ROW_STRINGS:
    case ROW_REFUSED:
    case ROW_KEEP:
    case ROW_CUSTOM:
        return NULL;
    }
    return NULL;
}

static void write_attribute(GString *out, const char *name, size_t length, const char *value)
{
    g_string_append_c(out, ' ');
    g_string_append_len(out, name, (gssize)length);
    g_string_append(out, "='");
    xml_escape_attribute(out, value);
    g_string_append_c(out, '\'');
}

static bool format_attributes(const Span *span, Writer *writer)
{
    bool any = false;

    for (size_t i = 0; i < span->n; i++) {
        const Row *row = &span->rows[i];
        g_autofree char *owned = NULL;
        const char *value = NULL;

        if (!row_is_attribute(row, span->at) || !is_shown(span, row, writer))
            continue;
        value = value_text(row, row_const_field(row, span->object), &owned);
        if (!value)
            continue;
        write_attribute(writer->out, row_rest(row, span->at) + 1, row_segment(row, span->at) - 1,
                        value);
        if (row->kind == ROW_SIZE)
            write_attribute(writer->out, "units", 5, unit_name(row->scale));
        any = true;
    }
    return any;
}

static const Row *self_row(const Span *span, const Writer *writer)
{
    for (size_t i = 0; i < span->n; i++)
        if (row_is_self(&span->rows[i], span->at) && is_shown(span, &span->rows[i], writer))
            return &span->rows[i];
    return NULL;
}

static void write_text(GString *out, const Row *row, const char *text)
{
    if (row->kind == ROW_SIZE || row->kind == ROW_MEMORY)
        write_attribute(out, "unit", 4, unit_name(row->kind == ROW_MEMORY ? 1024 : row->scale));
    g_string_append_c(out, '>');
    xml_escape_text(out, text);
}

static bool format_children(const Span *span, Writer *writer);

/* `name` may be followed by more path. */
static bool format_element(const Span *span, Writer *writer, const char *name, size_t length)
{
    GString *out = writer->out;
    size_t start = out->len, open = 0;
    const Row *self = self_row(span, writer);
    g_autofree char *owned = NULL;
    const char *text = NULL;
    bool any;

    xml_indent(out, writer->indent);
    g_string_append_c(out, '<');
    g_string_append_len(out, name, (gssize)length);
    any = format_attributes(span, writer);
    if (self)
        text = value_text(self, row_const_field(self, span->object), &owned);
    open = out->len;
    if (text) {
        write_text(out, self, text);
    } else {
        g_string_append(out, ">\n");
        writer->indent += 2;
        if (!format_children(span, writer)) {
            g_string_truncate(out, any ? open : start);
            g_string_append(out, any ? "/>\n" : "");
            writer->indent -= 2;
            return any;
        }
        writer->indent -= 2;
        xml_indent(out, writer->indent);
    }
    g_string_append(out, "</");
    g_string_append_len(out, name, (gssize)length);
    g_string_append(out, ">\n");
    return true;
}

static bool format_strings(Writer *writer, const char *name, const StringList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        xml_indent(writer->out, writer->indent);
        g_string_append_printf(writer->out, "<%s>", name);
        xml_escape_text(writer->out, list->items[i]);
        g_string_append_printf(writer->out, "</%s>\n", name);
    }
    return list->n > 0;
}

static bool format_list(const Record *record, Writer *writer, const char *name,
                        const RecordList *list)
{
    bool any = false;

    for (size_t i = 0; i < list->n; i++)
        any |= record_format(record, writer, name, list->items[i]);
    return any;
}

static bool format_flag(Writer *writer, const char *name, bool set)
{
    if (!set)
        return false;
    xml_indent(writer->out, writer->indent);
    g_string_append_printf(writer->out, "<%s/>\n", name);
    return true;
}

static bool format_maybe(const Row *row, Writer *writer, const char *name, const void *object)
{
    if (!object)
        return false;
    return record_format(row->record, writer, name, object) ||
           format_flag(writer, name, row->flags & ROW_EVEN_EMPTY);
}

/* A row that stands for whole elements of its own. `name` is the last segment of its path. */
static bool format_node(const Row *row, Writer *writer, const char *name, const void *field)
{
    size_t start = writer->out->len;

    if (row->kind == ROW_FLAG)
        return format_flag(writer, name, *(const bool *)field);
    if (row->kind == ROW_RECORD)
        return record_format(row->record, writer, name, field);
    if (row->kind == ROW_MAYBE)
        return format_maybe(row, writer, name, *(void *const *)field);
    if (row->kind == ROW_LIST)
        return format_list(row->record, writer, name, field);
    if (row->kind == ROW_STRINGS)
        return format_strings(writer, name, field);
    if (row->kind == ROW_REFUSED)
        return false;
    if (row->kind == ROW_KEEP)
        xml_write_kept(writer->out, *(char *const *)field, writer->indent);
    else
        row->functions->format(writer, field);
    return writer->out->len > start;
}

static bool is_node_kind(RowKind kind)
{
    return kind >= ROW_RECORD || kind == ROW_FLAG;
}

static bool format_group(const Span *group, Writer *writer)
{
    const Row *first = group->rows;
    Span inner = *group;

    if (is_node_kind(first->kind) && row_is_self(first, row_next(first, group->at)))
        return is_shown(group, first, writer) &&
               format_node(first, writer, row_rest(first, group->at),
                           row_const_field(first, group->object));
    inner.at = row_next(first, group->at);
    return format_element(&inner, writer, row_rest(first, group->at),
                          row_segment(first, group->at));
}

static bool format_children(const Span *span, Writer *writer)
{
    bool any = false;

    for (size_t i = 0, step; i < span->n; i += step) {
        Span group = *span;

        step = row_group(&span->rows[i], span->n - i, span->at);
        if (row_is_attribute(&span->rows[i], span->at) || row_is_self(&span->rows[i], span->at))
            continue;
        group.rows = &span->rows[i];
        group.n = step;
        any |= format_group(&group, writer);
    }
    return any;
}

bool record_format(const Record *record, Writer *writer, const char *element, const void *object)
{
    Span span = { .record = record, .object = object, .rows = record->rows };

    if (record->format) {
        record->format(writer, object);
        return true;
    }
    span.n = record_row_count(record);
    return format_element(&span, writer, element, strlen(element));
}
