// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Parsing by rows. The document leads, not the table: every attribute and element has to find its
 * row, and one that finds none is named with its line: in an error where validation is asked for,
 * otherwise in the messages of the definition, which goes without it. Time is linear in the
 * document.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/record-take.h"
#include "conf/xml.h"

#define ROWS_MAX 96

/* One record being parsed. `seen` has a bit per depth for the first row of each group. */
typedef struct Walk {
    RowTaker taker;
    uint8_t seen[ROWS_MAX];
} Walk;

/* The rows that an element's content may match, from `at` on in their paths. */
typedef struct Range {
    const Row *rows;
    size_t n;
    size_t at;
    unsigned depth;
} Range;

/* ---- the walk -------------------------------------------------------------------------------- */

static bool is_node_kind(RowKind kind)
{
    return kind >= ROW_RECORD || kind == ROW_FLAG;
}

static bool may_repeat(const Row *row)
{
    return row->kind == ROW_LIST || row->kind == ROW_STRINGS || row->kind == ROW_KEEP;
}

static bool is_taken(const Walk *walk, const Row *row)
{
    if (row->flags & ROW_LIVE && walk->taker.reader->flags & DOMAIN_DEF_INACTIVE)
        return false;
    return true;
}

static bool walk_element(Walk *walk, const Range *range, const xmlNode *node, GError **err);

static const Row *find_attribute(const Walk *walk, const Range *range, const char *name)
{
    for (size_t i = 0; i < range->n; i++) {
        const Row *row = &range->rows[i];

        if (row_is_attribute(row, range->at) && strcmp(row_rest(row, range->at) + 1, name) == 0 &&
            row_applies(walk->taker.record, row, walk->taker.object))
            return row;
    }
    return NULL;
}

/* The unit of a size is read together with the size. */
static bool is_unit(const Range *range, const char *name)
{
    for (size_t i = 0; i < range->n; i++) {
        const Row *row = &range->rows[i];

        if (row->kind == ROW_SIZE || row->kind == ROW_MEMORY)
            if (strcmp(name, row_is_attribute(row, range->at) ? "units" : "unit") == 0)
                return true;
    }
    return false;
}

static bool walk_attributes(const Walk *walk, const Range *range, const xmlNode *node, GError **err)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        const char *name = (const char *)attribute->name;
        const Row *row = attribute->ns ? NULL : find_attribute(walk, range, name);
        g_autofree char *text = NULL;

        if (!row && !attribute->ns && is_unit(range, name))
            continue;
        if (!row) {
            if (!record_leave_out_attribute(walk->taker.reader, node, name, err))
                return false;
            continue;
        }
        if (!is_taken(walk, row) || row->flags & ROW_TYPE)
            continue;
        text = xml_attribute_value(attribute);
        if (!row_take_value(&walk->taker, row, node, text, err))
            return false;
    }
    return true;
}

static const Row *find_self(const Walk *walk, const Range *range)
{
    for (size_t i = 0; i < range->n; i++)
        if (row_is_self(&range->rows[i], range->at) &&
            row_applies(walk->taker.record, &range->rows[i], walk->taker.object))
            return &range->rows[i];
    return NULL;
}

static bool walk_text(const Walk *walk, const Range *range, const xmlNode *node, GError **err)
{
    const Row *self = find_self(walk, range);
    const char *stray = NULL;
    g_autofree char *text = NULL;

    if (self && !is_node_kind(self->kind)) {
        if (!is_taken(walk, self))
            return true;
        text = xml_text(node);
        return row_take_value(&walk->taker, self, node, text, err);
    }
    stray = xml_stray_text(node);
    return !stray || record_leave_out_text(walk->taker.reader, node, stray, err);
}

static bool matches(const Row *row, size_t at, const xmlNode *node)
{
    char first = *row_rest(row, at);
    const char *prefix = xml_known_prefix(node);

    if (first == '*')
        return true;
    if (prefix)
        return row_matches_prefixed(row, at, prefix, xml_name(node));
    return node->ns ? first == '+' : row_matches(row, at, xml_name(node));
}

/* The group of rows whose next element is `node`; false when there is none. */
static bool find_group(const Walk *walk, const Range *range, const xmlNode *node, Range *ret_group)
{
    for (size_t i = 0, step; i < range->n; i += step) {
        const Row *row = &range->rows[i];
        bool applies = false;

        step = row_group(row, range->n - i, range->at);
        if (row_is_self(row, range->at) || row_is_attribute(row, range->at))
            continue;
        if (!matches(row, range->at, node))
            continue;
        for (size_t j = 0; j < step; j++)
            applies |= row_applies(walk->taker.record, &row[j], walk->taker.object);
        if (!applies)
            continue;
        *ret_group = (Range){ row, step, row_next(row, range->at), range->depth + 1 };
        return true;
    }
    return false;
}

