// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Random definitions made from the record tables themselves: each has a few of all the things that
 * can be said, with values that are mostly right. For those that are accepted everything of
 * understood.h holds; and what is printed for the tame half, whose values are all meant, fits
 * libvirt's own schema. Rows that were in no accepted one are listed, for a reader: some need more
 * company than chance brings. The seed is fixed: each run is the same.
 *
 *     random-definitions ACCEPTED
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/schema.h"
#include "conf/vocabulary.h"
#include "conf/xml.h"
#include "random-values.h"
#include "understood.h"

typedef struct Maker {
    GRand *random;
    GString *out;
    GPtrArray *used;     /* rows of this definition */
    GHashTable *covered; /* rows that have been in an accepted one */
    unsigned chance;     /* of a thing that may be left away, in 100 */
    bool tame;           /* only what can be meant: for libvirt's schema */
} Maker;

/* One element being made: the rows of its content, from `at` on in their paths. */
typedef struct Span {
    const Record *record;
    unsigned type; /* the index that the record's type row has got */
    const Row *rows;
    size_t n;
    size_t at;
} Span;

static bool likely(Maker *maker, unsigned percent)
{
    return (unsigned)g_rand_int_range(maker->random, 0, 100) < percent;
}

static bool applies(const Span *span, const Row *row)
{
    return !row->types || !span->record->type || row == span->record->type ||
           row->types & TYPE_BIT(span->type);
}

static bool wanted(Maker *maker, const Span *span, const Row *row)
{
    if (!applies(span, row) || row->kind == ROW_REFUSED || (maker->tame && row->kind == ROW_KEEP))
        return false;
    if (row->kind == ROW_FIXED || random_needs(span->record->element, row->path))
        return true;
    return likely(maker, row->missing ? 99 : maker->chance);
}

/* ---- values ---------------------------------------------------------------------------------- */

static unsigned count_names(const char *const *names)
{
    unsigned n = 1;

    while (names[n])
        n++;
    return n;
}

/* The index of a word, when tame of one that works in a container. */
static unsigned random_word(Maker *maker, const Row *row)
{
    int first = row->names[0] ? 0 : 1, end = (int)count_names(row->names);
    unsigned word = (unsigned)g_rand_int_range(maker->random, first, end);

    while (maker->tame && row->works && !(row->works & TYPE_BIT(word)))
        word = (unsigned)g_rand_int_range(maker->random, first, end);
    return word;
}

static int64_t random_number(Maker *maker, const Row *row)
{
    static const int64_t usual[] = { 0, 1, 2, 7, 64, 1024, 4096, 65536 };

    if (row->min != row->max && likely(maker, 97)) {
        uint64_t span = MIN((uint64_t)row->max - (uint64_t)row->min,
                            likely(maker, 80) ? (uint64_t)100 : (uint64_t)1000000);

        return row->min + (int64_t)(g_rand_double(maker->random) * (double)span);
    }
    return usual[g_rand_int_range(maker->random, 0, G_N_ELEMENTS(usual))];
}

/* A row that says which of its words work knows better than the samples of all its namesakes. */
static bool has_samples(Maker *maker, const Row *row, const char *element)
{
    if (maker->tame && row->works)
        return false;
    return (maker->tame || likely(maker, 95)) && random_knows(element, row->path);
}

static char *random_value(Maker *maker, const Row *row, const char *element)
{
    if (has_samples(maker, row, element))
        return random_text(maker->random, element, row->path, maker->tame);
    switch (row->kind) {
    case ROW_ENUM:
        return g_strdup(row->names[random_word(maker, row)]);
    case ROW_NUMBER:
    case ROW_COUNT:
    case ROW_SIZE:
        return g_strdup_printf("%" PRId64, random_number(maker, row));
    case ROW_MEMORY:
        return g_strdup_printf("%d", g_rand_int_range(maker->random, 1024, 1 << 24));
    case ROW_YES:
        return g_strdup(likely(maker, 50) ? "yes" : "no");
    case ROW_FIXED:
        return g_strdup(row->names[0]);
    case ROW_STRING:
    case ROW_TEXT:
    case ROW_STRINGS:
        return random_text(maker->random, element, row->path, maker->tame);
    case ROW_FLAG:
    case ROW_RECORD:
    case ROW_MAYBE:
    case ROW_LIST:
    case ROW_REFUSED:
    case ROW_KEEP:
    case ROW_CUSTOM:
        break;
    }
    return g_strdup("");
}

/* ---- elements -------------------------------------------------------------------------------- */

static void make_record(Maker *maker, const Record *record, const char *element);

static void use(Maker *maker, const Row *row)
{
    g_ptr_array_add(maker->used, (void *)row);
}

