// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <numatune>: which nodes of the host the memory comes from. <memory> is for all of the container;
 * <memnode> is for the cells of a machine, which a container is not divided into.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define WRONG ERR(DOMAIN, XML_ERROR)

static const char *const mode_names[] = { NULL,         "strict",      "preferred",
                                          "interleave", "restrictive", NULL };
static const char *const placement_names[] = { NULL, "static", "auto", NULL };

/* clang-format off */
static const Row memnode_rows[] = {
    { "@cellid",    ROW_NUMBER, offsetof(MemNode, cell),         .min = 0, .max = UINT32_MAX,
                    .missing = ERR(XML, XML_ERROR) },
    { "@mode",      ROW_ENUM,   offsetof(MemNode, mode),         .names = mode_names },
    { "@nodeset",   ROW_STRING, offsetof(MemNode, nodeset),      .normalize = cpu_list_normalize,
                    .missing = WRONG },
    { NULL },
};
/* clang-format on */

static bool check_memnode(void *object, const Reader *reader, GError **err)
{
    MemNode *node = object;

    if (!node->mode)
        node->mode = NUMA_MODE_STRICT;
    return true;
}

static const Record memnode_record = { "memnode", sizeof(MemNode), memnode_rows, .kept = true,
                                       .check = check_memnode };

/* clang-format off */
static const Row numatune_rows[] = {
    { "memory/@mode",      ROW_ENUM,   offsetof(NumaTune, mode),      .names = mode_names, .bad = UNSUPPORTED },
    { "memory/@nodeset",   ROW_STRING, offsetof(NumaTune, nodeset),   .normalize = cpu_list_normalize },
    { "memory/@placement", ROW_ENUM,   offsetof(NumaTune, placement), .names = placement_names,
                           .works = TYPE_BIT(NUMA_PLACEMENT_STATIC), .bad = UNSUPPORTED },
    { "memnode",           ROW_LIST,   offsetof(NumaTune, memnodes),  .record = &memnode_record },
    { NULL },
};
/* clang-format on */

const Record numatune_record = { "numatune", sizeof(NumaTune), numatune_rows };

/* ---- placement ------------------------------------------------------------------------------- */

/* Automatic placement of processors means automatic placement of memory, unless nodes are named,
 * and the other way round. */
static bool check_memory(DomainDef *def, GError **err)
{
    NumaTune *tune = &def->numatune;

    if (!tune->nodeset && !tune->placement && def->vcpu_placement == VCPU_PLACEMENT_AUTO)
        tune->placement = NUMA_PLACEMENT_AUTO;
    if (!tune->mode && !tune->nodeset && !tune->placement)
        return true;
    if (tune->placement == NUMA_PLACEMENT_AUTO)
        g_clear_pointer(&tune->nodeset, g_free);
    else if (!tune->nodeset)
        return fail(err, UNSUPPORTED, _("<memory> in <numatune> lacks a nodeset"));
    if (tune->placement == NUMA_PLACEMENT_STATIC)
        tune->placement = NUMA_PLACEMENT_ABSENT;
    if (!tune->mode)
        tune->mode = NUMA_MODE_STRICT;
    return true;
}

static void check_vcpu_placement(DomainDef *def)
{
    if (def->numatune.placement == NUMA_PLACEMENT_AUTO && !def->cpuset)
        def->vcpu_placement = VCPU_PLACEMENT_AUTO;
    if (def->vcpu_placement == VCPU_PLACEMENT_AUTO)
        g_clear_pointer(&def->cpuset, g_free);
}

/* ---- cells ----------------------------------------------------------------------------------- */

static int by_cell(const void *a, const void *b)
{
    const MemNode *one = *(MemNode *const *)a;
    const MemNode *other = *(MemNode *const *)b;

    return one->cell.value < other->cell.value ? -1 : one->cell.value > other->cell.value;
}

static bool check_memnodes(const NumaTune *tune, size_t n_cells, GError **err)
{
    const MemNodeList *nodes = &tune->memnodes;

    if (nodes->n)
        qsort(nodes->items, nodes->n, sizeof(*nodes->items), by_cell);
    for (size_t i = 0; i < nodes->n; i++) {
        const MemNode *node = nodes->items[i];

        if ((uint64_t)node->cell.value >= n_cells)
            return fail(err, WRONG, _("<memnode> is for the cell %" PRId64 ", which <numa> lacks"),
                        node->cell.value);
        if (i > 0 && node->cell.value == nodes->items[i - 1]->cell.value)
            return fail(err, WRONG, _("two <memnode> are for the cell %" PRId64), node->cell.value);
        if (tune->mode == NUMA_MODE_RESTRICTIVE && node->mode != NUMA_MODE_RESTRICTIVE)
            return fail(err, WRONG,
                        _("<memnode> for the cell %" PRId64 " is '%s', but <memory> is "
                          "'restrictive'"),
                        node->cell.value, mode_names[node->mode]);
    }
    if (nodes->n && tune->placement == NUMA_PLACEMENT_AUTO)
        return fail(err, UNSUPPORTED, _("<memnode> cannot go with automatic placement"));
    return true;
}

bool numatune_check(DomainDef *def, GError **err)
{
    if (!check_memory(def, err))
        return false;
    check_vcpu_placement(def);
    return check_memnodes(&def->numatune, cpu_numa_cells(def), err);
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* What is asked of the kernel: a policy for allocations, and, for some, a wall around them. */
typedef struct ModePlan {
    PlanNumaMode policy;
    bool is_wall;
} ModePlan;

static const ModePlan plans[] = {
    [NUMA_MODE_STRICT] = {PLAN_NUMA_BIND,        true },
    [NUMA_MODE_PREFERRED] = { PLAN_NUMA_PREFERRED,  false},
    [NUMA_MODE_INTERLEAVE] = { PLAN_NUMA_INTERLEAVE, false},
    [NUMA_MODE_RESTRICTIVE] = { PLAN_NUMA_DEFAULT,    true },
};

bool numatune_plan(PlanBuilder *builder, GError **err)
{
    const NumaTune *tune = &builder->def->numatune;
    PlanNuma *numa = &builder->plan->init.numa;

    if (tune->placement == NUMA_PLACEMENT_AUTO)
        return fail(err, UNSUPPORTED,
                    _("placement 'auto' needs numad, which knows nothing of containers; name the "
                      "nodes"));
    if (!tune->nodeset)
        return true;
    if (tune->mode == NUMA_MODE_PREFERRED && strpbrk(tune->nodeset, ",-"))
        return fail(err, UNSUPPORTED, _("mode 'preferred' takes one node, not the several of '%s'"),
                    tune->nodeset);
    numa->mode = plans[tune->mode].policy;
    if (numa->mode != PLAN_NUMA_DEFAULT)
        numa->nodes = g_strdup(tune->nodeset);
    if (plans[tune->mode].is_wall)
        plan_set_text(builder, PLAN_KNOB_CPUSET_MEMS, tune->nodeset, 0);
    return true;
}
