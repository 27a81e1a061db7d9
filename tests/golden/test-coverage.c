// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Every row of the record tables is in a golden case: what nobody shows, nobody has looked at. */
#include <libxml/parser.h>
#include <string.h>

#include "conf/vocabulary.h"
#include "conf/xml.h"

/* `seen` gets "devices/filesystem/source/@dir" and all that leads there. */
static void collect(GHashTable *seen, const xmlNode *node, const char *path)
{
    g_hash_table_add(seen, g_strdup(path));
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        g_hash_table_add(seen, g_strdup_printf("%s%s@%s", path, *path ? "/" : "",
                                               (const char *)attribute->name));
    for (const xmlNode *child = node->children; child; child = child->next) {
        const char *prefix = NULL;
        g_autofree char *below = NULL;

        if (child->type != XML_ELEMENT_NODE)
            continue;
        prefix = xml_known_prefix(child);
        below = g_strdup_printf("%s%s%s%s%s", path, *path ? "/" : "", prefix ? prefix : "",
                                prefix ? ":" : "", xml_name(child));
        collect(seen, child, below);
    }
}

static void collect_file(GHashTable *seen, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    xmlDoc *doc = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    doc = xmlReadMemory(text, (int)strlen(text), name, NULL,
                        XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
    if (doc)
        collect(seen, xmlDocGetRootElement(doc), "");
    xmlFreeDoc(doc);
}

typedef struct Search {
    GHashTable *seen;  /* paths that documents have */
    GHashTable *shown; /* rows, or paths of what is none, that they show */
    unsigned n;        /* that they do not */
} Search;

/*
 * Rows that several devices share are shown when one of them shows them: those of a shared record,
 * and those that a macro puts into many tables, which are alike in all but the place of the field.
 */
static const void *identity(const VocabularyEntry *entry)
{
    const Row *row = entry->row;
    g_autofree char *text = NULL;

    if (!row)
        return g_intern_string(entry->path);
    if (*row->path == '@' || !strchr(row->path, '/'))
        return row;
    text = g_strdup_printf("%s %d %p %p %p", row->path, row->kind, (const void *)row->names,
                           (const void *)row->record, (const void *)row->text);
    return g_intern_string(text);
}

/* Whatever an element is called that a row takes any of. */
static bool is_any(const VocabularyEntry *entry)
{
    const char *last = strrchr(entry->path, '/');

    return strchr("*+", last ? last[1] : *entry->path);
}

static void note_shown(const VocabularyEntry *entry, void *data)
{
    Search *search = data;

    if (is_any(entry) || g_hash_table_contains(search->seen, entry->path))
        g_hash_table_add(search->shown, (void *)identity(entry));
}

static void look_for(const VocabularyEntry *entry, void *data)
{
    Search *search = data;

    if (!g_hash_table_add(search->shown, (void *)identity(entry)))
        return;
    g_test_message("in no golden case: %s", entry->path);
    search->n++;
}

static void test_every_row(void)
{
    const char *root = g_getenv("GOLDEN_DIR");
    g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
    Search search = { g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                      g_hash_table_new(NULL, NULL), 0 };
    const char *name = NULL;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *folder = g_build_filename(root, name, NULL);

        collect_file(search.seen, folder, "in.xml");
        collect_file(search.seen, folder, "live.xml");
    }
    vocabulary_walk(note_shown, &search);
    vocabulary_walk(look_for, &search);
    g_hash_table_unref(search.seen);
    g_hash_table_unref(search.shown);
    g_assert_cmpuint(search.n, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/golden/every-row", test_every_row);
    return g_test_run();
}
