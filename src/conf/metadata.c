// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Title, description and the elements that applications keep with a domain. An element belongs to
 * whoever owns its namespace: there is one for each, it is never looked into, and the calls hand it
 * out with that namespace taken off again.
 */
#include <libxml/parserInternals.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/xml.h"

/* ---- in the document ------------------------------------------------------------------------- */

static MetadataElement *element_new(const xmlNode *node)
{
    MetadataElement *element = g_new0(MetadataElement, 1);

    element->uri = g_strdup((const char *)node->ns->href);
    element->xml = xml_keep(node, '"');
    return element;
}

static bool parse_element(const Reader *reader, const xmlNode *node, void *object, GError **err)
{
    g_autofree MetadataElement *element = NULL;

    if (!node->ns)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<%s> in <metadata> is in no namespace (line %u)"), xml_name(node),
                    xml_line(node));
    element = element_new(node);
    *(MetadataElement *)object = *element;
    return true;
}

static void format_element(Writer *writer, const void *object)
{
    xml_write_kept(writer->out, ((const MetadataElement *)object)->xml, writer->indent);
}

/* The rows serve memory only; parse and format take the element as a whole. */
/* clang-format off */
static const Row metadata_rows[] = {
    { "uri", ROW_STRING, offsetof(MetadataElement, uri) },
    { "xml", ROW_STRING, offsetof(MetadataElement, xml) },
    { NULL },
};
/* clang-format on */

const Record metadata_record = { "metadata", sizeof(MetadataElement), metadata_rows,
                                 .parse = parse_element, .format = format_element };

bool metadata_check(const DomainDef *def, GError **err)
{
    g_autoptr(GHashTable) uris = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->metadata.n; i++)
        if (!g_hash_table_add(uris, def->metadata.items[i]->uri))
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("two elements in <metadata> have the namespace '%s'"),
                        def->metadata.items[i]->uri);
    return true;
}

bool metadata_check_title(const char *title, char **ret_title, GError **err)
{
    if (strchr(title, '\n'))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("a domain's title cannot contain newlines"));
    *ret_title = g_strdup(title);
    return true;
}

/* ---- namespaces ------------------------------------------------------------------------------ */

static void put_into_namespace(xmlNode *node, xmlNs *ns)
{
    if (!node->ns || g_strcmp0((const char *)node->ns->href, (const char *)ns->href) == 0)
        node->ns = ns;
    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            put_into_namespace(child, ns);
}

/* Unlinks the declarations of `uri` from the node into *ret_removed, which the caller frees. */
static void remove_declarations(xmlNode *node, const char *uri, xmlNs **ret_removed)
{
    xmlNs **at = &node->nsDef;

    while (*at) {
        xmlNs *ns = *at;

        if (g_strcmp0((const char *)ns->href, uri) != 0) {
            at = &ns->next;
            continue;
        }
        *at = ns->next;
        ns->next = *ret_removed;
        *ret_removed = ns;
    }
}

static void take_off_namespace(xmlNode *node, const char *uri, xmlNs **ret_removed)
{
    if (node->ns && g_strcmp0((const char *)node->ns->href, uri) == 0)
        node->ns = NULL;
    for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        if (attribute->ns && g_strcmp0((const char *)attribute->ns->href, uri) == 0)
            attribute->ns = NULL;
    remove_declarations(node, uri, ret_removed);
    for (xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            take_off_namespace(child, uri, ret_removed);
}

/* ---- the calls ------------------------------------------------------------------------------- */

static void restore_newlines(char *kept)
{
    for (; *kept; kept++)
        if (*kept == '\1')
            *kept = '\n';
}

static ssize_t find_element(const DomainDef *def, const char *uri)
{
    for (size_t i = 0; i < def->metadata.n; i++)
        if (strcmp(def->metadata.items[i]->uri, uri) == 0)
            return (ssize_t)i;
    return -1;
}

static void remove_element(DomainDef *def, const char *uri)
{
    MetadataList *list = &def->metadata;
    ssize_t i = find_element(def, uri);

    if (i < 0)
        return;
    record_free(&metadata_record, list->items[i]);
    list->n--;
    for (size_t next = (size_t)i; next < list->n; next++)
        list->items[next] = list->items[next + 1];
}

static bool set_element(DomainDef *def, const MetadataChange *change, GError **err)
{
    const char *text = change->text, *key = change->key, *uri = change->uri;
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *root = NULL;
    xmlNs *ns = NULL;

    if (!uri || !*uri)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a metadata element needs a namespace URI"));
    if (!text || !*text) {
        remove_element(def, uri);
        return true;
    }
    if (!key || xmlValidateNCName((const xmlChar *)key, 0) != 0)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("'%s' cannot be the prefix of a metadata element"), key ? key : "");
    doc = xml_read(text, "metadata_xml", err);
    if (!doc)
        return false;
    root = xmlDocGetRootElement(doc);
    ns = xmlNewNs(root, (const xmlChar *)uri, (const xmlChar *)key);
    if (!ns)
        return fail(
            err, ERR(DOMAIN, INVALID_ARG),
            _("the prefix '%s' of the metadata element already stands for another namespace"), key);
    put_into_namespace(root, ns);
    if (root->ns != ns)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("the metadata element is in the namespace '%s', not '%s'"),
                    (const char *)root->ns->href, uri);
    remove_element(def, uri);
    record_list_append(&def->metadata, element_new(root));
    return true;
}

