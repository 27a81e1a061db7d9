// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See schema.h. libxml2 tells which child of the root does not fit ("Extra element devices in
 * interleave"), which helps nobody. Most of libvirt's vocabulary is optional, so we take out one
 * thing after the other: what makes the document fit by its absence is what the user is told.
 */
#include "conf/schema.h"

#include <libxml/relaxng.h>
#include <libxml/xmlIO.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/xml.h"

/* libxml2 needs some 10 µs for an element of a document of this size, and more the larger it is. */
#define NODES_MAX 32768
/*
 * libxml2 tries the optional attributes of an element in every order: 15 of a <driver> take
 * seconds, 18 minutes. What a document may cost is counted as 2 to the number of attributes of each
 * element; a costlier one is left to the record tables alone.
 */
#define COST_MAX (UINT64_C(1) << 15)
/* How many nodes may be looked at in search of the culprit: some tenths of a second at worst. */
#define SEARCH_NODES 300000

struct Schema {
    const char *path;
    xmlRelaxNG *grammar; /* NULL: not read yet */
};

/* A private copy of a document, and how often it may still be checked. */
typedef struct Search {
    const Schema *schema;
    xmlDoc *doc;
    size_t tries;
} Search;

Schema *schema_new(const char *path)
{
    Schema *schema = g_new0(Schema, 1);

    schema->path = path;
    return schema;
}

void schema_free(Schema *schema)
{
    if (!schema)
        return;
    xmlRelaxNGFree(schema->grammar);
    g_free(schema);
}

/* ---- reading the schema ---------------------------------------------------------------------- */

/* Collects libxml2's messages, each on a line of its own. */
static void note_message(void *data, xmlError *error)
{
    GString *text = data;
    const xmlNode *node = error->node;
    g_autofree char *message = g_utf8_make_valid(error->message ? error->message : "", -1);

    if (text->len)
        g_string_append_c(text, '\n');
    if (node && node->type == XML_ELEMENT_NODE)
        g_string_append_printf(text, _("<%s> in line %u: "), xml_name(node), xml_line(node));
    g_string_append(text, g_strchomp(message));
}

/*
 * libvirt's schemas include their neighbours. How files are loaded and whom libxml2 complains to
 * meanwhile are settings of the process and the thread, nobody else's while we are here.
 */
static xmlRelaxNG *read_grammar(const char *path, GString *messages)
{
    xmlExternalEntityLoader usual = xmlGetExternalEntityLoader();
    xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
    xmlRelaxNG *grammar = NULL;

    if (!parser)
        g_error("out of memory");
    xmlRelaxNGSetParserStructuredErrors(parser, note_message, messages);
    xmlSetStructuredErrorFunc(messages, note_message);
    xmlSetExternalEntityLoader(xmlNoNetExternalEntityLoader);
    grammar = xmlRelaxNGParse(parser);
    xmlSetExternalEntityLoader(usual);
    xmlSetStructuredErrorFunc(NULL, NULL);
    xmlRelaxNGFreeParserCtxt(parser);
    return grammar;
}

/* True with grammar NULL: there is no such file. */
static bool load(Schema *schema, GError **err)
{
    GString *messages = NULL;
    bool done;

    if (schema->grammar || access(schema->path, F_OK) < 0)
        return true;
    messages = g_string_new(NULL);
    schema->grammar = read_grammar(schema->path, messages);
    done = schema->grammar != NULL ||
           fail(err, ERR(XML, INTERNAL_ERROR), _("cannot read the schema '%s': %s"), schema->path,
                messages->str);
    g_string_free(messages, TRUE);
    return done;
}

/* ---- validating ------------------------------------------------------------------------------ */

static bool validate(const Schema *schema, xmlDoc *doc, GString *messages)
{
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema->grammar);
    int result;

    if (!context)
        g_error("out of memory");
    xmlRelaxNGSetValidStructuredErrors(context, note_message, messages);
    result = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    return result == 0;
}

/* Whether the document fits as it is now. */
static bool try_again(Search *search)
{
    GString *ignored = g_string_new(NULL);
    bool fits = search->tries > 0 && validate(search->schema, search->doc, ignored);

    if (search->tries > 0)
        search->tries--;
    g_string_free(ignored, TRUE);
    return fits;
}

/* ---- the culprit ----------------------------------------------------------------------------- */

static size_t count_nodes(const xmlNode *node)
{
    size_t n = 1;

    for (const xmlNode *child = node->children; child; child = child->next)
        n += count_nodes(child);
    return n;
}

/* Attributes come first. */
static xmlNode *next_part(const xmlNode *parent, const xmlNode *part)
{
    if (part->next)
        return part->next;
    return part->type == XML_ATTRIBUTE_NODE ? parent->children : NULL;
}

static xmlNode *first_part(const xmlNode *node)
{
    return node->properties ? (xmlNode *)node->properties : node->children;
}

/* Where it was: `next` is what came after it. */
static void put_back(xmlNode *parent, xmlNode *part, xmlNode *next)
{
    bool is_last = part->type == XML_ATTRIBUTE_NODE && next && next->type != XML_ATTRIBUTE_NODE;

    if (next && !is_last)
        xmlAddPrevSibling(next, part);
    else
        xmlAddChild(parent, part);
}

static const xmlNode *narrow_down(Search *search, xmlNode *part);

