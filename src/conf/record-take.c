// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See record-take.h. */
#include "conf/record-take.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/value.h"
#include "conf/xml.h"

/* ---- messages -------------------------------------------------------------------------------- */

/* "source/@dir" as "<source dir='...'>", "os/init" as "<os><init>". */
char *row_as_xml(const Row *row)
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
const char *row_element_name(const RowTaker *taker)
{
    return taker->node->ns ? taker->record->element : xml_name(taker->node);
}

static bool refuse_value(const RowTaker *taker, const Row *row, const char *text, GError **err)
{
    g_autofree char *where = row_as_xml(row);

    return fail(err, row->bad ? row->bad : ERR(XML, XML_ERROR),
                _("invalid value '%s' for %s in <%s>"), text, where, row_element_name(taker));
}

/* ---- single values --------------------------------------------------------------------------- */

static bool take_string(const RowTaker *taker, const Row *row, const char *text, GError **err)
{
    char **field = row_field(row, taker->object);
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

static bool take_enum(const RowTaker *taker, const Row *row, const char *text, GError **err)
{
    int value = row->names[0] ? 0 : 1;

    while (row->names[value] && strcmp(row->names[value], text) != 0)
        value++;
    if (!row->names[value])
        return refuse_value(taker, row, text, err);
    *(int *)row_field(row, taker->object) = value;
    return true;
}

static bool parse_number(const Row *row, const char *text, int64_t *ret_number)
{
    if (row->digits || row->flags & ROW_ANY_BASE)
        return value_parse_bits(text, row->flags & ROW_BASE_16 ? 16 : 0, ret_number);
    return value_parse_number(text, ret_number);
}

static bool take_number(const RowTaker *taker, const Row *row, const char *text, GError **err)
{
    int64_t value = 0;

    if (!parse_number(row, text, &value) ||
        (row->min != row->max && (value < row->min || value > row->max)))
        return refuse_value(taker, row, text, err);
    if (row->kind == ROW_COUNT)
        *(unsigned *)row_field(row, taker->object) = (unsigned)value;
    else
        *(OptNumber *)row_field(row, taker->object) = (OptNumber){ .set = true, .value = value };
    return true;
}

static bool take_size(const RowTaker *taker, const Row *row, const xmlNode *node, const char *text,
                      GError **err)
{
    bool attribute = strchr(row->path, '@') != NULL;
    g_autofree char *unit = xml_attribute(node, attribute ? "units" : "unit");
    unsigned scale = row->kind == ROW_MEMORY ? 1024 : row->scale;
    uint64_t value = 0;
    int64_t number = 0;

    if (!value_parse_number(text, &number) || number < 0)
        return refuse_value(taker, row, text, err);
    if (!value_scale((uint64_t)number, unit, scale, &value, err))
        return false;
    if (row->kind == ROW_MEMORY)
        *(uint64_t *)row_field(row, taker->object) = value;
    else
        *(OptNumber *)row_field(row, taker->object) =
            (OptNumber){ .set = true, .value = (int64_t)value };
    return true;
}

static bool take_yes(const RowTaker *taker, const Row *row, const char *text, GError **err)
{
    bool yes = strcmp(text, "yes") == 0;

    if (!yes && strcmp(text, "no") != 0)
        return refuse_value(taker, row, text, err);
    *(bool *)row_field(row, taker->object) = yes;
    return true;
}

/* An element without text says nothing, an attribute without text something wrong. */
static bool says_nothing(const Row *row, const char *text)
{
    return !*text && !strchr(row->path, '@') && row->kind != ROW_STRING && row->kind != ROW_TEXT &&
           row->kind != ROW_COUNT;
}

bool row_take_value(const RowTaker *taker, const Row *row, const xmlNode *node, const char *text,
                    GError **err)
{
    if (says_nothing(row, text))
        return true;
    switch (row->kind) {
    case ROW_STRING:
        return take_string(taker, row, text, err);
    case ROW_ENUM:
        return take_enum(taker, row, text, err);
    case ROW_NUMBER:
    case ROW_COUNT:
        return take_number(taker, row, text, err);
    case ROW_SIZE:
    case ROW_MEMORY:
        return take_size(taker, row, node, text, err);
    case ROW_YES:
        return take_yes(taker, row, text, err);
    case ROW_TEXT:
        return row->text->parse(text, row_field(row, taker->object), err);
    case ROW_REFUSED:
        return refuse_value(taker, row, text, err);
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

static bool take_item(const RowTaker *taker, const Row *row, const xmlNode *node, GError **err)
{
    void *item = record_new(row->record);

    if (!record_parse(row->record, taker->reader, node, item, err)) {
        record_free(row->record, item);
        return false;
    }
    record_list_append(row_field(row, taker->object), item);
    return true;
}

/* What has said nothing but defaults was not there, unless being there is what counts. */
static bool take_maybe(const RowTaker *taker, const Row *row, const xmlNode *node, GError **err)
{
    void *item = record_new(row->record);
    void *fresh = NULL;

    if (!record_parse(row->record, taker->reader, node, item, err)) {
        record_free(row->record, item);
        return false;
    }
    fresh = record_new(row->record);
    if (!(row->flags & ROW_EVEN_EMPTY) && record_equal(row->record, item, fresh))
        record_free(row->record, g_steal_pointer(&item));
    record_free(row->record, fresh);
    *(void **)row_field(row, taker->object) = item;
    return true;
}

static void keep_one(char **field, const xmlNode *node)
{
    g_autofree char *before = *field;
    g_autofree char *kept = xml_keep(node, '\'');

    *field = before ? g_strconcat(before, "\n", kept, NULL) : g_steal_pointer(&kept);
}

/* Keeps all elements of the row at once, in the order of its alternatives, which is libvirt's. */
void row_take_kept(const RowTaker *taker, const Row *row, size_t at, const xmlNode *parent)
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
    *(char **)row_field(row, taker->object) = g_string_free(all, FALSE);
}

bool row_take_node(const RowTaker *taker, const Row *row, const xmlNode *node, GError **err)
{
    void *field = row_field(row, taker->object);

    if (row->kind == ROW_FLAG)
        *(bool *)field = true;
    else if (row->kind == ROW_RECORD)
        return record_parse(row->record, taker->reader, node, field, err);
    else if (row->kind == ROW_MAYBE)
        return take_maybe(taker, row, node, err);
    else if (row->kind == ROW_LIST)
        return take_item(taker, row, node, err);
    else if (row->kind == ROW_STRINGS)
        record_list_append(field, xml_text(node));
    else if (row->kind == ROW_KEEP)
        keep_one(field, node);
    else if (row->kind == ROW_CUSTOM)
        return row->functions->parse(taker->reader, node, field, err);
    else if (row->kind == ROW_REFUSED)
        return fail(err, row->bad ? row->bad : ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("element <%s> in <%s> is not supported in a container (line %u)"),
                    xml_name(node), xml_name(node->parent), xml_line(node));
    return true;
}
