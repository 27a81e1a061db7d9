// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Parsing by rows. The document leads, not the table: every attribute and element has to find its
 * row, and one that finds none is named with its line: in an error where validation is asked for,
 * otherwise in the messages of the definition, which goes without it. Time is linear in the
 * document.
 */
#include "conf/record.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/value.h"
#include "conf/xml.h"

#define ROWS_MAX 96

/* One record being parsed. `seen` has a bit per depth for the first row of each group. */
typedef struct Walk {
    const Record *record;
    const Reader *reader;
    const xmlNode *node; /* the record's element */
    void *object;
    uint8_t seen[ROWS_MAX];
} Walk;

/* The rows that an element's content may match, from `at` on in their paths. */
typedef struct Range {
    const Row *rows;
    size_t n;
    size_t at;
    unsigned depth;
} Range;

/* ---- messages -------------------------------------------------------------------------------- */

/* "source/@dir" as "<source dir='...'>", "os/init" as "<os><init>". */
static char *path_as_xml(const Row *row)
{
    GString *text = g_string_new(NULL);
    bool open = false;

    for (size_t at = 0; row->path[at]; at = row_next(row, at)) {
        int length = (int)row_segment(row, at);

        if (row_is_attribute(row, at)) {
            g_string_append_printf(text, "%s%.*s='...'", open ? " " : "", length - 1,
                                   row_rest(row, at) + 1);
            continue;
        }
        g_string_append_printf(text, "%s<%.*s", open ? ">" : "", length, row_rest(row, at));
        open = true;
    }
    if (open)
        g_string_append_c(text, '>');
    return g_string_free(text, FALSE);
}

/* As the document calls it, since records may be shared; with our prefix where it has one. */
static const char *element_name(const Walk *walk)
{
    return walk->node->ns ? walk->record->element : xml_name(walk->node);
}

static bool refuse_value(const Walk *walk, const Row *row, const char *text, GError **err)
{
    g_autofree char *where = path_as_xml(row);

    return fail(err, row->bad ? row->bad : ERR(XML, XML_ERROR),
                _("invalid value '%s' for %s in <%s>"), text, where, element_name(walk));
}

/* ---- single values --------------------------------------------------------------------------- */

static bool take_string(const Walk *walk, const Row *row, const char *text, GError **err)
{
    char **field = row_field(row, walk->object);
    char *value = NULL;

    if (row->flags & ROW_NOT_EMPTY && !*text)
        return true;
    if (!row->normalize)
        value = g_strdup(text);
    else if (!row->normalize(text, &value, err))
        return false;
    g_free(*field);
    *field = value;
    return true;
}

static bool take_enum(const Walk *walk, const Row *row, const char *text, GError **err)
{
    int value = row->names[0] ? 0 : 1;

    while (row->names[value] && strcmp(row->names[value], text) != 0)
        value++;
    if (!row->names[value])
        return refuse_value(walk, row, text, err);
    *(int *)row_field(row, walk->object) = value;
    return true;
}

static bool parse_number(const Row *row, const char *text, int64_t *ret_number)
{
    if (row->digits || row->flags & ROW_ANY_BASE)
        return value_parse_bits(text, row->flags & ROW_BASE_16 ? 16 : 0, ret_number);
    return value_parse_number(text, ret_number);
}

static bool take_number(const Walk *walk, const Row *row, const char *text, GError **err)
{
    int64_t value = 0;

    if (!parse_number(row, text, &value) ||
        (row->min != row->max && (value < row->min || value > row->max)))
        return refuse_value(walk, row, text, err);
    if (row->kind == ROW_COUNT)
        *(unsigned *)row_field(row, walk->object) = (unsigned)value;
    else
        *(OptNumber *)row_field(row, walk->object) = (OptNumber){ .set = true, .value = value };
    return true;
}

static bool take_size(const Walk *walk, const Row *row, const xmlNode *node, const char *text,
                      GError **err)
{
    bool attribute = strchr(row->path, '@') != NULL;
    g_autofree char *unit = xml_attribute(node, attribute ? "units" : "unit");
    unsigned scale = row->kind == ROW_MEMORY ? 1024 : row->scale;
    uint64_t value = 0;
    int64_t number = 0;

    if (!value_parse_number(text, &number) || number < 0)
        return refuse_value(walk, row, text, err);
    if (!value_scale((uint64_t)number, unit, scale, &value, err))
        return false;
    if (row->kind == ROW_MEMORY)
        *(uint64_t *)row_field(row, walk->object) = value;
    else
        *(OptNumber *)row_field(row, walk->object) =
            (OptNumber){ .set = true, .value = (int64_t)value };
    return true;
}