/* The part of `node`, an element or an attribute, without which the document fits. */
static const xmlNode *find_only(Search *search, xmlNode *node)
{
    for (xmlNode *part = first_part(node), *next; part && search->tries; part = next) {
        bool fits;

        next = next_part(node, part);
        if (part->type != XML_ELEMENT_NODE && part->type != XML_ATTRIBUTE_NODE)
            continue;
        xmlUnlinkNode(part);
        fits = try_again(search);
        put_back(node, part, next);
        if (fits)
            return narrow_down(search, part);
    }
    return NULL;
}

/* Leaves the first `n` children in the node. */
static void leave_first(xmlNode *node, const GPtrArray *children, guint n)
{
    for (guint i = 0; i < children->len; i++)
        xmlUnlinkNode(g_ptr_array_index(children, i));
    for (guint i = 0; i < n; i++)
        xmlAddChild(node, g_ptr_array_index(children, i));
}

/* How many of the children are there when the document stops fitting, by halves; 0: that cannot be
 * said, since it does not fit without all of them either, or there was no time for it. */
static guint first_misfit(Search *search, xmlNode *node, const GPtrArray *children)
{
    guint good = 0, bad = children->len;

    leave_first(node, children, 0);
    if (!bad || !try_again(search))
        return 0;
    while (bad - good > 1) {
        guint middle = good + (bad - good) / 2;

        leave_first(node, children, middle);
        *(try_again(search) ? &good : &bad) = middle;
    }
    return search->tries ? bad : 0;
}

/* Of any number of culprits among the children of `node` the first, as it works for devices; those
 * behind it are thrown away. */
static const xmlNode *find_first(Search *search, xmlNode *node)
{
    g_autoptr(GPtrArray) children = g_ptr_array_new();
    guint bad;

    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            g_ptr_array_add(children, child);
    bad = first_misfit(search, node, children);
    leave_first(node, children, bad ? bad : children->len);
    if (!bad)
        return NULL;
    for (guint i = bad; i < children->len; i++)
        xmlFreeNode(g_ptr_array_index(children, i));
    return narrow_down(search, g_ptr_array_index(children, bad - 1));
}

/* The smallest thing to blame in `part`, without which the document fits. */
static const xmlNode *narrow_down(Search *search, xmlNode *part)
{
    const xmlNode *inner = NULL;

    if (part->type == XML_ATTRIBUTE_NODE)
        return part;
    inner = find_first(search, part);
    if (!inner)
        inner = find_only(search, part);
    return inner ? inner : part;
}

static char *describe_culprit(const Schema *schema, xmlDoc *doc)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    Search search = { schema, doc, SEARCH_NODES / count_nodes(root) };
    const xmlNode *culprit = find_only(&search, root);

    if (!culprit)
        return NULL;
    if (culprit->type == XML_ATTRIBUTE_NODE)
        return g_strdup_printf(_("attribute '%s' of <%s> does not fit (line %u)"),
                               xml_name(culprit), xml_name(culprit->parent),
                               xml_line(culprit->parent));
    return g_strdup_printf(_("element <%s> in <%s> does not fit (line %u)"), xml_name(culprit),
                           xml_name(culprit->parent), xml_line(culprit));
}

/* Takes apart and puts together `doc`, so that it has to be the caller's own. */
static bool check(Schema *schema, xmlDoc *doc, GError **err)
{
    g_autofree char *culprit = NULL;
    GString *messages = NULL;
    bool fits;

    if (!load(schema, err))
        return false;
    if (!schema->grammar)
        return true;
    if (count_nodes(xmlDocGetRootElement(doc)) > NODES_MAX)
        return fail(err, ERR(XML, XML_INVALID_SCHEMA),
                    _("more than %d elements are not compared with a schema"), NODES_MAX);
    messages = g_string_new(NULL);
    fits = validate(schema, doc, messages);
    if (!fits) {
        culprit = describe_culprit(schema, doc);
        fail(err, ERR(XML, XML_INVALID_SCHEMA), _("not as '%s' wants it: %s%s%s"), schema->path,
             culprit ? culprit : "", culprit ? "\n" : "", messages->str);
    }
    g_string_free(messages, TRUE);
    return fits;
}

bool schema_check_text(Schema *schema, const char *xml, GError **err)
{
    g_autoptr(xmlDoc) doc = xml_read(xml, "document", err);

    return doc && check(schema, doc, err);
}

/* ---- domains --------------------------------------------------------------------------------- */

/* An element or an attribute of our own namespace. */
static bool is_own(const xmlNode *node)
{
    return g_strcmp0(xml_known_prefix(node), "virtlxcd") == 0;
}

static void remove_attributes(xmlNode *node)
{
    for (xmlAttr *attribute = node->properties, *next; attribute; attribute = next) {
        next = attribute->next;
        if (is_own((const xmlNode *)attribute))
            xmlRemoveProp(attribute);
    }
}

static void remove_own(xmlNode *node)
{
    remove_attributes(node);
    for (xmlNode *child = node->children, *next; child; child = next) {
        next = child->next;
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (is_own(child)) {
            xmlUnlinkNode(child);
            xmlFreeNode(child);
        } else {
            remove_own(child);
        }
    }
}

static uint64_t cost(const xmlNode *node)
{
    uint64_t sum = 1;

    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        sum = MIN(sum * 2, COST_MAX);
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            sum += cost(child);
    return sum;
}

bool schema_check_domain(Schema *schema, const xmlDoc *doc, GError **err)
{
    g_autoptr(xmlDoc) copy = xmlCopyDoc((xmlDoc *)doc, 1);

    if (!copy)
        g_error("out of memory");
    remove_own(xmlDocGetRootElement(copy));
    return cost(xmlDocGetRootElement(copy)) >= COST_MAX || check(schema, copy, err);
}
