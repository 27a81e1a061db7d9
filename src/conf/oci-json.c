// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See oci-json.h. json-glib is a generous reader: it recurses as deep as the text does, wraps
 * numbers around, takes comments and ends strings at an escaped NUL, and names that are chosen for
 * it make its tables slow. So the text is looked through before: what passes is plain JSON of
 * bounded depth and size, whose strings an XML document can hold.
 */
#include "conf/oci-json.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/oci.h"

#define WRONG ERR(LXC, INVALID_ARG)

#define DIGITS "0123456789"
#define NUMBER_CHARACTERS "+-.abcdefxABCDEFX" DIGITS

enum { SIZE_MAX_KIB = 1024, DEPTH_MAX = 64, MEMBERS_MAX = 4096, NOTE_MAX = 300 };

/* ---- the text -------------------------------------------------------------------------------- */

typedef struct Scan {
    const char *at;
    unsigned line;
    unsigned depth;
    unsigned members;
} Scan;

/* Of `\uXXXX`: what is no character in XML. Halves of a pair are the parser's to judge. */
static bool is_forbidden_escape(const char *escape)
{
    gunichar code = 0;

    if (*escape == 'b' || *escape == 'f')
        return true;
    if (*escape != 'u')
        return false;
    for (int i = 1; i <= 4; i++) {
        if (!g_ascii_isxdigit(escape[i]))
            return true;
        code = code << 4 | (gunichar)g_ascii_xdigit_value(escape[i]);
    }
    return (code < ' ' && code != '\t' && code != '\n' && code != '\r') || code >= 0xfffe;
}

static bool scan_string(Scan *scan, GError **err)
{
    for (scan->at++; *scan->at != '"'; scan->at++) {
        if (*scan->at == '\\' && is_forbidden_escape(scan->at + 1))
            return fail(err, WRONG, _("a string in line %u has a character that XML cannot hold"),
                        scan->line);
        if (*scan->at == '\\')
            scan->at++;
        if (!*scan->at || *scan->at == '\n')
            return fail(err, WRONG, _("the string in line %u does not end"), scan->line);
    }
    scan->at++;
    return true;
}

static bool scan_number(Scan *scan, GError **err)
{
    const char *start = scan->at, *digits = start + (*start == '-');
    size_t length = strspn(start, "+-.eE" DIGITS);
    bool is_integer = strspn(digits, DIGITS) == length - (size_t)(digits - start);

    errno = 0;
    if (*start == '-')
        (void)g_ascii_strtoll(start, NULL, 10); /* for errno */
    else
        (void)g_ascii_strtoull(start, NULL, 10);
    scan->at += length;
    if (!g_ascii_isdigit(*digits) || (is_integer && (errno || (*digits == '0' && length > 1))) ||
        g_ascii_isalnum(*scan->at))
        return fail(err, WRONG, _("'%.*s' in line %u is not a number that fits"),
                    (int)MIN(strspn(start, NUMBER_CHARACTERS), 40), start, scan->line);
    return true;
}

static bool scan_bracket(Scan *scan, GError **err)
{
    if (*scan->at == '[' || *scan->at == '{')
        scan->depth++;
    else if (scan->depth)
        scan->depth--;
    scan->at++;
    if (scan->depth > DEPTH_MAX)
        return fail(err, WRONG, _("the text is nested deeper than %d in line %u"), DEPTH_MAX,
                    scan->line);
    return true;
}

static bool scan_word(Scan *scan, GError **err)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(scan->at, words[i]) && !g_ascii_isalnum(scan->at[strlen(words[i])])) {
            scan->at += strlen(words[i]);
            return true;
        }
    return fail(err, WRONG, _("line %u is not JSON"), scan->line);
}

static bool check_text(const char *text, GError **err)
{
    Scan scan = { .at = text, .line = 1 };
    bool done = true;

    if (strlen(text) > SIZE_MAX_KIB * 1024)
        return fail(err, WRONG, _("config.json has more than %d KiB"), SIZE_MAX_KIB);
    while (done && *scan.at) {
        scan.members += *scan.at == ':';
        if (strchr(" \t\r\n,:", *scan.at))
            scan.line += *scan.at++ == '\n';
        else if (*scan.at == '"')
            done = scan_string(&scan, err);
        else if (*scan.at == '-' || g_ascii_isdigit(*scan.at))
            done = scan_number(&scan, err);
        else if (strchr("[]{}", *scan.at))
            done = scan_bracket(&scan, err);
        else
            done = scan_word(&scan, err);
    }
    if (done && scan.members > MEMBERS_MAX)
        return fail(err, WRONG, _("config.json has more than %d members"), MEMBERS_MAX);
    return done;
}

bool oci_parse(const char *text, JsonNode **ret_root, GError **err)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;

    if (!check_text(text, err))
        return false;
    if (!json_parser_load_from_data(parser, text, -1, &error))
        return fail(err, WRONG, _("config.json is not JSON: %s"), error->message);
    if (!json_parser_get_root(parser))
        return fail(err, WRONG, _("config.json is empty"));
    *ret_root = json_parser_steal_root(parser);
    return true;
}

/* ---- places ---------------------------------------------------------------------------------- */

static void append_path(GString *path, const OciValue *value)
{
    if (!value->parent)
        return;
    append_path(path, value->parent);
    if (value->name)
        g_string_append_printf(path, "%s%s", path->len ? "." : "", value->name);
    else
        g_string_append_printf(path, "[%u]", value->index);
}