static bool take_yes(const Walk *walk, const Row *row, const char *text, GError **err)
{
    bool yes = strcmp(text, "yes") == 0;

    if (!yes && strcmp(text, "no") != 0)
        return refuse_value(walk, row, text, err);
    *(bool *)row_field(row, walk->object) = yes;
    return true;
}

/* An element without text says nothing, an attribute without text something wrong. */
static bool says_nothing(const Row *row, const char *text)
{
    return !*text && !strchr(row->path, '@') && row->kind != ROW_STRING && row->kind != ROW_TEXT &&
           row->kind != ROW_COUNT;
}

static bool take_value(const Walk *walk, const Row *row, const xmlNode *node, const char *text,
                       GError **err)
{
    if (says_nothing(row, text))
        return true;
    switch (row->kind) {
    case ROW_STRING:
        return take_string(walk, row, text, err);
    case ROW_ENUM:
        return take_enum(walk, row, text, err);
    case ROW_NUMBER:
    case ROW_COUNT:
        return take_number(walk, row, text, err);
    case ROW_SIZE:
    case ROW_MEMORY:
        return take_size(walk, row, node, text, err);
    case ROW_YES:
        return take_yes(walk, row, text, err);
    case ROW_TEXT:
        return row->text->parse(text, row_field(row, walk->object), err);
    case ROW_REFUSED:
        return refuse_value(walk, row, text, err);
    case ROW_FIXED:
    case ROW_FLAG:
    case ROW_RECORD:
    case ROW_MAYBE:
    case ROW_LIST:
    case ROW_STRINGS:
    case ROW_KEEP:
    case ROW_CUSTOM:
        return true;
    }
    return true;
}

/* ---- whole elements -------------------------------------------------------------------------- */

static bool is_taken(const Walk *walk, const Row *row)
{
    if (row->flags & ROW_LIVE && walk->reader->flags & DOMAIN_DEF_INACTIVE)
        return false;
    return true;
}

static bool take_item(const Walk *walk, const Row *row, const xmlNode *node, GError **err)
{
    void *item = record_new(row->record);

    if (!record_parse(row->record, walk->reader, node, item, err)) {
        record_free(row->record, item);
        return false;
    }
    record_list_append(row_field(row, walk->object), item);
    return true;
}

/* What has said nothing but defaults was not there, unless being there is what counts. */
static bool take_maybe(const Walk *walk, const Row *row, const xmlNode *node, GError **err)
{
    void *item = record_new(row->record);
    void *fresh = NULL;

    if (!record_parse(row->record, walk->reader, node, item, err)) {
        record_free(row->record, item);
        return false;
    }
    fresh = record_new(row->record);
    if (!(row->flags & ROW_EVEN_EMPTY) && record_equal(row->record, item, fresh))
        record_free(row->record, g_steal_pointer(&item));
    record_free(row->record, fresh);
    *(void **)row_field(row, walk->object) = item;
    return true;
}

static void keep_one(char **field, const xmlNode *node)
{
    g_autofree char *before = *field;
    g_autofree char *kept = xml_keep(node, '\'');

    *field = before ? g_strconcat(before, "\n", kept, NULL) : g_steal_pointer(&kept);
}

/* Keeps all elements of the row at once, in the order of its alternatives, which is libvirt's. */
static void keep_all(const Walk *walk, const Row *row, size_t at, const xmlNode *parent)
{
    g_auto(GStrv) names = g_strsplit(row_rest(row, at), "|", -1);
    GString *all = g_string_new(NULL);

    for (char **name = names; *name; name++)
        for (const xmlNode *node = parent->children; node; node = node->next) {
            g_autofree char *kept = NULL;

            if (!xml_is(node, *name))
                continue;
            kept = xml_keep(node, '\'');
            g_string_append_printf(all, "%s%s", all->len ? "\n" : "", kept);
        }
    *(char **)row_field(row, walk->object) = g_string_free(all, FALSE);
}

