// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Reading: libxml2's own limits (depth 256, 10 MB of text in one place) stay in force, since
 * XML_PARSE_HUGE is not given, and a document with a DOCTYPE is refused as soon as the parser sees
 * it, before any entity could be declared; so XML_PARSE_NOENT replaces nothing but &amp; and its
 * like, which libxml2 leaves half-done in namespaces otherwise. The first error is what the user is
 * told, with the line it is in and a caret below the place, as libvirt does.
 */
#include "conf/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/xml-scan.h"

#define DOCUMENT_SIZE_MAX (16u << 20)
#define CONTEXT_MAX 80
#define TEXT_NEWLINE '\1'

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct Complaint {
    char *message;
    int line;
    char *context; /* the line with the error, a newline, and the caret below it */
} Complaint;

/* The input's current line around the parser's position, and a caret under that position. */
static char *caret_context(xmlParserCtxt *parser)
{
    const xmlParserInput *input = parser->input;
    const xmlChar *base, *cur, *start, *end;
    g_autofree char *line = NULL;
    g_autofree char *dashes = NULL;

    if (!input || !input->cur)
        return g_strdup("");
    base = input->base;
    cur = input->cur;
    while (cur > base && (*cur == '\n' || *cur == '\r'))
        cur--;
    start = cur;
    while (start > base && start[-1] != '\n' && start[-1] != '\r' && cur - start < CONTEXT_MAX)
        start--;
    end = start;
    while (*end && *end != '\n' && *end != '\r' && end - start < CONTEXT_MAX)
        end++;
    line = g_utf8_make_valid((const char *)start, end - start);
    dashes = g_strnfill((gsize)(MIN(input->cur, end) - start), '-');
    return g_strdup_printf("%s\n%s^", line, dashes);
}

static void note_complaint(void *parser_data, xmlError *error)
{
    xmlParserCtxt *parser = parser_data;
    Complaint *complaint = parser->_private;

    if (error->level < XML_ERR_ERROR || complaint->message)
        return;
    complaint->message = g_utf8_make_valid(error->message ? error->message : "malformed", -1);
    g_strchomp(complaint->message);
    complaint->line = error->line;
    complaint->context = caret_context(parser);
}

static void refuse_doctype(void *parser_data, const xmlChar *name, const xmlChar *external_id,
                           const xmlChar *system_id)
{
    xmlParserCtxt *parser = parser_data;
    Complaint *complaint = parser->_private;

    if (!complaint->message) {
        complaint->message = g_strdup(_("a document type declaration is not allowed"));
        complaint->line = parser->input ? parser->input->line : 0;
        complaint->context = caret_context(parser);
    }
    xmlStopParser(parser);
}

xmlDoc *xml_read(const char *text, const char *what, GError **err)
{
    Complaint complaint = { 0 };
    xmlParserCtxt *parser = NULL;
    xmlDoc *doc = NULL;
    size_t size = strlen(text);
    g_autofree char *encoding = NULL;

    if (size > DOCUMENT_SIZE_MAX) {
        fail(err, ERR(DOMAIN, XML_DETAIL), _("(%s): the document is longer than %u bytes"), what,
             DOCUMENT_SIZE_MAX);
        return NULL;
    }
    if (!xml_scan(text, what, &encoding, err))
        return NULL;
    parser = xmlNewParserCtxt();
    if (!parser)
        g_error("out of memory");
    parser->_private = &complaint;
    parser->sax->serror = note_complaint;
    parser->sax->internalSubset = refuse_doctype;
    doc = xmlCtxtReadMemory(parser, text, (int)size, NULL, encoding,
                            XML_PARSE_NONET | XML_PARSE_NOWARNING | XML_PARSE_NOERROR |
                                XML_PARSE_NOBLANKS | XML_PARSE_NOENT);
    if (!doc || !parser->wellFormed || complaint.message || !xmlDocGetRootElement(doc)) {
        fail(err, ERR(DOMAIN, XML_DETAIL), "(%s):%d: %s\n%s", what, complaint.line,
             complaint.message ? complaint.message : _("not an XML document"),
             complaint.context ? complaint.context : "");
        g_clear_pointer(&doc, xmlFreeDoc);
    }
    xmlFreeParserCtxt(parser);
    g_free(complaint.message);
    g_free(complaint.context);
    return doc;
}

