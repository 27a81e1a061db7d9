// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See vocabulary.h. A row with alternatives ("boot|rom|address") is as many entries; a row that
 * stands for a record or a list is followed by that record's own rows.
 */
#include "conf/vocabulary.h"

#include <string.h>

#include "conf/device.h"
#include "conf/domain-records.h"

typedef struct Walk {
    VocabularyVisitor *visit;
    void *data;
} Walk;

static void walk_record(const Walk *walk, const Record *record, const char *prefix, bool kept);

/* Whether all the types that the row holds for are words that mean nothing in a container. */
static bool is_of_refused_types(const Record *record, const Row *row)
{
    return row->types && record->type && record->type->works && row != record->type &&
           !(row->types & record->type->works);
}

static VocabularyEffect row_effect(const Record *record, const Row *row, bool kept)
{
    if (row->kind == ROW_REFUSED || row->flags & ROW_UNPLANNED || is_of_refused_types(record, row))
        return VOCABULARY_REFUSED;
    return kept || row->kind == ROW_KEEP || row->flags & ROW_KEPT ? VOCABULARY_KEPT
                                                                  : VOCABULARY_ACTED;
}

static void visit(const Walk *walk, const char *path, const Row *row, const Record *record,
                  VocabularyEffect effect)
{
    walk->visit(&(VocabularyEntry){ path, row, record, effect }, walk->data);
}

static void walk_devices(const Walk *walk)
{
    size_t n = 0;
    const DeviceClass *const *classes = device_classes(&n);

    visit(walk, "devices/emulator", NULL, NULL, VOCABULARY_KEPT);
    for (size_t i = 0; i < n; i++) {
        const Record *record = classes[i]->record;
        g_autofree char *path = g_strconcat("devices/", classes[i]->element, NULL);

        visit(walk, path, NULL, record,
              classes[i]->refused ? VOCABULARY_REFUSED
              : record->kept      ? VOCABULARY_KEPT
                                  : VOCABULARY_ACTED);
        if (record && !classes[i]->refused && !record->parse)
            walk_record(walk, record, path, record->kept);
    }
}

static void walk_row(const Walk *walk, const Record *record, const Row *row, const char *path,
                     bool kept)
{
    bool nested = row->kind == ROW_RECORD || row->kind == ROW_MAYBE || row->kind == ROW_LIST;

    kept |= row->flags & ROW_KEPT || (row->record && row->record->kept);
    if (row->kind == ROW_CUSTOM && row->functions == &devices_functions) {
        walk_devices(walk);
        return;
    }
    visit(walk, path, row, record, row_effect(record, row, kept));
    if (nested && !row->record->parse)
        walk_record(walk, row->record, path, kept);
}

/* Several rows may share a path: the variants of a type, or a field with two spellings. */
static bool repeats(const Record *record, const Row *row)
{
    for (const Row *earlier = record->rows; earlier < row; earlier++)
        if (strcmp(earlier->path, row->path) == 0 && earlier->types == row->types)
            return true;
    return false;
}

static void walk_record(const Walk *walk, const Record *record, const char *prefix, bool kept)
{
    for (const Row *row = record->rows; row->path; row++) {
        const char *last = strrchr(row->path, '/');
        const char *names = last ? last + 1 : row->path;
        g_auto(GStrv) alternatives = g_strsplit(*names ? names : " ", "|", -1);

        if (repeats(record, row))
            continue;
        for (char **name = alternatives; *name; name++) {
            g_autofree char *path =
                g_strdup_printf("%s%s%.*s%s", prefix, *prefix && *row->path ? "/" : "",
                                (int)(names - row->path), row->path, g_strstrip(*name));

            walk_row(walk, record, row, path, kept);
        }
    }
}

void vocabulary_walk(VocabularyVisitor *visitor, void *data)
{
    Walk walk = { visitor, data };

    walk_record(&walk, &domain_record, "", false);
}