static bool walk_child(Walk *walk, const Range *range, const xmlNode *node, GError **err)
{
    Range group = { 0 };
    const Row *self = NULL;
    uint8_t *seen = NULL, bit = (uint8_t)(1u << (range->depth & 7));
    bool again;

    if (!find_group(walk, range, node, &group))
        return record_leave_out(walk->taker.reader, node, walk->taker.record->unknown, err);
    seen = &walk->seen[group.rows - walk->taker.record->rows];
    again = *seen & bit;
    *seen |= bit;
    self = find_self(walk, &group);
    if (again && !(self && may_repeat(self)))
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("<%s> is given more than once in <%s> (line %u)"), xml_name(node),
                    xml_name(node->parent), xml_line(node));
    if (!self || !is_node_kind(self->kind))
        return walk_element(walk, &group, node, err);
    if (!is_taken(walk, self))
        return true;
    if (self->kind == ROW_KEEP && !node->ns) {
        if (!again)
            row_take_kept(&walk->taker, self, range->at, node->parent);
        return true;
    }
    return row_take_node(&walk->taker, self, node, err);
}

static bool walk_element(Walk *walk, const Range *range, const xmlNode *node, GError **err)
{
    if (!walk_attributes(walk, range, node, err) || !walk_text(walk, range, node, err))
        return false;
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !walk_child(walk, range, child, err))
            return false;
    return true;
}

/* ---- records --------------------------------------------------------------------------------- */

/* The type decides which rows hold, so it is read before the others. */
static bool take_type(const Walk *walk, const xmlNode *node, GError **err)
{
    const Row *row = walk->taker.record->type;
    g_autofree char *text = NULL;

    if (!row)
        return true;
    text = xml_attribute(node, row->path + 1);
    if (!text && row->names[0])
        text = g_strdup(row->names[*(const int *)row_const_field(row, walk->taker.object)]);
    return !text || row_take_value(&walk->taker, row, node, text, err);
}

static bool is_given(const Row *row, const void *field)
{
    switch (row->kind) {
    case ROW_STRING:
    case ROW_KEEP:
    case ROW_MAYBE:
        return *(void *const *)field != NULL;
    case ROW_NUMBER:
    case ROW_SIZE:
        return ((const OptNumber *)field)->set;
    case ROW_MEMORY:
        return *(const uint64_t *)field != 0;
    case ROW_LIST:
    case ROW_STRINGS:
        return ((const RecordList *)field)->n > 0;
    case ROW_ENUM:
        return row->names[*(const int *)field] != NULL;
    case ROW_COUNT:
    case ROW_FLAG:
    case ROW_YES:
    case ROW_TEXT:
    case ROW_FIXED:
    case ROW_RECORD:
    case ROW_REFUSED:
    case ROW_CUSTOM:
        return true;
    }
    return true;
}

/* Whether the element that the last segment of the row's path belongs to has been read. */
static bool has_element(const Walk *walk, const Row *row)
{
    size_t length = (size_t)(strrchr(row->path, '/') - row->path);
    const Row *first = row;
    unsigned depth = 0;

    for (size_t i = 0; i < length; i++)
        depth += row->path[i] == '/';
    while (first > walk->taker.record->rows && strncmp(first[-1].path, row->path, length) == 0 &&
           (first[-1].path[length] == '/' || !first[-1].path[length]))
        first--;
    return walk->seen[first - walk->taker.record->rows] & 1u << depth;
}

static bool check_required(const Walk *walk, const xmlNode *node, GError **err)
{
    for (const Row *row = walk->taker.record->rows; row->path; row++) {
        g_autofree char *path = NULL;

        if (!row->missing || !row_applies(walk->taker.record, row, walk->taker.object) ||
            is_given(row, row_const_field(row, walk->taker.object)) ||
            (row->flags & ROW_WITH_ELEMENT && !has_element(walk, row)))
            continue;
        path = row_as_xml(row);
        return fail(err, row->missing, _("<%s> lacks %s (line %u)"), row_element_name(&walk->taker),
                    path, xml_line(node));
    }
    return true;
}

bool record_parse(const Record *record, const Reader *reader, const xmlNode *node, void *object,
                  GError **err)
{
    Walk walk = {
        .taker = {record, reader, node, object}
    };
    Range range = { .rows = record->rows };

    if (record->parse)
        return record->parse(reader, node, object, err);
    range.n = record_row_count(record);
    g_assert(range.n <= ROWS_MAX);
    if (!take_type(&walk, node, err) || !walk_element(&walk, &range, node, err) ||
        !check_required(&walk, node, err))
        return false;
    return !record->check || record->check(object, reader, err);
}
