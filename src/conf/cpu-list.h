// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Lists of CPUs, NUMA nodes and the like, as the kernel writes them: "0-3,8". A definition holds
 * them as text in its one normal form; where they have to be held against each other they become
 * sets.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One more than the largest number in a list, as in libvirt. */
#define CPU_SET_SIZE 16384

typedef struct CpuSet CpuSet;

/* "0-3,^2,8" as "0-1,3,8": sorted and joined. For rows; an empty list is an error, */
bool cpu_list_normalize(const char *text, char **ret_text, GError **err);
/* or "". */
bool cpu_list_normalize_any(const char *text, char **ret_text, GError **err);
/* The largest number of a list in its normal form. */
unsigned cpu_list_last(const char *list);

/* Of a list in its normal form; NULL and "" have nothing in them. */
CpuSet *cpu_set_new(const char *list);
void cpu_set_free(CpuSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CpuSet, cpu_set_free)
/* "" when nothing is in it. */
char *cpu_set_list(const CpuSet *set);

bool cpu_set_has(const CpuSet *set, unsigned number);
bool cpu_set_overlaps(const CpuSet *a, const CpuSet *b);
bool cpu_set_contains(const CpuSet *set, const CpuSet *part);
void cpu_set_add(CpuSet *set, const CpuSet *other);
/* Takes out `n` and all above. */
void cpu_set_truncate(CpuSet *set, unsigned n);

/* The list without `n` and what is above it; "" when nothing is left. Frees the old one. */
void cpu_list_truncate(char **list, unsigned n);
