// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <cpu>: the processor of a virtual machine. A container has the host's, so all of it is checked
 * and given back; but the cells of <numa> (cpu-numa.c) may say how much memory there is.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(CPU, CONFIG_UNSUPPORTED)
#define WRONG ERR(CPU, XML_ERROR)
#define REQUIRED .missing = ERR(XML, XML_ERROR)
#define POSITIVE .min = 1, .max = UINT32_MAX

#define VENDOR_ID_LENGTH 12
#define CACHE_LEVELS 3

enum { FALLBACK_ABSENT, FALLBACK_ALLOW, FALLBACK_FORBID };
enum { MATCH_ABSENT, MATCH_MINIMUM, MATCH_EXACT, MATCH_STRICT };
enum { POLICY_ABSENT, POLICY_FORCE, POLICY_REQUIRE };

static const char *const mode_names[] = { NULL,      "custom", "host-model", "host-passthrough",
                                          "maximum", NULL };
static const char *const match_names[] = { NULL, "minimum", "exact", "strict", NULL };
static const char *const check_names[] = { NULL, "none", "partial", "full", NULL };
static const char *const fallback_names[] = { NULL, "allow", "forbid", NULL };
static const char *const policy_names[] = { NULL,      "force",  "require", "optional",
                                            "disable", "forbid", NULL };
static const char *const cache_names[] = { NULL, "emulate", "passthrough", "disable", NULL };
static const char *const address_names[] = { NULL, "emulate", "passthrough", NULL };

/* ---- parts ----------------------------------------------------------------------------------- */

/* clang-format off */
static const Row topology_rows[] = {
    { "@sockets", ROW_NUMBER, offsetof(CpuTopology, sockets), POSITIVE, REQUIRED },
    { "@dies",    ROW_NUMBER, offsetof(CpuTopology, dies),    POSITIVE },
    { "@cores",   ROW_NUMBER, offsetof(CpuTopology, cores),   POSITIVE, REQUIRED },
    { "@threads", ROW_NUMBER, offsetof(CpuTopology, threads), POSITIVE, REQUIRED },
    { NULL },
};

static const Row cache_rows[] = {
    { "@level",   ROW_NUMBER, offsetof(CpuCache, level),      .min = 0, .max = INT32_MAX },
    { "@mode",    ROW_ENUM,   offsetof(CpuCache, mode),       .names = cache_names, REQUIRED },
    { NULL },
};

static const Row address_rows[] = {
    { "@mode",    ROW_ENUM,   offsetof(CpuAddressSize, mode), .names = address_names, REQUIRED },
    { "@bits",    ROW_NUMBER, offsetof(CpuAddressSize, bits), .min = 0, .max = INT32_MAX },
    { NULL },
};

static const Row feature_rows[] = {
    { "@policy",  ROW_ENUM,   offsetof(CpuFeature, policy),   .names = policy_names, .bad = UNSUPPORTED },
    { "@name",    ROW_STRING, offsetof(CpuFeature, name),     ROW_NOT_EMPTY, .missing = WRONG },
    { NULL },
};
/* clang-format on */

static bool check_topology(void *object, const Reader *reader, GError **err)
{
    CpuTopology *topology = object;

    if (!topology->dies.set)
        topology->dies = (OptNumber){ .set = true, .value = 1 };
    return true;
}

static bool check_cache(void *object, const Reader *reader, GError **err)
{
    const OptNumber *level = &((CpuCache *)object)->level;

    if (!level->set || (level->value >= 1 && level->value <= CACHE_LEVELS))
        return true;
    return fail(err, WRONG, _("a CPU has no cache of level %" PRId64 ", only of 1 to %d"),
                level->value, CACHE_LEVELS);
}

static bool check_feature(void *object, const Reader *reader, GError **err)
{
    CpuFeature *feature = object;

    if (!feature->policy)
        feature->policy = POLICY_REQUIRE;
    return true;
}

static const Record topology_record = { "topology", sizeof(CpuTopology), topology_rows,
                                        .check = check_topology };
static const Record cache_record = { "cache", sizeof(CpuCache), cache_rows, .check = check_cache };
static const Record address_size_record = { "maxphysaddr", sizeof(CpuAddressSize), address_rows };
static const Record feature_record = { "feature", sizeof(CpuFeature), feature_rows,
                                       .check = check_feature };

/* ---- <cpu> ----------------------------------------------------------------------------------- */

