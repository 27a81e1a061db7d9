// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See native-rest.h. The definition's own text is walked: what is not in it is not lost either. */
#include "conf/native-rest.h"

#include <string.h>

#include "conf/xml.h"

/* What a domain always says, and nobody need be told. */
static const char unspoken[] =
    "name uuid currentMemory currentMemory/@unit memory/@unit memtune/hard_limit/@unit vcpu=1 "
    "vcpu/@placement os/type clock/@offset=utc on_poweroff=destroy on_reboot=restart "
    "on_crash=destroy devices/emulator";

typedef struct Rest {
    GHashTable *said;
    NativeRestVisitor *visit;
    void *data;
} Rest;

static bool is_said(const Rest *rest, const char *path, const char *value)
{
    g_autofree char *with_value = g_strconcat(path, "=", value, NULL);

    return g_hash_table_contains(rest->said, path) || g_hash_table_contains(rest->said, with_value);
}

static void visit(const Rest *rest, const char *path, const char *value)
{
    if (!is_said(rest, path, value))
        rest->visit(path, value, rest->data);
}

static char *child_path(const char *above, const xmlNode *node)
{
    const char *prefix = xml_known_prefix(node);

    if (!prefix && node->ns)
        prefix = (const char *)node->ns->prefix;
    return g_strconcat(above, *above ? "/" : "", prefix ? prefix : "", prefix ? ":" : "",
                       xml_name(node), NULL);
}

static void walk_attributes(const Rest *rest, const xmlNode *node, const char *path)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        g_autofree char *name = g_strconcat(path, "/@", (const char *)attribute->name, NULL);
        g_autofree char *value = xml_attribute_value(attribute);

        visit(rest, name, value);
    }
}

/* Elements that only hold others are not worth a word of their own. */
static void walk(const Rest *rest, const xmlNode *node, const char *path)
{
    g_autofree char *all = g_strconcat(path, "/...", NULL);
    const char *text = xml_stray_text(node);
    bool bare = !node->properties && !node->children;

    if (g_hash_table_contains(rest->said, all))
        return;
    walk_attributes(rest, node, path);
    if (text || bare)
        visit(rest, path, text ? text : "");
    for (const xmlNode *child = node->children; child; child = child->next) {
        g_autofree char *below = NULL;

        if (child->type != XML_ELEMENT_NODE)
            continue;
        below = child_path(path, child);
        walk(rest, child, below);
    }
}

static void add_patterns(GHashTable *patterns, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);

    for (char **word = list; *word; word++)
        g_hash_table_add(patterns, g_strdup(*word));
}

void native_rest(const DomainDef *def, const GPtrArray *said, NativeRestVisitor *visitor,
                 void *data)
{
    g_autofree char *xml = domain_def_format(def, DOMAIN_DEF_INACTIVE | DOMAIN_DEF_NO_SECRETS);
    g_autoptr(GHashTable) patterns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(xmlDoc) doc = xml_read(xml, "domain_definition", NULL);
    Rest rest = { patterns, visitor, data };

    if (!doc)
        return; /* the definition came from such a text */
    add_patterns(patterns, unspoken);
    for (guint i = 0; i < said->len; i++)
        add_patterns(patterns, said->pdata[i]);
    for (const xmlNode *child = xmlDocGetRootElement(doc)->children; child; child = child->next) {
        g_autofree char *path = NULL;

        if (child->type != XML_ELEMENT_NODE)
            continue;
        path = child_path("", child);
        walk(&rest, child, path);
    }
}
