// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <numa> in <cpu>: the cells that a virtual machine is divided into. They are sorted and completed
 * as libvirt does; in a container only the sum of their memory counts, where nothing else says how
 * much there is.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define UNSIGNED .min = 0, .max = UINT32_MAX
#define SIZE .min = 0, .max = INT64_MAX

#define DISTANCE_LOCAL 10
#define DISTANCE_MAX 255
#define CACHE_LEVELS 3

static const char *const access_names[] = { NULL, "shared", "private", NULL };
static const char *const associativity_names[] = { NULL, "none", "direct", "full", NULL };
static const char *const policy_names[] = { NULL, "none", "writeback", "writethrough", NULL };
static const char *const link_names[] = { NULL, "access", "read", "write", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

/* clang-format off */
static const Row size_rows[] = {
    { "@value", ROW_NUMBER, offsetof(SizeValue, value),    SIZE, REQUIRED },
    { "@unit",  ROW_STRING, offsetof(SizeValue, unit) },
    { NULL },
};

static const Row sibling_rows[] = {
    { "@id",    ROW_NUMBER, offsetof(NumaDistance, cell),  UNSIGNED, REQUIRED },
    { "@value", ROW_NUMBER, offsetof(NumaDistance, value), UNSIGNED, REQUIRED },
    { NULL },
};
/* clang-format on */

static bool check_size(void *object, const Reader *reader, GError **err)
{
    SizeValue *size = object;

    return value_scale_pair(&size->value, &size->unit, "KiB", "KiB", err);
}

static bool check_line(void *object, const Reader *reader, GError **err)
{
    SizeValue *size = object;

    return value_scale_pair(&size->value, &size->unit, "B", "B", err);
}

static bool check_cache(void *object, const Reader *reader, GError **err)
{
    const NumaCache *cache = object;

    if (cache->level.value >= 1 && cache->level.value <= CACHE_LEVELS)
        return true;
    return fail(err, WRONG, _("a cell has no cache of level %" PRId64 ", only of 1 to %d"),
                cache->level.value, CACHE_LEVELS);
}

static bool check_distances(void *object, const Reader *reader, GError **err)
{
    return ((NumaDistances *)object)->siblings.n ||
           fail(err, WRONG, _("<distances> of a cell has no <sibling>"));
}

static const Record size_record = { "size", sizeof(SizeValue), size_rows, .check = check_size };
static const Record line_record = { "line", sizeof(SizeValue), size_rows, .check = check_line };
static const Record sibling_record = { "sibling", sizeof(NumaDistance), sibling_rows };

/* clang-format off */
static const Row cache_rows[] = {
    { "@level",         ROW_NUMBER, offsetof(NumaCache, level),         UNSIGNED, .missing = WRONG,
                        .bad = WRONG },
    { "@associativity", ROW_ENUM,   offsetof(NumaCache, associativity), .names = associativity_names,
                        .missing = WRONG, .bad = WRONG },
    { "@policy",        ROW_ENUM,   offsetof(NumaCache, policy),        .names = policy_names,
                        .missing = WRONG, .bad = WRONG },
    { "size",           ROW_MAYBE,  offsetof(NumaCache, size),          .record = &size_record, REQUIRED },
    { "line",           ROW_MAYBE,  offsetof(NumaCache, line),          .record = &line_record, REQUIRED },
    { NULL },
};

static const Row distances_rows[] = {
    { "sibling",        ROW_LIST,   offsetof(NumaDistances, siblings),  .record = &sibling_record },
    { NULL },
};

static const Row latency_rows[] = {
    { "@initiator",     ROW_NUMBER, offsetof(NumaLink, initiator),      UNSIGNED, REQUIRED },
    { "@target",        ROW_NUMBER, offsetof(NumaLink, target),         UNSIGNED, REQUIRED },
    { "@cache",         ROW_NUMBER, offsetof(NumaLink, cache),          UNSIGNED },
    { "@type",          ROW_ENUM,   offsetof(NumaLink, access),         .names = link_names, REQUIRED },
    { "@value",         ROW_NUMBER, offsetof(NumaLink, value),          SIZE, REQUIRED },
    { NULL },
};

static const Row bandwidth_rows[] = {
    { "@initiator",     ROW_NUMBER, offsetof(NumaLink, initiator),      UNSIGNED, REQUIRED },
    { "@target",        ROW_NUMBER, offsetof(NumaLink, target),         UNSIGNED, REQUIRED },
    { "@cache",         ROW_NUMBER, offsetof(NumaLink, cache),          UNSIGNED },
    { "@type",          ROW_ENUM,   offsetof(NumaLink, access),         .names = link_names, REQUIRED },
    { "@value",         ROW_NUMBER, offsetof(NumaLink, value),          SIZE, REQUIRED },
    { "@unit",          ROW_STRING, offsetof(NumaLink, unit) },
    { NULL },
};
/* clang-format on */

static const Record cache_record = { "cache", sizeof(NumaCache), cache_rows, .check = check_cache };
static const Record distances_record = { "distances", sizeof(NumaDistances), distances_rows,
                                         .check = check_distances };

static bool check_cell(void *object, const Reader *reader, GError **err)
{
    NumaCell *cell = object;
    unsigned levels = 0;

    if (cell->cpus && !*cell->cpus)
        g_clear_pointer(&cell->cpus, g_free);
    for (size_t i = 0; i < cell->caches.n; i++) {
        int64_t level = cell->caches.items[i]->level.value;

        if (levels & TYPE_BIT(level))
            return fail(err, WRONG, _("a cell has two caches of level %" PRId64), level);
        levels |= TYPE_BIT(level);
    }
    return value_scale_pair(&cell->memory, &cell->unit, "KiB", "KiB", err);
}

static bool check_bandwidth(void *object, const Reader *reader, GError **err)
{
    NumaLink *link = object;

    return value_scale_pair(&link->value, &link->unit, "KiB", "KiB", err);
}

/* clang-format off */
static const Row cell_rows[] = {
    { "@id",        ROW_NUMBER, offsetof(NumaCell, id),        UNSIGNED },
    { "@cpus",      ROW_STRING, offsetof(NumaCell, cpus),      .normalize = cpu_list_normalize_any },
    { "@memory",    ROW_NUMBER, offsetof(NumaCell, memory),    SIZE, REQUIRED },
    { "@unit",      ROW_STRING, offsetof(NumaCell, unit) },
    { "@memAccess", ROW_ENUM,   offsetof(NumaCell, access),    .names = access_names },
    { "@discard",   ROW_ENUM,   offsetof(NumaCell, discard),   .names = choice_names },
    { "distances",  ROW_MAYBE,  offsetof(NumaCell, distances), .record = &distances_record },
    { "cache",      ROW_LIST,   offsetof(NumaCell, caches),    .record = &cache_record },
    { NULL },
};
/* clang-format on */

static const Record cell_record = { "cell", sizeof(NumaCell), cell_rows, .check = check_cell };
static const Record latency_record = { "latency", sizeof(NumaLink), latency_rows };
static const Record bandwidth_record = { "bandwidth", sizeof(NumaLink), bandwidth_rows,
                                         .check = check_bandwidth };

/* clang-format off */
static const Row numa_rows[] = {
    { "cell",                    ROW_LIST, offsetof(CpuNuma, cells),      .record = &cell_record },
    { "interconnects/latency",   ROW_LIST, offsetof(CpuNuma, latencies),  .record = &latency_record },
    { "interconnects/bandwidth", ROW_LIST, offsetof(CpuNuma, bandwidths), .record = &bandwidth_record },
    { NULL },
};
/* clang-format on */

/* ---- cells ----------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const NumaCell *one = *(NumaCell *const *)a;
    const NumaCell *other = *(NumaCell *const *)b;

    return one->id.value < other->id.value ? -1 : one->id.value > other->id.value;
}

/* A cell without an id has that of its place. Afterwards cell N is the one with the id N. */
static bool sort_cells(NumaCellList *cells, GError **err)
{
    for (size_t i = 0; i < cells->n; i++)
        if (!cells->items[i]->id.set)
            cells->items[i]->id = (OptNumber){ .set = true, .value = (int64_t)i };
    qsort(cells->items, cells->n, sizeof(*cells->items), by_id);
    for (size_t i = 0; i < cells->n; i++) {
        int64_t id = cells->items[i]->id.value;

        if (i > 0 && id == cells->items[i - 1]->id.value)
            return fail(err, WRONG, _("two <cell> have the id %" PRId64), id);
        if (id != (int64_t)i)
            return fail(err, WRONG,
                        _("there is a <cell> with the id %" PRId64 ", but none with the id %zu"),
                        id, i);
    }
    return true;
}

static bool check_overlap(const NumaCellList *cells, GError **err)
{
    g_autoptr(CpuSet) taken = cpu_set_new(NULL);

    for (size_t i = 0; i < cells->n; i++) {
        g_autoptr(CpuSet) mine = NULL;

        if (!cells->items[i]->cpus)
            continue;
        mine = cpu_set_new(cells->items[i]->cpus);
        if (cpu_set_overlaps(taken, mine))
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("the cell %zu has virtual processors of '%s' that another cell has too"),
                        i, cells->items[i]->cpus);
        cpu_set_add(taken, mine);
    }
    return true;
}

