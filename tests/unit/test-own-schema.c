// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * docs/virtlxcd.rng has every element, attribute and word that the tables have in our own
 * namespace, and none beside: test-own-schema FILE.
 */
#include <libxml/parser.h>
#include <string.h>

#include "conf/vocabulary.h"

#define PREFIX "virtlxcd:"

/* What the tables have: "element", "element@attribute" and "element@attribute=word", without the
 * prefix. */
static void note_entry(const VocabularyEntry *entry, void *data)
{
    GHashTable *things = data;
    const char *own = g_strrstr(entry->path, PREFIX);
    g_auto(GStrv) parts = own ? g_strsplit(own + strlen(PREFIX), "/@", 2) : NULL;
    static const char *const yes_names[] = { "yes", "no", NULL };
    const char *const *names = NULL;

    if (!own)
        return;
    g_hash_table_add(things, g_strdup(parts[0]));
    if (!parts[1])
        return;
    g_hash_table_add(things, g_strjoin("@", parts[0], parts[1], NULL));
    if (entry->row->kind == ROW_ENUM)
        names = entry->row->names + (entry->row->names[0] ? 0 : 1);
    else if (entry->row->kind == ROW_YES)
        names = yes_names;
    for (; names && *names; names++)
        g_hash_table_add(things, g_strdup_printf("%s@%s=%s", parts[0], parts[1], *names));
}

static bool is_called(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static char *name_of(const xmlNode *node)
{
    xmlChar *name = xmlGetProp((xmlNode *)node, (const xmlChar *)"name");
    char *copy = g_strdup((const char *)name);

    xmlFree(name);
    return copy;
}

static const xmlNode *find_definition(const xmlNode *grammar, const char *wanted)
{
    for (const xmlNode *node = grammar->children; node; node = node->next) {
        g_autofree char *name = is_called(node, "define") ? name_of(node) : NULL;

        if (g_strcmp0(name, wanted) == 0)
            return node;
    }
    g_error("nothing is called '%s'", wanted);
}

/* What the schema has below `node`, likewise. `in` is the element, or "element@attribute". */
static void note_pattern(const xmlNode *node, const char *in, GHashTable *things)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        g_autofree char *name = child->type == XML_ELEMENT_NODE ? name_of(child) : NULL;
        g_autofree char *thing = NULL;

        if (is_called(child, "element") && name && g_str_has_prefix(name, PREFIX))
            thing = g_strdup(name + strlen(PREFIX));
        else if (is_called(child, "attribute") && in && name)
            thing = g_strjoin("@", in, name, NULL);
        else if (is_called(child, "value") && in)
            thing = g_strconcat(in, "=", (const char *)child->children->content, NULL);
        if (thing)
            g_hash_table_add(things, g_strdup(thing));
        if (is_called(child, "ref") && in && strchr(in, '@'))
            note_pattern(find_definition(xmlDocGetRootElement(child->doc), name), in, things);
        note_pattern(child, thing ? thing : in, things);
    }
}

static void check_same(GHashTable *expected, GHashTable *found, const char *where)
{
    GHashTableIter iter;
    gpointer thing;

    g_hash_table_iter_init(&iter, expected);
    while (g_hash_table_iter_next(&iter, &thing, NULL))
        if (!g_hash_table_contains(found, thing))
            g_error("'%s' is not in %s", (const char *)thing, where);
}

static void test_same(const void *data)
{
    const char *path = data;
    g_autoptr(GHashTable) tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) schema = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);

    g_assert_nonnull(doc);
    vocabulary_walk(note_entry, tables);
    note_pattern(xmlDocGetRootElement(doc), NULL, schema);
    xmlFreeDoc(doc);
    g_assert_cmpuint(g_hash_table_size(tables), >, 30);
    /* A limit is a number or this word; to the table it is text. */
    g_hash_table_remove(schema, "rlimit@soft=unlimited");
    g_hash_table_remove(schema, "rlimit@hard=unlimited");
    check_same(tables, schema, path);
    check_same(schema, tables, "the tables");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/own-schema/same", argv[1], test_same);
    return g_test_run();
}
