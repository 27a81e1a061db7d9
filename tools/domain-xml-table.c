// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Prints docs/domain-xml.md: its head, which is given, and a table of all that a definition can
 * say, made from the record tables. tools/update-docs writes the file, a test compares it.
 *
 *     domain-xml-table HEAD.md > docs/domain-xml.md
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/vocabulary.h"

#define MARK "<!-- What follows is made from the record tables: tools/update-docs. -->"

static const char *const effects[] = {
    [VOCABULARY_ACTED] = "acted on",
    [VOCABULARY_KEPT] = "kept",
    [VOCABULARY_REFUSED] = "refused",
};

static void append_some(GString *text, const Row *row, bool works, const char *before)
{
    for (unsigned i = row->names[0] ? 0 : 1; row->names[i]; i++) {
        if ((!row->works || row->works & TYPE_BIT(i)) != works)
            continue;
        g_string_append_printf(text, "%s%s", before, row->names[i]);
        before = ", ";
    }
}

static void append_names(GString *text, const Row *row)
{
    append_some(text, row, true, "");
    append_some(text, row, false, "; refused: ");
}

static void append_range(GString *text, const Row *row)
{
    if (row->min == row->max)
        return;
    if (row->max == INT64_MAX)
        g_string_append_printf(text, " from %" PRId64, row->min);
    else
        g_string_append_printf(text, " %" PRId64 " to %" PRId64, row->min, row->max);
}

static void append_kind(GString *text, const Row *row)
{
    switch (row->kind) {
    case ROW_STRING:
    case ROW_TEXT:
        g_string_append(text, "text");
        break;
    case ROW_ENUM:
        append_names(text, row);
        break;
    case ROW_NUMBER:
    case ROW_COUNT:
        g_string_append(text, row->digits ? "hexadecimal number" : "number");
        append_range(text, row);
        break;
    case ROW_SIZE:
        g_string_append(text, row->scale == 1 ? "size in bytes" : "size in KiB");
        break;
    case ROW_MEMORY:
        g_string_append(text, "size in KiB");
        break;
    case ROW_FLAG:
        g_string_append(text, "empty");
        break;
    case ROW_YES:
        g_string_append(text, "yes, no");
        break;
    case ROW_FIXED:
        g_string_append(text, row->names[0]);
        break;
    case ROW_STRINGS:
        g_string_append(text, "text, repeated");
        break;
    case ROW_RECORD:
    case ROW_MAYBE:
        g_string_append(text, "element");
        break;
    case ROW_LIST:
        g_string_append(text, "element, repeated");
        break;
    case ROW_REFUSED:
    case ROW_KEEP:
    case ROW_CUSTOM:
        g_string_append(text, "any");
        break;
    }
}

/* For which of the record's types the row holds. */
static void append_types(GString *text, const VocabularyEntry *entry)
{
    const Row *row = entry->row;
    const Row *type = entry->record ? entry->record->type : NULL;
    const char *before = "; for ";

    if (!row->types || !type || row == type)
        return;
    for (unsigned i = 0; type->names[i]; i++) {
        if (!(row->types & TYPE_BIT(i)))
            continue;
        g_string_append_printf(text, "%s%s", before, type->names[i]);
        before = ", ";
    }
}

static char *content(const VocabularyEntry *entry)
{
    GString *text = g_string_new(NULL);

    if (!entry->row)
        g_string_append(text, strcmp(entry->path, "devices/emulator") == 0 ? "text"
                                                                           : "element, repeated");
    else
        append_kind(text, entry->row);
    if (entry->row) {
        append_types(text, entry);
        if (entry->row->missing)
            g_string_append(text, "; required");
        if (entry->row->flags & ROW_LIVE)
            g_string_append(text, "; only of a running domain");
    }
    return g_string_free(text, FALSE);
}

/*
 * Records that several devices share are shown once. `first` has each record's first path; rows of
 * a record that is shown elsewhere are passed over.
 */
static bool is_shown_elsewhere(GHashTable *first, const VocabularyEntry *entry)
{
    size_t above =
        entry->row ? strlen(entry->path) - MIN(strlen(entry->row->path), strlen(entry->path)) : 0;
    const char *place = entry->row ? g_hash_table_lookup(first, entry->record) : NULL;

    return place && strncmp(place, entry->path, MAX(above, 1) - 1) != 0;
}

static void print_entry(const VocabularyEntry *entry, void *data)
{
    GHashTable *first = data;
    const Record *nested = entry->row ? entry->row->record : NULL;
    const char *place = nested ? g_hash_table_lookup(first, nested) : NULL;
    g_autofree char *what = NULL;

    if (is_shown_elsewhere(first, entry))
        return;
    what = content(entry);
    if (place)
        printf("| `%s` | %s, as `%s` | %s |\n", entry->path, what, place, effects[entry->effect]);
    else
        printf("| `%s` | %s | %s |\n", entry->path, what, effects[entry->effect]);
    if (nested && !place)
        g_hash_table_insert(first, (void *)nested, g_strdup(entry->path));
}

int main(int argc, char **argv)
{
    g_autofree char *head = NULL;
    g_autoptr(GError) err = NULL;
    g_autoptr(GHashTable) first = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    const char *end = NULL;

    if (argc != 2 || !g_file_get_contents(argv[1], &head, NULL, &err)) {
        fprintf(stderr, "usage: domain-xml-table FILE.md%s%s\n", err ? ": " : "",
                err ? err->message : "");
        return 2;
    }
    end = strstr(head, MARK);
    if (!end) {
        fprintf(stderr, "domain-xml-table: '%s' has no line '%s'\n", argv[1], MARK);
        return 2;
    }
    printf("%.*s%s\n\n| what | content | effect |\n| --- | --- | --- |\n", (int)(end - head), head,
           MARK);
    vocabulary_walk(print_entry, first);
    return 0;
}