/* ---- distances ------------------------------------------------------------------------------- */

typedef struct Distance {
    size_t from;
    size_t to;
    int64_t value;
    bool given; /* rather than known from the way back */
} Distance;

static bool check_distance(size_t from, const NumaDistance *sibling, size_t n_cells, GError **err)
{
    size_t to = (size_t)sibling->cell.value;
    int64_t value = sibling->value.value;

    if (to >= n_cells)
        return fail(err, WRONG,
                    _("the cell %zu has a distance to the cell %zu, which there is not"), from, to);
    if (to == from ? value != DISTANCE_LOCAL : value <= DISTANCE_LOCAL || value > DISTANCE_MAX)
        return fail(err, WRONG, _("%" PRId64 " cannot be the distance of the cell %zu to %zu"),
                    value, from, to);
    return true;
}

/* All that is given, and what follows from it: the way back is as long, and a cell is near itself.
 */
static bool collect_distances(const NumaCellList *cells, GArray *all, GError **err)
{
    for (size_t i = 0; i < cells->n; i++) {
        const NumaDistances *distances = cells->items[i]->distances;

        for (size_t j = 0; distances && j < distances->siblings.n; j++) {
            const NumaDistance *sibling = distances->siblings.items[j];
            size_t to = (size_t)sibling->cell.value;
            Distance known[] = {
                {i,   to, sibling->value.value, true },
                { to, i,  sibling->value.value, false},
                { i,  i,  DISTANCE_LOCAL,       false},
                { to, to, DISTANCE_LOCAL,       false},
            };

            if (!check_distance(i, sibling, cells->n, err))
                return false;
            g_array_append_vals(all, known, G_N_ELEMENTS(known));
        }
    }
    return true;
}

