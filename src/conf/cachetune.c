// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <cachetune> and <memorytune> in <cputune>: shares of caches and of memory bandwidth for groups of
 * virtual processors. A container has no virtual processors; all is checked and given back.
 *
 * A group is in at most one <cachetune> and one <memorytune>, and two groups share no processor.
 * Processors that the domain has not are taken out of every list, and what is left with none goes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define COLLIDES ERR(RESCTRL, XML_ERROR)
#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define UNSIGNED .min = 0, .max = UINT32_MAX

/* The one level whose use can be watched. */
#define MONITOR_LEVEL 3

enum { CACHE_ABSENT, CACHE_BOTH, CACHE_CODE, CACHE_DATA };

static const char *const cache_names[] = { NULL, "both", "code", "data", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

/* clang-format off */
static const Row cache_rows[] = {
    { "@id",        ROW_NUMBER, offsetof(CacheShare, id),           UNSIGNED, REQUIRED },
    { "@level",     ROW_NUMBER, offsetof(CacheShare, level),        UNSIGNED, REQUIRED },
    { "@type",      ROW_ENUM,   offsetof(CacheShare, type),         .names = cache_names, REQUIRED },
    { "@size",      ROW_NUMBER, offsetof(CacheShare, size),         .min = 0, .max = INT64_MAX, REQUIRED },
    { "@unit",      ROW_STRING, offsetof(CacheShare, unit) },
    { NULL },
};

static const Row cache_monitor_rows[] = {
    { "@level",     ROW_NUMBER, offsetof(ResourceMonitor, level),   UNSIGNED, REQUIRED },
    { "@vcpus",     ROW_STRING, offsetof(ResourceMonitor, vcpus),   .normalize = cpu_list_normalize_any,
                    .missing = WRONG },
    { NULL },
};

static const Row memory_monitor_rows[] = {
    { "@vcpus",     ROW_STRING, offsetof(ResourceMonitor, vcpus),   .normalize = cpu_list_normalize_any,
                    .missing = WRONG },
    { NULL },
};

static const Row node_rows[] = {
    { "@id",        ROW_NUMBER, offsetof(NodeBandwidth, id),        UNSIGNED, REQUIRED },
    { "@bandwidth", ROW_NUMBER, offsetof(NodeBandwidth, bandwidth), UNSIGNED, REQUIRED },
    { NULL },
};
/* clang-format on */

static bool normalize_vcpus(const char *text, char **ret_text, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (cpu_list_normalize_any(text, ret_text, &why))
        return true;
    return fail(err, WRONG, "%s", why->message);
}

static bool check_cache(void *object, const Reader *reader, GError **err)
{
    CacheShare *share = object;

    return value_scale_pair(&share->size, &share->unit, "KiB", NULL, err);
}

static bool check_cache_monitor(void *object, const Reader *reader, GError **err)
{
    const ResourceMonitor *monitor = object;

    if (monitor->level.value == MONITOR_LEVEL)
        return true;
    return fail(err, WRONG, _("the use of caches of level %" PRId64 " cannot be watched, only %d"),
                monitor->level.value, MONITOR_LEVEL);
}

static bool check_node(void *object, const Reader *reader, GError **err)
{
    const NodeBandwidth *node = object;

    if (node->bandwidth.value <= 100)
        return true;
    return fail(err, COLLIDES, _("a memory bandwidth of %" PRId64 " percent is more than all"),
                node->bandwidth.value);
}

static const Record cache_record = { "cache", sizeof(CacheShare), cache_rows,
                                     .check = check_cache };
static const Record cache_monitor_record = { "monitor", sizeof(ResourceMonitor), cache_monitor_rows,
                                             .check = check_cache_monitor };
static const Record memory_monitor_record = { "monitor", sizeof(ResourceMonitor),
                                              memory_monitor_rows };
static const Record node_record = { "node", sizeof(NodeBandwidth), node_rows, .check = check_node };

/* clang-format off */
static const Row cachetune_rows[] = {
    { "@vcpus",  ROW_STRING, offsetof(ResourceGroup, vcpus),     .normalize = normalize_vcpus, .missing = WRONG },
    { "cache",   ROW_LIST,   offsetof(ResourceGroup, caches),    .record = &cache_record },
    { "monitor", ROW_LIST,   offsetof(ResourceGroup, monitors),  .record = &cache_monitor_record },
    { NULL },
};

static const Row memorytune_rows[] = {
    { "@vcpus",  ROW_STRING, offsetof(ResourceGroup, vcpus),    .normalize = normalize_vcpus, .missing = WRONG },
    { "node",    ROW_LIST,   offsetof(ResourceGroup, nodes),    .record = &node_record },
    { "monitor", ROW_LIST,   offsetof(ResourceGroup, monitors), .record = &memory_monitor_record },
    { NULL },
};
/* clang-format on */

/* ---- one group ------------------------------------------------------------------------------- */

static int by_cache(const void *a, const void *b)
{
    const CacheShare *one = *(CacheShare *const *)a;
    const CacheShare *other = *(CacheShare *const *)b;

    if (one->level.value != other->level.value)
        return one->level.value < other->level.value ? -1 : 1;
    if (one->type != other->type)
        return one->type - other->type;
    return one->id.value < other->id.value ? -1 : one->id.value > other->id.value;
}

static bool check_cachetune(void *object, const Reader *reader, GError **err)
{
    const CacheShareList *caches = &((ResourceGroup *)object)->caches;
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (caches->n)
        qsort(caches->items, caches->n, sizeof(*caches->items), by_cache);
    for (size_t i = 0; i < caches->n; i++) {
        const CacheShare *share = caches->items[i];
        const char *both = cache_names[CACHE_BOTH], *type = cache_names[share->type];
        char *key = g_strdup_printf("%" PRId64 " %" PRId64 " %s", share->level.value,
                                    share->id.value, type);
        g_autofree char *all = g_strdup_printf("%" PRId64 " %" PRId64 " %s", share->level.value,
                                               share->id.value, both);

        bool is_free = !g_hash_table_contains(taken, all);

        is_free &= g_hash_table_add(taken, key);
        if (!is_free)
            return fail(err, COLLIDES,
                        _("two <cache> in <cachetune> are for level %" PRId64 ", id %" PRId64
                          ", type '%s'"),
                        share->level.value, share->id.value, type);
    }
    return true;
}

static int by_node(const void *a, const void *b)
{
    const NodeBandwidth *one = *(NodeBandwidth *const *)a;
    const NodeBandwidth *other = *(NodeBandwidth *const *)b;

    return one->id.value < other->id.value ? -1 : one->id.value > other->id.value;
}

static bool check_memorytune(void *object, const Reader *reader, GError **err)
{
    const NodeBandwidthList *nodes = &((ResourceGroup *)object)->nodes;

    if (nodes->n)
        qsort(nodes->items, nodes->n, sizeof(*nodes->items), by_node);
    for (size_t i = 1; i < nodes->n; i++)
        if (nodes->items[i]->id.value == nodes->items[i - 1]->id.value)
            return fail(err, COLLIDES, _("two <node> in <memorytune> have the id %" PRId64),
                        nodes->items[i]->id.value);
    return true;
}

const Record cachetune_record = { "cachetune", sizeof(ResourceGroup), cachetune_rows, .kept = true,
                                  .check = check_cachetune };
const Record memorytune_record = { "memorytune", sizeof(ResourceGroup), memorytune_rows,
                                   .kept = true, .check = check_memorytune };

/* ---- groups and processors ------------------------------------------------------------------- */

/* Monitors share no processor, but one that comes first may watch the whole group. */
static bool check_monitors(const ResourceMonitorList *monitors, const char *group, unsigned vcpus,
                           GError **err)
{
    g_autoptr(CpuSet) all = cpu_set_new(group);
    g_autoptr(CpuSet) taken = cpu_set_new(NULL);

    for (size_t i = 0; i < monitors->n; i++) {
        ResourceMonitor *monitor = monitors->items[i];
        g_autoptr(CpuSet) mine = NULL;
        bool whole;

        cpu_list_truncate(&monitor->vcpus, vcpus);
        mine = cpu_set_new(monitor->vcpus);
        whole = strcmp(monitor->vcpus, group) == 0;
        if (!*monitor->vcpus || !cpu_set_contains(all, mine))
            return fail(err, ERR(DOMAIN, INVALID_ARG),
                        _("<monitor> for the virtual processors '%s' is not within '%s'"),
                        monitor->vcpus, group);
        if (cpu_set_overlaps(taken, mine) || (whole && i > 0))
            return fail(err, ERR(DOMAIN, INVALID_ARG),
                        _("two <monitor> are for one of the virtual processors '%s'"),
                        monitor->vcpus);
        if (!whole)
            cpu_set_add(taken, mine);
    }
    return true;
}

/* A group must be one that is known, from the other list, or have nothing in common with any. */
static bool check_group(const Record *record, const char *vcpus, CpuSet *taken, GHashTable *known,
                        GError **err)
{
    g_autoptr(CpuSet) mine = NULL;
    const void *other = g_hash_table_lookup(known, vcpus);

    if (other && other != record) {
        g_hash_table_insert(known, (void *)vcpus, (void *)record);
        return true;
    }
    mine = cpu_set_new(vcpus);
    if (cpu_set_overlaps(taken, mine))
        return fail(err, other && record == &memorytune_record ? COLLIDES : WRONG,
                    _("<%s> for the virtual processors '%s' overlaps another <cachetune> or "
                      "<memorytune>"),
                    record->element, vcpus);
    cpu_set_add(taken, mine);
    g_hash_table_insert(known, (void *)vcpus, (void *)record);
    return true;
}

/* Takes out the groups that say nothing, or nothing about a processor of the domain. */
static void drop_unused(const Record *record, ResourceGroupList *groups, unsigned vcpus,
                        const Reader *reader)
{
    size_t n = 0;

    for (size_t i = 0; i < groups->n; i++) {
        ResourceGroup *group = groups->items[i];

        cpu_list_truncate(&group->vcpus, vcpus);
        if (*group->vcpus && (group->caches.n || group->nodes.n || group->monitors.n)) {
            groups->items[n++] = group;
            continue;
        }
        record_note(reader, g_strdup_printf(_("<%s> that says nothing of a virtual processor of "
                                              "the domain is left out"),
                                            record->element));
        record_free(record, group);
    }
    groups->n = n;
}

bool cachetunes_check(DomainDef *def, const Reader *reader, GError **err)
{
    const Record *const records[] = { &cachetune_record, &memorytune_record };
    ResourceGroupList *const lists[] = { &def->cputune.cachetunes, &def->cputune.memorytunes };
    g_autoptr(CpuSet) taken = cpu_set_new(NULL);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        drop_unused(records[i], lists[i], def->vcpus, reader);
        for (size_t j = 0; j < lists[i]->n; j++)
            if (!check_monitors(&lists[i]->items[j]->monitors, lists[i]->items[j]->vcpus,
                                def->vcpus, err) ||
                !check_group(records[i], lists[i]->items[j]->vcpus, taken, known, err))
                return false;
    }
    return true;
}
