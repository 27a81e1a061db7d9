// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Building a Plan piece by piece: what compile.c and the device classes share. Strings that nobody
 * sets become "" once the plan is whole.
 */
#pragma once

#include "conf/domain-def.h"
#include "plan-xdr.h"

typedef struct PlanBuilder {
    const DomainDef *def;      /* borrowed */
    const DomainDefHost *host; /* borrowed */
    Plan *plan;
    const Filesystem *root;  /* borrowed; NULL: the host's root */
    GHashTable *guest_names; /* names of interfaces inside, as far as they are taken */
    unsigned next_ethernet;  /* N of the next automatic guest name ethN */
} PlanBuilder;

/* A growing list of the plan, seen through the layout that all of them share. */
typedef struct PlanList {
    uint32_t len;
    void *items;
} PlanList;

/* Room for one more item of `size` bytes, zeroed. */
void *plan_list_add(void *list, size_t size);
#define PLAN_ADD(list) ((__typeof__((list)->items))plan_list_add((list), sizeof(*(list)->items)))

/* A limit of the container's group; numbers that are not set change nothing. */
void plan_set_text(PlanBuilder *builder, PlanKnob knob, const char *text, int64_t number);
void plan_set_number(PlanBuilder *builder, PlanKnob knob, const OptNumber *number);
/* Adds a copy; strings may be NULL. */
void plan_add_mount(PlanBuilder *builder, const PlanMount *mount);

/* device-hostdev.c: whether a network device of the host moves into the container */
bool hostdev_needs_network(const DomainDef *def);

/* What the container calls itself. */
char *compile_hostname(const DomainDef *def);

/* device-console.c: whether what the consoles make is one's alone. */
bool consoles_plan_check(const Plan *plan, GError **err);

/* filesystem-plan.c */
bool filesystem_plan_root(PlanBuilder *builder, GError **err);
/* Whether the mounts of the plan go together. */
bool filesystem_plan_check(const Plan *plan, GError **err);