static void make_attributes(Maker *maker, const Span *span)
{
    g_autoptr(GHashTable) given = g_hash_table_new(g_str_hash, g_str_equal);

    if (span->at == 0 && span->record->type)
        g_hash_table_add(given, (void *)row_rest(span->record->type, 0));
    for (size_t i = 0; i < span->n; i++) {
        const Row *row = &span->rows[i];
        g_autofree char *value = NULL;

        if (!row_is_attribute(row, span->at) || row == span->record->type ||
            !wanted(maker, span, row) || !g_hash_table_add(given, (void *)row_rest(row, span->at)))
            continue;
        use(maker, row);
        value = random_value(maker, row, span->record->element);
        g_string_append_printf(maker->out, " %s='", row_rest(row, span->at) + 1);
        xml_escape_attribute(maker->out, value);
        g_string_append_c(maker->out, '\'');
    }
}

static void make_kept(Maker *maker, const char *names)
{
    g_auto(GStrv) alternatives = g_strsplit(names, "|", -1);
    const char *name =
        alternatives[g_rand_int_range(maker->random, 0, (int)g_strv_length(alternatives))];

    if (*name == '+')
        g_string_append(maker->out, "<other:thing xmlns:other='urn:other'>text</other:thing>");
    else
        g_string_append_printf(maker->out, "<%s one='1'><two/>three</%s>", name, name);
}

static void make_devices(Maker *maker)
{
    size_t n = 0;
    const DeviceClass *const *classes = device_classes(&n);

    g_string_append(maker->out, "<devices>");
    for (int left = g_rand_int_range(maker->random, 0, 4); left > 0; left--) {
        const DeviceClass *class = classes[g_rand_int_range(maker->random, 0, (int)n)];

        if (class->refused)
            continue;
        g_string_append(maker->out, random_companion(class->element));
        make_record(maker, class->record, class->element);
    }
    g_string_append(maker->out, "</devices>");
}

static void make_node(Maker *maker, const Row *row, const char *name)
{
    use(maker, row);
    if (row->kind == ROW_FLAG)
        g_string_append_printf(maker->out, "<%s/>", name);
    else if (row->kind == ROW_KEEP)
        make_kept(maker, name);
    else if (row->kind == ROW_CUSTOM && row->functions == &devices_functions)
        make_devices(maker);
    else if (row->kind == ROW_CUSTOM)
        random_custom(maker->out, name);
    else if (row->kind == ROW_STRINGS) {
        g_autofree char *value = random_value(maker, row, name);

        g_string_append_printf(maker->out, "<%s>", name);
        xml_escape_text(maker->out, value);
        g_string_append_printf(maker->out, "</%s>", name);
    } else {
        make_record(maker, row->record, name);
    }
}

static bool is_node(const Row *row)
{
    return row->kind >= ROW_RECORD || row->kind == ROW_FLAG;
}

static const Row *self_row(const Span *span)
{
    for (size_t i = 0; i < span->n; i++)
        if (row_is_self(&span->rows[i], span->at) && applies(span, &span->rows[i]))
            return &span->rows[i];
    return NULL;
}

static void make_content(Maker *maker, const Span *span);

static void make_element(Maker *maker, const Span *span, const char *name, int length)
{
    const Row *self = self_row(span);

    g_string_append_printf(maker->out, "<%.*s", length, name);
    if (span->at == 0 && span->record->type)
        g_string_append_printf(maker->out, " %s='%s'", span->record->type->path + 1,
                               span->record->type->names[span->type]);
    make_attributes(maker, span);
    g_string_append_c(maker->out, '>');
    if (self && (self->kind != ROW_STRING || likely(maker, 95))) {
        g_autofree char *value = random_value(maker, self, span->record->element);

        use(maker, self);
        xml_escape_text(maker->out, value);
    }
    make_content(maker, span);
    g_string_append_printf(maker->out, "</%.*s>", length, name);
}

/* Required when one of its rows is, else as likely as the number of its rows says. */
static bool group_wanted(Maker *maker, const Span *group)
{
    bool any = false;

    for (size_t i = 0; i < group->n && !any; i++)
        any = wanted(maker, group, &group->rows[i]);
    return any;
}

static void make_group(Maker *maker, const Span *span, const Row *rows, size_t n)
{
    Span group = { span->record, span->type, rows, n, span->at };
    bool repeats = rows->kind == ROW_LIST || rows->kind == ROW_STRINGS;

    if (rows->kind != ROW_CUSTOM && !group_wanted(maker, &group))
        return;
    if (is_node(rows) && row_is_self(rows, row_next(rows, span->at))) {
        for (int left = repeats ? g_rand_int_range(maker->random, 1, 3) : 1; left > 0; left--)
            make_node(maker, rows, row_rest(rows, span->at));
        return;
    }
    group.at = row_next(rows, span->at);
    make_element(maker, &group, row_rest(rows, span->at), (int)row_segment(rows, span->at));
}