/* clang-format off */
static const Row cpu_rows[] = {
    { "@mode",            ROW_ENUM,   offsetof(CpuDef, mode),         .names = mode_names, .bad = UNSUPPORTED },
    { "@match",           ROW_ENUM,   offsetof(CpuDef, match),        .names = match_names },
    { "@check",           ROW_ENUM,   offsetof(CpuDef, check),        .names = check_names },
    { "@migratable",      ROW_ENUM,   offsetof(CpuDef, migratable),   .names = switch_names },
    { "model/@fallback",  ROW_ENUM,   offsetof(CpuDef, fallback),     .names = fallback_names,
                          .bad = UNSUPPORTED },
    { "model/@vendor_id", ROW_STRING, offsetof(CpuDef, vendor_id),    ROW_NOT_EMPTY },
    { "model",            ROW_STRING, offsetof(CpuDef, model),        ROW_NOT_EMPTY },
    { "vendor",           ROW_STRING, offsetof(CpuDef, vendor),       ROW_NOT_EMPTY },
    { "topology",         ROW_MAYBE,  offsetof(CpuDef, topology),     .record = &topology_record },
    { "cache",            ROW_MAYBE,  offsetof(CpuDef, cache),        .record = &cache_record },
    { "maxphysaddr",      ROW_MAYBE,  offsetof(CpuDef, address_size), .record = &address_size_record },
    { "feature",          ROW_LIST,   offsetof(CpuDef, features),     .record = &feature_record },
    { "numa",             ROW_MAYBE,  offsetof(CpuDef, numa),         .record = &cpu_numa_record },
    { NULL },
};
/* clang-format on */

static void forget_model(CpuDef *cpu)
{
    g_clear_pointer(&cpu->model, g_free);
    g_clear_pointer(&cpu->vendor_id, g_free);
    g_clear_pointer(&cpu->vendor, g_free);
}

/* Only a custom CPU is a model to match; with its model it also is custom. */
static bool check_mode(CpuDef *cpu, GError **err)
{
    bool whole = cpu->mode == CPU_MODE_HOST_PASSTHROUGH || cpu->mode == CPU_MODE_MAXIMUM;
    bool custom = cpu->mode == CPU_MODE_ABSENT || cpu->mode == CPU_MODE_CUSTOM;

    if (cpu->migratable && !whole)
        return fail(err, UNSUPPORTED,
                    _("migratable= of <cpu> goes with mode 'host-passthrough' or 'maximum' only"));
    if (whole)
        forget_model(cpu);
    if (custom)
        cpu->mode = cpu->model ? CPU_MODE_CUSTOM : CPU_MODE_ABSENT;
    if (cpu->mode != CPU_MODE_CUSTOM)
        cpu->match = MATCH_ABSENT;
    else if (!cpu->match)
        cpu->match = MATCH_EXACT;
    if (!cpu->model)
        cpu->fallback = FALLBACK_ABSENT;
    else if (!cpu->fallback)
        cpu->fallback = FALLBACK_ALLOW;
    return true;
}

static bool check_needs_model(const CpuDef *cpu, GError **err)
{
    if (cpu->model)
        return true;
    if (cpu->vendor)
        return fail(err, WRONG, _("<cpu> names the vendor '%s' of no model"), cpu->vendor);
    if (cpu->mode != CPU_MODE_ABSENT)
        return true;
    if (cpu->check)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED), _("check= of <cpu> needs a model"));
    if (cpu->features.n)
        return fail(err, WRONG, _("<feature> of <cpu> needs a model"));
    return true;
}

static bool check_vendor_id(const char *id, GError **err)
{
    if (id && strlen(id) != VENDOR_ID_LENGTH)
        return fail(err, WRONG, _("the vendor id '%s' of <cpu> is not %d characters long"), id,
                    VENDOR_ID_LENGTH);
    if (id && strchr(id, ','))
        return fail(err, WRONG, _("the vendor id '%s' of <cpu> has a comma"), id);
    return true;
}

static bool check_features(const CpuFeatureList *features, GError **err)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < features->n; i++)
        if (!g_hash_table_add(names, features->items[i]->name))
            return fail(err, WRONG, _("<cpu> has the feature '%s' twice"),
                        features->items[i]->name);
    return true;
}

static bool check(void *object, const Reader *reader, GError **err)
{
    CpuDef *cpu = object;

    return check_vendor_id(cpu->vendor_id, err) && check_mode(cpu, err) &&
           check_needs_model(cpu, err) && check_features(&cpu->features, err);
}

const Record cpu_record = { "cpu", sizeof(CpuDef), cpu_rows, .kept = true, .check = check };