char *oci_path(const OciValue *value)
{
    GString *path = g_string_new(NULL);

    append_path(path, value);
    return g_string_free(path, FALSE);
}

void oci_note(OciImport *import, const OciValue *value)
{
    g_autofree char *path = oci_path(value);
    g_autofree char *text = json_to_string(value->node, FALSE);
    g_autofree char *start = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), NOTE_MAX));

    native_note(import->result, "%s = %s%s", path, start,
                strlen(start) < strlen(text) ? "..." : "");
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool refuse_kind(const OciValue *value, const char *wanted, GError **err)
{
    g_autofree char *path = oci_path(value);

    if (!value->parent)
        return fail(err, WRONG, _("config.json is not %s"), wanted);
    return fail(err, WRONG, _("'%s' in config.json is not %s"), path, wanted);
}

bool oci_string(const OciValue *value, const char **ret_string, GError **err)
{
    if (json_node_get_value_type(value->node) != G_TYPE_STRING)
        return refuse_kind(value, _("a string"), err);
    *ret_string = json_node_get_string(value->node);
    return true;
}

bool oci_number(const OciValue *value, OptNumber *ret_number, GError **err)
{
    if (json_node_get_value_type(value->node) != G_TYPE_INT64)
        return refuse_kind(value, _("a whole number"), err);
    *ret_number = (OptNumber){ .set = true, .value = json_node_get_int(value->node) };
    return true;
}

bool oci_flag(const OciValue *value, bool *ret_flag, GError **err)
{
    if (json_node_get_value_type(value->node) != G_TYPE_BOOLEAN)
        return refuse_kind(value, _("true or false"), err);
    *ret_flag = json_node_get_boolean(value->node);
    return true;
}

bool oci_each(OciImport *import, const OciValue *value, OciRead *read, GError **err)
{
    JsonArray *array = NULL;

    if (!JSON_NODE_HOLDS_ARRAY(value->node))
        return refuse_kind(value, _("an array"), err);
    array = json_node_get_array(value->node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        OciValue element = { .parent = value,
                             .index = i,
                             .node = json_array_get_element(array, i) };

        if (!read(import, &element, err))
            return false;
    }
    return true;
}

bool oci_words(const OciValue *value, GPtrArray **ret_words, GError **err)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    JsonArray *array = NULL;

    if (!JSON_NODE_HOLDS_ARRAY(value->node))
        return refuse_kind(value, _("an array"), err);
    array = json_node_get_array(value->node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        OciValue element = { value, NULL, i, json_array_get_element(array, i) };
        const char *word = NULL;

        if (!oci_string(&element, &word, err))
            return false;
        g_ptr_array_add(words, (char *)word);
    }
    *ret_words = g_steal_pointer(&words);
    return true;
}

/* Go writes null for what is not there, and so may everybody. */
bool oci_each_member(OciImport *import, const OciValue *value, OciRead *read, GError **err)
{
    JsonObjectIter iter;
    OciValue member = { .parent = value };

    if (!JSON_NODE_HOLDS_OBJECT(value->node))
        return refuse_kind(value, _("an object"), err);
    json_object_iter_init_ordered(&iter, json_node_get_object(value->node));
    while (json_object_iter_next_ordered(&iter, &member.name, &member.node))
        if (!JSON_NODE_HOLDS_NULL(member.node) && !read(import, &member, err))
            return false;
    return true;
}

static bool copy_string(const OciValue *value, char **field, GError **err)
{
    const char *text = NULL;

    if (!oci_string(value, &text, err))
        return false;
    g_free(*field);
    *field = g_strdup(text);
    return true;
}

static bool read_member(OciImport *import, const OciValue *value, const OciMember *member,
                        void *field, GError **err)
{
    switch (member->kind) {
    case OCI_READ:
        return member->read(import, value, err);
    case OCI_EACH:
        return oci_each(import, value, member->read, err);
    case OCI_TEXT:
        return oci_string(value, field, err);
    case OCI_STRING:
        return copy_string(value, field, err);
    case OCI_NUMBER:
        return oci_number(value, field, err);
    case OCI_FLAG:
        return oci_flag(value, field, err);
    case OCI_VALUE:
        *(JsonNode **)field = value->node;
        return true;
    case OCI_IGNORED:
        return true;
    }
    return true;
}

bool oci_is_empty(const OciValue *value)
{
    JsonNode *node = value->node;

    if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
        return !json_node_get_boolean(node);
    return (JSON_NODE_HOLDS_OBJECT(node) && !json_object_get_size(json_node_get_object(node))) ||
           (JSON_NODE_HOLDS_ARRAY(node) && !json_array_get_length(json_node_get_array(node)));
}

bool oci_members(OciImport *import, const OciValue *value, const OciMember *members, void *object,
                 GError **err)
{
    JsonObjectIter iter;
    OciValue at = { .parent = value };

    if (!JSON_NODE_HOLDS_OBJECT(value->node))
        return refuse_kind(value, _("an object"), err);
    json_object_iter_init_ordered(&iter, json_node_get_object(value->node));
    while (json_object_iter_next_ordered(&iter, &at.name, &at.node)) {
        const OciMember *member = members;

        while (member->name && strcmp(member->name, at.name) != 0)
            member++;
        if (JSON_NODE_HOLDS_NULL(at.node))
            continue;
        if (!member->name && !oci_is_empty(&at))
            oci_note(import, &at);
        if (member->name &&
            !read_member(import, &at, member, object ? (char *)object + member->offset : NULL, err))
            return false;
    }
    return true;
}
