// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <idmap>: which ids of the container are which ids of the host. The kernel refuses overlapping
 * ranges without saying which; here they are found while the user is still looking.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define ENTRIES_MAX 340 /* what the kernel takes since 4.15 */

/* clang-format off */
static const Row entry_rows[] = {
    { "@start",  ROW_NUMBER, offsetof(IdMapEntry, start),  .min = 0, .max = UINT32_MAX,
                 .missing = ERR(DOMAIN, XML_ERROR), .bad = ERR(DOMAIN, XML_ERROR) },
    { "@target", ROW_NUMBER, offsetof(IdMapEntry, target), .min = 0, .max = UINT32_MAX,
                 .missing = ERR(DOMAIN, XML_ERROR), .bad = ERR(DOMAIN, XML_ERROR) },
    { "@count",  ROW_NUMBER, offsetof(IdMapEntry, count),  .min = 0, .max = UINT32_MAX,
                 .missing = ERR(DOMAIN, XML_ERROR), .bad = ERR(DOMAIN, XML_ERROR) },
    { NULL },
};
/* clang-format on */

static const Record uid_record = { "uid", sizeof(IdMapEntry), entry_rows };
static const Record gid_record = { "gid", sizeof(IdMapEntry), entry_rows };

/* clang-format off */
static const Row idmap_rows[] = {
    { "uid", ROW_LIST, offsetof(IdMapDef, uids), .record = &uid_record },
    { "gid", ROW_LIST, offsetof(IdMapDef, gids), .record = &gid_record },
    { NULL },
};
/* clang-format on */

static int by_start(const void *a, const void *b)
{
    const IdMapEntry *one = *(IdMapEntry *const *)a;
    const IdMapEntry *other = *(IdMapEntry *const *)b;

    if (one->start.value != other->start.value)
        return one->start.value < other->start.value ? -1 : 1;
    return one->target.value < other->target.value ? -1 : one->target.value > other->target.value;
}

static int by_target(const void *a, const void *b)
{
    const IdMapEntry *one = *(IdMapEntry *const *)a;
    const IdMapEntry *other = *(IdMapEntry *const *)b;

    return one->target.value < other->target.value ? -1 : one->target.value > other->target.value;
}

static bool refuse_overlap(const char *word, const IdMapEntry *a, const IdMapEntry *b, GError **err)
{
    return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                _("<idmap> ranges overlap: <%s start='%ld' target='%ld' count='%ld'/> and "
                  "<%s start='%ld' target='%ld' count='%ld'/>"),
                word, (long)a->start.value, (long)a->target.value, (long)a->count.value, word,
                (long)b->start.value, (long)b->target.value, (long)b->count.value);
}

static bool check_ranges(const char *word, const IdMapList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        const IdMapEntry *entry = list->items[i];

        if (!entry->count.value)
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("<idmap> range <%s start='%ld' target='%ld'> has no ids"), word,
                        (long)entry->start.value, (long)entry->target.value);
        if (entry->start.value + entry->count.value > UINT32_MAX ||
            entry->target.value + entry->count.value > UINT32_MAX)
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("<idmap> range <%s start='%ld' target='%ld' count='%ld'/> goes beyond "
                          "the largest id"),
                        word, (long)entry->start.value, (long)entry->target.value,
                        (long)entry->count.value);
    }
    return true;
}

/* Neighbours in either order are enough to look at. */
static bool check_overlap(const char *word, const IdMapList *list, GError **err)
{
    g_autofree IdMapEntry **by_host = g_memdup2(list->items, list->n * sizeof(*list->items));

    if (!list->n)
        return true;
    for (size_t i = 1; i < list->n; i++)
        if (list->items[i - 1]->start.value + list->items[i - 1]->count.value >
            list->items[i]->start.value)
            return refuse_overlap(word, list->items[i - 1], list->items[i], err);
    qsort(by_host, list->n, sizeof(*by_host), by_target);
    for (size_t i = 1; i < list->n; i++)
        if (by_host[i - 1]->target.value + by_host[i - 1]->count.value > by_host[i]->target.value)
            return refuse_overlap(word, by_host[i - 1], by_host[i], err);
    return true;
}

static bool sort(const char *word, IdMapList *list, GError **err)
{
    qsort(list->items, list->n, sizeof(*list->items), by_start);
    if (list->items[0]->start.value != 0)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<idmap> has to map %s 0 of the container"), word);
    return true;
}

static bool check(void *object, const Reader *reader, GError **err)
{
    IdMapDef *idmap = object;

    if (!idmap->uids.n && !idmap->gids.n)
        return true;
    if (!idmap->uids.n || !idmap->gids.n)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<idmap> needs both <uid> and <gid> entries"));
    return sort("uid", &idmap->uids, err) && sort("gid", &idmap->gids, err);
}

const Record idmap_record = { "idmap", sizeof(IdMapDef), idmap_rows, .check = check };

/* ---- the plan -------------------------------------------------------------------------------- */

static bool check_list(const char *word, const IdMapList *list, GError **err)
{
    if (list->n > ENTRIES_MAX)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<idmap> has %zu entries <%s>; the kernel takes %d"), list->n, word,
                    ENTRIES_MAX);
    return check_ranges(word, list, err) && check_overlap(word, list, err);
}

static void add_ranges(void *ranges, const IdMapList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        PlanIdRange *range = plan_list_add(ranges, sizeof(*range));

        range->inside = (uint32_t)list->items[i]->start.value;
        range->outside = (uint32_t)list->items[i]->target.value;
        range->count = (uint32_t)list->items[i]->count.value;
    }
}

bool idmap_plan(PlanBuilder *builder, GError **err)
{
    const IdMapDef *idmap = &builder->def->idmap;

    if (!check_list("uid", &idmap->uids, err) || !check_list("gid", &idmap->gids, err))
        return false;
    add_ranges(&builder->plan->uid_map, &idmap->uids);
    add_ranges(&builder->plan->gid_map, &idmap->gids);
    return true;
}

/* ---- automatic ranges ------------------------------------------------------------------------ */

static void set_range(IdMapList *list, const Record *record, uint32_t target, uint32_t count)
{
    IdMapEntry *entry = record_new(record);

    entry->start = (OptNumber){ .set = true };
    entry->target = (OptNumber){ .set = true, .value = target };
    entry->count = (OptNumber){ .set = true, .value = count };
    record_list_clear(record, list);
    record_list_append(list, entry);
}

void domain_def_set_id_range(DomainDef *def, uint32_t target, uint32_t count)
{
    set_range(&def->idmap.uids, &uid_record, target, count);
    set_range(&def->idmap.gids, &gid_record, target, count);
}
