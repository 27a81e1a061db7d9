// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Reading and writing XML text safely. Only src/conf sees libxml2.
 *
 * Reading takes text from strangers: no document type declaration (so no entities at all), no
 * network, bounded size and depth. Writing is libvirt's layout: single quotes, two spaces a level.
 *
 * Kept XML is an element that is carried along without being understood. It is stored printed at
 * indentation 0, a newline inside its text replaced by the byte 1 so that indenting touches only
 * the line breaks that printing made.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

/* `what` names the document in messages: domain_definition. */
xmlDoc *xml_read(const char *text, const char *what, GError **err);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/*
 * The namespaces whose elements rows speak of, by the prefix that rows and our output use; a
 * document may call them as it likes. Ends with a NULL prefix.
 */
typedef struct XmlPrefix {
    const char *prefix;
    const char *uri;
} XmlPrefix;

extern const XmlPrefix xml_prefixes[];
/* The prefix of the node's namespace in xml_prefixes, or NULL. */
const char *xml_known_prefix(const xmlNode *node);
/* Declares in the start tag at `start` of the text the namespaces that the elements use. */
void xml_declare_prefixes(GString *text, size_t start);

/* True when the node is an element called `name` outside any namespace. */
bool xml_is(const xmlNode *node, const char *name);
const char *xml_name(const xmlNode *node);
unsigned xml_line(const xmlNode *node);

/* NULL when there is no such attribute. */
char *xml_attribute(const xmlNode *node, const char *name);
char *xml_attribute_value(const xmlAttr *attribute);
/* All text directly below the node; "" when there is none. */
char *xml_text(const xmlNode *node);
/* The first text below the node that is more than white space, or NULL; borrowed. */
const char *xml_stray_text(const xmlNode *node);

void xml_escape_text(GString *out, const char *text);
void xml_escape_attribute(GString *out, const char *text);
void xml_indent(GString *out, unsigned spaces);

/* Prints an element for keeping. `quote` is ' (libvirt's own) or " (libxml2's, used for metadata).
 */
char *xml_keep(const xmlNode *node, char quote);
/* Appends kept XML, every line indented, with a final newline. NULL prints nothing. */
void xml_write_kept(GString *out, const char *kept, unsigned spaces);