/* What XML cannot hold would make the definition unreadable. */
static bool is_xml_text(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if ((c < 0x20 && !strchr("\t\n\r", (int)c)) || (c & 0xfffe) == 0xfffe)
            return false;
    }
    return true;
}

static bool set_text(char **field, const MetadataChange *change, GError **err)
{
    const char *text = change->text;

    if (change->key || change->uri)
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("a title or description has neither key nor URI"));
    if (text && !is_xml_text(text))
        return fail(err, ERR(DOMAIN, INVALID_ARG),
                    _("a title or description cannot contain control characters"));
    g_free(*field);
    *field = text && *text ? g_strdup(text) : NULL;
    return true;
}

bool domain_def_metadata_set(DomainDef *def, const MetadataChange *change, GError **err)
{
    switch (change->type) {
    case METADATA_DESCRIPTION:
        return set_text(&def->description, change, err);
    case METADATA_TITLE:
        if (change->text && strchr(change->text, '\n'))
            return fail(err, ERR(DOMAIN, INVALID_ARG),
                        _("a domain's title cannot contain newlines"));
        return set_text(&def->title, change, err);
    case METADATA_ELEMENT:
        return set_element(def, change, err);
    default:
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("unknown metadata type %d"), change->type);
    }
}

static bool get_element(const DomainDef *def, const char *uri, char **ret_text, GError **err)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *xml = NULL;
    xmlNs *removed = NULL;
    ssize_t i;

    if (!uri)
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("a metadata element needs a namespace URI"));
    i = find_element(def, uri);
    if (i < 0)
        return fail(err, ERR(DOMAIN, NO_DOMAIN_METADATA),
                    _("the domain has no metadata of the namespace '%s'"), uri);
    xml = g_strdup(def->metadata.items[i]->xml);
    restore_newlines(xml);
    doc = xml_read(xml, "metadata_xml", err);
    if (!doc)
        return false;
    take_off_namespace(xmlDocGetRootElement(doc), uri, &removed);
    *ret_text = xml_keep(xmlDocGetRootElement(doc), '"');
    restore_newlines(*ret_text);
    xmlFreeNsList(removed);
    return true;
}

static bool get_text(const char *field, const char *what, char **ret_text, GError **err)
{
    if (!field)
        return fail(err, ERR(DOMAIN, NO_DOMAIN_METADATA), _("the domain has no %s"), what);
    *ret_text = g_strdup(field);
    return true;
}

bool domain_def_metadata_get(const DomainDef *def, int type, const char *uri, char **ret_text,
                             GError **err)
{
    switch (type) {
    case METADATA_DESCRIPTION:
        return get_text(def->description, _("description"), ret_text, err);
    case METADATA_TITLE:
        return get_text(def->title, _("title"), ret_text, err);
    case METADATA_ELEMENT:
        return get_element(def, uri, ret_text, err);
    default:
        return fail(err, ERR(DOMAIN, INVALID_ARG), _("unknown metadata type %d"), type);
    }
}