static int by_way(const void *a_data, const void *b_data)
{
    const Distance *a = a_data, *b = b_data;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return b->given - a->given;
}

static bool complete_distances(const NumaCellList *cells, GError **err)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Distance));

    if (!collect_distances(cells, all, err))
        return false;
    g_array_sort(all, by_way);
    for (size_t i = 0; i < cells->n; i++)
        if (cells->items[i]->distances)
            record_list_clear(&sibling_record, &cells->items[i]->distances->siblings);
    for (guint i = 0; i < all->len; i++) {
        const Distance *distance = &g_array_index(all, Distance, i);
        NumaCell *cell = cells->items[distance->from];
        NumaDistance *sibling = NULL;

        if (i > 0 && distance[-1].from == distance->from && distance[-1].to == distance->to)
            continue;
        sibling = record_new(&sibling_record);
        sibling->cell = (OptNumber){ .set = true, .value = (int64_t)distance->to };
        sibling->value = (OptNumber){ .set = true, .value = distance->value };
        if (!cell->distances)
            cell->distances = record_new(&distances_record);
        record_list_append(&cell->distances->siblings, sibling);
    }
    return true;
}

/* ---- links ----------------------------------------------------------------------------------- */

static bool has_cache(const NumaCell *cell, int64_t level)
{
    for (size_t i = 0; i < cell->caches.n; i++)
        if (cell->caches.items[i]->level.value == level)
            return true;
    return false;
}