static void make_content(Maker *maker, const Span *span)
{
    for (size_t i = 0, step; i < span->n; i += step) {
        step = row_group(&span->rows[i], span->n - i, span->at);
        if (!row_is_attribute(&span->rows[i], span->at) && !row_is_self(&span->rows[i], span->at))
            make_group(maker, span, &span->rows[i], step);
    }
}

static void make_record(Maker *maker, const Record *record, const char *element)
{
    Span span = { .record = record, .rows = record->rows, .n = record_row_count(record) };

    if (record->parse) {
        random_custom(maker->out, element);
        return;
    }
    if (record->type) {
        span.type = random_word(maker, record->type);
        use(maker, record->type);
    }
    make_element(maker, &span, element, (int)strlen(element));
}

/* ---- libvirt's schema ------------------------------------------------------------------------ */

static void note_off_schema(const VocabularyEntry *entry, void *data)
{
    if (entry->row && random_is_off_schema(entry->path))
        g_hash_table_add(data, (void *)entry->row);
}

static bool is_in_schema(const GPtrArray *used, GHashTable *off_schema)
{
    for (guint i = 0; i < used->len; i++)
        if (g_hash_table_contains(off_schema, used->pdata[i]))
            return false;
    return true;
}

/* What is printed for the definition is in libvirt's vocabulary. */
static bool fits_schema(const char *xml, const DomainDefHost *host)
{
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(DomainDef) again = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;

    if (!domain_def_parse(xml, DOMAIN_DEF_INACTIVE, host, &def, &err))
        return false; /* it was understood before */
    text = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    if (domain_def_parse(text, DOMAIN_DEF_INACTIVE | DOMAIN_DEF_VALIDATE, host, &again, &err))
        return true;
    printf("%s\n%s\n", err->message, text);
    return false;
}

/* ---- the run --------------------------------------------------------------------------------- */

static char *make_definition(Maker *maker)
{
    g_ptr_array_set_size(maker->used, 0);
    maker->out = g_string_new(NULL);
    maker->chance = (unsigned)g_rand_int_range(maker->random, 1, 25);
    make_record(maker, &domain_record, "domain");
    xml_declare_prefixes(maker->out, 0);
    return g_string_free(maker->out, FALSE);
}

typedef struct Missing {
    GHashTable *covered;
    unsigned n;
} Missing;

static void look_for(const VocabularyEntry *entry, void *data)
{
    Missing *missing = data;

    if (!entry->row || entry->effect == VOCABULARY_REFUSED || entry->row->kind == ROW_FIXED ||
        g_hash_table_contains(missing->covered, entry->row))
        return;
    printf("never accepted: %s\n", entry->path);
    missing->n++;
}

/* Counts of a run. */
typedef struct Tally {
    unsigned tried, accepted;
    unsigned compared; /* with the schema, */
    unsigned odd;      /* and not fitting */
} Tally;

static void one_round(Maker *maker, Tally *tally, GHashTable *off_schema, const DomainDefHost *host)
{
    g_autofree char *xml = NULL;
    bool live;

    maker->tame = tally->tried++ % 4 > 1;
    xml = make_definition(maker);
    live = !maker->tame && tally->tried & 1;
    if (!understood_check(xml, live ? DOMAIN_DEF_LIVE : DOMAIN_DEF_INACTIVE))
        return;
    tally->accepted++;
    for (guint i = 0; i < maker->used->len; i++)
        g_hash_table_add(maker->covered, maker->used->pdata[i]);
    if (!maker->tame || !is_in_schema(maker->used, off_schema))
        return;
    tally->compared++;
    tally->odd += !fits_schema(xml, host);
}

int main(int argc, char **argv)
{
    unsigned wanted_number = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    g_autoptr(GRand) random = g_rand_new_with_seed(20261125);
    g_autoptr(GPtrArray) used = g_ptr_array_new();
    g_autoptr(GHashTable) covered = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) off_schema = g_hash_table_new(NULL, NULL);
    g_autoptr(Schema) schema = schema_new(SCHEMA_DOMAIN);
    DomainDefHost host = { .arch = "x86_64",
                           .emulator = "/usr/libexec/libvirt_lxc",
                           .default_partition = "/machine",
                           .schema = schema };
    Maker maker = { .random = random, .used = used, .covered = covered };
    Missing missing = { .covered = covered };
    Tally tally = { 0 };

    vocabulary_walk(note_off_schema, off_schema);
    while (tally.accepted < wanted_number && tally.tried < 20 * wanted_number)
        one_round(&maker, &tally, off_schema, &host);
    vocabulary_walk(look_for, &missing);
    printf("%u definitions, %u of them accepted, %u rows in them, %u in none\n"
           "%u compared with libvirt's schema, %u do not fit\n",
           tally.tried, tally.accepted, g_hash_table_size(covered), missing.n, tally.compared,
           tally.odd);
    return tally.accepted < wanted_number || tally.odd > 0;
}