/* ---- looking at nodes ------------------------------------------------------------------------ */

const char *xml_name(const xmlNode *node)
{
    return (const char *)node->name;
}

bool xml_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && strcmp(xml_name(node), name) == 0;
}

unsigned xml_line(const xmlNode *node)
{
    long line = xmlGetLineNo((xmlNode *)node);

    return line > 0 ? (unsigned)line : 0;
}

char *xml_attribute_value(const xmlAttr *attribute)
{
    const xmlNode *text = attribute->children;
    xmlChar *joined = NULL;
    char *value = NULL;

    if (!text)
        return g_strdup("");
    if (!text->next && text->type == XML_TEXT_NODE)
        return g_strdup((const char *)text->content);
    joined = xmlNodeListGetString(attribute->doc, (xmlNode *)text, 1);
    value = g_strdup(joined ? (const char *)joined : "");
    xmlFree(joined);
    return value;
}

const XmlPrefix xml_prefixes[] = {
    {"lxc",       "http://libvirt.org/schemas/domain/lxc/1.0"},
    { "virtlxcd", "urn:virtlxcd:domain:1.0"                  },
    { NULL,       NULL                                       },
};

const char *xml_known_prefix(const xmlNode *node)
{
    for (const XmlPrefix *known = xml_prefixes; node->ns && known->prefix; known++)
        if (g_strcmp0((const char *)node->ns->href, known->uri) == 0)
            return known->prefix;
    return NULL;
}

/* Only elements begin with '<' in what we print, since it is escaped everywhere else. */
void xml_declare_prefixes(GString *text, size_t start)
{
    for (const XmlPrefix *known = xml_prefixes; known->prefix; known++) {
        g_autofree char *tag = g_strdup_printf("<%s:", known->prefix);
        g_autofree char *declaration = g_strdup_printf(" xmlns:%s='%s'", known->prefix, known->uri);
        const char *end = strchr(text->str + start, '>');

        if (strstr(text->str + start, tag))
            g_string_insert(text, end - text->str, declaration);
    }
}

char *xml_attribute(const xmlNode *node, const char *name)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        if (!attribute->ns && strcmp((const char *)attribute->name, name) == 0)
            return xml_attribute_value(attribute);
    return NULL;
}

static bool is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