static bool check_link(const Record *record, NumaLink *link, const NumaCellList *cells,
                       GError **err)
{
    if ((size_t)link->initiator.value >= cells->n || (size_t)link->target.value >= cells->n)
        return fail(err, WRONG, _("<%s> from the cell %" PRId64 " to %" PRId64 ": there is none"),
                    record->element, link->initiator.value, link->target.value);
    if (!cells->items[link->initiator.value]->cpus)
        return fail(err, WRONG, _("<%s> from the cell %" PRId64 ", which has no processors"),
                    record->element, link->initiator.value);
    if (!link->cache.value)
        link->cache.set = false;
    if (link->cache.set && !has_cache(cells->items[link->target.value], link->cache.value))
        return fail(
            err, WRONG,
            _("<%s> to the cache of level %" PRId64 " of the cell %" PRId64 ", which has none"),
            record->element, link->cache.value, link->target.value);
    return true;
}

static bool check_links(const Record *record, const NumaLinkList *links, const NumaCellList *cells,
                        GError **err)
{
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < links->n; i++) {
        NumaLink *link = links->items[i];

        if (!check_link(record, link, cells, err))
            return false;
        if (!g_hash_table_add(known, g_strdup_printf("%" PRId64 " %" PRId64 " %" PRId64 " %d",
                                                     link->initiator.value, link->target.value,
                                                     link->cache.value, link->access)))
            return fail(err, WRONG, _("two <%s> are from the cell %" PRId64 " to %" PRId64),
                        record->element, link->initiator.value, link->target.value);
    }
    return true;
}

static bool check_numa(void *object, const Reader *reader, GError **err)
{
    CpuNuma *numa = object;

    if (!numa->cells.n)
        return fail(err, WRONG, _("<numa> in <cpu> has no <cell>"));
    return sort_cells(&numa->cells, err) && check_overlap(&numa->cells, err) &&
           complete_distances(&numa->cells, err) &&
           check_links(&latency_record, &numa->latencies, &numa->cells, err) &&
           check_links(&bandwidth_record, &numa->bandwidths, &numa->cells, err);
}

const Record cpu_numa_record = { "numa", sizeof(CpuNuma), numa_rows, .check = check_numa };

/* ---- for others ------------------------------------------------------------------------------ */

size_t cpu_numa_cells(const DomainDef *def)
{
    return def->cpu && def->cpu->numa ? def->cpu->numa->cells.n : 0;
}

/* Memory that <memory> does not tell is the sum of the cells'. */
bool cpu_numa_check(DomainDef *def, GError **err)
{
    const NumaCellList *cells = def->cpu && def->cpu->numa ? &def->cpu->numa->cells : NULL;
    uint64_t sum = 0;

    for (size_t i = 0; cells && i < cells->n; i++) {
        const NumaCell *cell = cells->items[i];

        sum = MIN(sum, INT64_MAX) + (uint64_t)cell->memory.value;
        if (cell->cpus && cpu_list_last(cell->cpus) >= def->vcpus)
            return fail(err, ERR(DOMAIN, INTERNAL_ERROR),
                        _("the cell %zu has the virtual processors '%s', but there are only %u"), i,
                        cell->cpus, def->vcpus);
    }
    if (sum > INT64_MAX / 1024)
        return fail(err, ERR(NONE, OVERFLOW), _("the memory of the cells of <numa> is too large"));
    if (!def->memory_kib)
        def->memory_kib = sum;
    if (!def->memory_kib)
        return fail(err, WRONG,
                    _("neither <memory> nor the cells of <numa> say how much memory "
                      "there is"));
    return true;
}