static bool take_node(const Walk *walk, const Row *row, const xmlNode *node, GError **err)
{
    void *field = row_field(row, walk->object);

    if (row->kind == ROW_FLAG)
        *(bool *)field = true;
    else if (row->kind == ROW_RECORD)
        return record_parse(row->record, walk->reader, node, field, err);
    else if (row->kind == ROW_MAYBE)
        return take_maybe(walk, row, node, err);
    else if (row->kind == ROW_LIST)
        return take_item(walk, row, node, err);
    else if (row->kind == ROW_STRINGS)
        record_list_append(field, xml_text(node));
    else if (row->kind == ROW_KEEP)
        keep_one(field, node);
    else if (row->kind == ROW_CUSTOM)
        return row->functions->parse(walk->reader, node, field, err);
    else if (row->kind == ROW_REFUSED)
        return fail(err, row->bad ? row->bad : ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("element <%s> in <%s> is not supported in a container (line %u)"),
                    xml_name(node), xml_name(node->parent), xml_line(node));
    return true;
}

static bool is_node_kind(RowKind kind)
{
    return kind >= ROW_RECORD || kind == ROW_FLAG;
}

static bool may_repeat(const Row *row)
{
    return row->kind == ROW_LIST || row->kind == ROW_STRINGS || row->kind == ROW_KEEP;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool walk_element(Walk *walk, const Range *range, const xmlNode *node, GError **err);

static const Row *find_attribute(const Walk *walk, const Range *range, const char *name)
{
    for (size_t i = 0; i < range->n; i++) {
        const Row *row = &range->rows[i];

        if (row_is_attribute(row, range->at) && strcmp(row_rest(row, range->at) + 1, name) == 0 &&
            row_applies(walk->record, row, walk->object))
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
            if (!record_leave_out_attribute(walk->reader, node, name, err))
                return false;
            continue;
        }
        if (!is_taken(walk, row) || row->flags & ROW_TYPE)
            continue;
        text = xml_attribute_value(attribute);
        if (!take_value(walk, row, node, text, err))
            return false;
    }
    return true;
}

static const Row *find_self(const Walk *walk, const Range *range)
{
    for (size_t i = 0; i < range->n; i++)
        if (row_is_self(&range->rows[i], range->at) &&
            row_applies(walk->record, &range->rows[i], walk->object))
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
        return take_value(walk, self, node, text, err);
    }
    stray = xml_stray_text(node);
    return !stray || record_leave_out_text(walk->reader, node, stray, err);
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
            applies |= row_applies(walk->record, &row[j], walk->object);
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
        return record_leave_out(walk->reader, node, walk->record->unknown, err);
    seen = &walk->seen[group.rows - walk->record->rows];
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
            keep_all(walk, self, range->at, node->parent);
        return true;
    }
    return take_node(walk, self, node, err);
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
    const Row *row = walk->record->type;
    g_autofree char *text = NULL;

    if (!row)
        return true;
    text = xml_attribute(node, row->path + 1);
    if (!text && row->names[0])
        text = g_strdup(row->names[*(const int *)row_const_field(row, walk->object)]);
    return !text || take_enum(walk, row, text, err);
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
    while (first > walk->record->rows && strncmp(first[-1].path, row->path, length) == 0 &&
           (first[-1].path[length] == '/' || !first[-1].path[length]))
        first--;
    return walk->seen[first - walk->record->rows] & 1u << depth;
}

static bool check_required(const Walk *walk, const xmlNode *node, GError **err)
{
    for (const Row *row = walk->record->rows; row->path; row++) {
        g_autofree char *path = NULL;

        if (!row->missing || !row_applies(walk->record, row, walk->object) ||
            is_given(row, row_const_field(row, walk->object)) ||
            (row->flags & ROW_WITH_ELEMENT && !has_element(walk, row)))
            continue;
        path = path_as_xml(row);
        return fail(err, row->missing, _("<%s> lacks %s (line %u)"), element_name(walk), path,
                    xml_line(node));
    }
    return true;
}

bool record_parse(const Record *record, const Reader *reader, const xmlNode *node, void *object,
                  GError **err)
{
    Walk walk = { .record = record, .reader = reader, .node = node, .object = object };
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