char *xml_text(const xmlNode *node)
{
    const xmlNode *first = node->children;
    GString *text = NULL;

    if (!first)
        return g_strdup("");
    if (!first->next && is_text(first))
        return g_strdup((const char *)first->content);
    text = g_string_new(NULL);
    for (const xmlNode *child = first; child; child = child->next)
        if (is_text(child))
            g_string_append(text, (const char *)child->content);
    return g_string_free(text, FALSE);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

const char *xml_stray_text(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (is_text(child) && !is_blank((const char *)child->content))
            return (const char *)child->content;
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void escape(GString *out, const char *text, const char *specials)
{
    for (;;) {
        size_t plain = strcspn(text, specials);

        g_string_append_len(out, text, (gssize)plain);
        text += plain;
        switch (*text) {
        case '\0':
            return;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '\'':
            g_string_append(out, "&apos;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        default:
            g_string_append_printf(out, "&#%d;", *text);
        }
        text++;
    }
}

void xml_escape_text(GString *out, const char *text)
{
    escape(out, text, "<>&'\"\r");
}

/* A parser turns a raw newline or tab in an attribute into a space, so both are written as numbers.
 */
void xml_escape_attribute(GString *out, const char *text)
{
    escape(out, text, "<>&'\"\r\n\t");
}

void xml_indent(GString *out, unsigned spaces)
{
    static const char blanks[] = "                                ";

    while (spaces > 0) {
        unsigned step = MIN(spaces, (unsigned)sizeof(blanks) - 1);

        g_string_append_len(out, blanks, step);
        spaces -= step;
    }
}

/* ---- kept XML -------------------------------------------------------------------------------- */

typedef struct Keeper {
    GString *out;
    char quote;
} Keeper;

static void keep_text(Keeper *keeper, const char *text)
{
    size_t from = keeper->out->len;

    escape(keeper->out, text, keeper->quote == '"' ? "<>&\r" : "<>&'\"\r");
    for (size_t i = from; i < keeper->out->len; i++)
        if (keeper->out->str[i] == '\n')
            keeper->out->str[i] = TEXT_NEWLINE;
}

static void keep_value(Keeper *keeper, const char *name, const char *prefix, const char *value)
{
    g_string_append_c(keeper->out, ' ');
    if (prefix) {
        g_string_append(keeper->out, prefix);
        g_string_append_c(keeper->out, ':');
    }
    g_string_append(keeper->out, name);
    g_string_append_c(keeper->out, '=');
    g_string_append_c(keeper->out, keeper->quote);
    escape(keeper->out, value, keeper->quote == '"' ? "<>&\"\r\n\t" : "<>&'\"\r\n\t");
    g_string_append_c(keeper->out, keeper->quote);
}

static void keep_namespace(Keeper *keeper, const xmlNs *ns)
{
    const char *uri = ns->href ? (const char *)ns->href : "";

    if (ns->prefix)
        keep_value(keeper, (const char *)ns->prefix, "xmlns", uri);
    else
        keep_value(keeper, "xmlns", NULL, uri);
}

static void keep_attributes(Keeper *keeper, const xmlNode *node)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
        keep_namespace(keeper, ns);
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        g_autofree char *value = xml_attribute_value(attribute);

        keep_value(keeper, (const char *)attribute->name,
                   attribute->ns ? (const char *)attribute->ns->prefix : NULL, value);
    }
}

static bool has_kept_child(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            return true;
    return false;
}

static void keep_element(Keeper *keeper, const xmlNode *node, unsigned level, bool inline_text);

static void keep_children(Keeper *keeper, const xmlNode *node, unsigned level, bool inline_text)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (is_text(child) && (inline_text || !is_blank((const char *)child->content)))
            keep_text(keeper, (const char *)child->content);
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (!inline_text) {
            g_string_append_c(keeper->out, '\n');
            xml_indent(keeper->out, (level + 1) * 2);
        }
        keep_element(keeper, child, level + 1, inline_text);
    }
}

/* Below an element with text of its own nothing is indented, since that would change the text. */
static void keep_element(Keeper *keeper, const xmlNode *node, unsigned level, bool inline_text)
{
    const char *prefix = node->ns ? (const char *)node->ns->prefix : NULL;
    const char *colon = prefix ? ":" : "";
    bool children = has_kept_child(node);

    prefix = prefix ? prefix : "";
    inline_text = inline_text || xml_stray_text(node);
    g_string_append_printf(keeper->out, "<%s%s%s", prefix, colon, xml_name(node));
    keep_attributes(keeper, node);
    if (!children && !inline_text) {
        g_string_append(keeper->out, "/>");
        return;
    }
    g_string_append_c(keeper->out, '>');
    keep_children(keeper, node, level, inline_text);
    if (!inline_text) {
        g_string_append_c(keeper->out, '\n');
        xml_indent(keeper->out, level * 2);
    }
    g_string_append_printf(keeper->out, "</%s%s%s>", prefix, colon, xml_name(node));
}

static bool inherits_namespaces(const xmlNode *node)
{
    for (const xmlNode *above = node->parent; above; above = above->parent)
        if (above->type == XML_ELEMENT_NODE && above->nsDef)
            return true;
    return false;
}

/* A copy outside of the document declares by itself what it used from the elements above. */
char *xml_keep(const xmlNode *node, char quote)
{
    Keeper keeper = { .out = g_string_new(NULL), .quote = quote };
    xmlNode *copy = NULL;

    if (inherits_namespaces(node))
        copy = xmlDocCopyNode((xmlNode *)node, node->doc, 1);
    keep_element(&keeper, copy ? copy : node, 0, false);
    xmlFreeNode(copy);
    return g_string_free(keeper.out, FALSE);
}

void xml_write_kept(GString *out, const char *kept, unsigned spaces)
{
    if (!kept)
        return;
    xml_indent(out, spaces);
    for (;;) {
        size_t plain = strcspn(kept, "\n\1");

        g_string_append_len(out, kept, (gssize)plain);
        kept += plain;
        if (!*kept)
            break;
        g_string_append_c(out, '\n');
        if (*kept == '\n')
            xml_indent(out, spaces);
        kept++;
    }
    g_string_append_c(out, '\n');
}
