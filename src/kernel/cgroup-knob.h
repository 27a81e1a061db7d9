// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Between THE table of limits (cgroup-knob.c) and the conversions that its rows name. */
#pragma once

#include "kernel/cgroup-group.h"

typedef struct KnobFile KnobFile;

typedef bool KnobSet(const Hierarchy *hierarchy, const KnobFile *file, const PlanSetting *setting,
                     GError **err);
typedef bool KnobGet(const Hierarchy *hierarchy, const KnobFile *file, int64_t *ret, GError **err);

struct KnobFile {
    const char *controller;
    const char *file;       /* "SIZE" in it stands for the setting's text */
    const char *other_file; /* where the first is not there: another I/O scheduler's; may be NULL */
    const char *unlimited;  /* how -1 is written; NULL: as a number */
    const char *key;        /* per device: what stands before the number; NULL: only the number */
    int64_t min, max;       /* what the kernel takes; both 0: it is the same everywhere */
    /* Instead of "write the number": NULL for most. */
    KnobSet *set;
    KnobGet *get;
};

/* The hierarchy that has a knob's controller, v1 before v2. NULL: there is none, and that is said.
 */
Hierarchy *knob_locate(const Cgroup *cgroup, PlanKnob knob, GError **err);
/* Sets it in the group at hierarchy->dir. */
bool knob_set_in(const Hierarchy *hierarchy, const PlanSetting *setting, GError **err);

/* Writes one of the group's limits. Where the processes are in a group below, that one is told as
 * well: root inside may change it and it holds for nobody, but it is what is seen inside. */
bool knob_write(const Hierarchy *hierarchy, const char *file, const char *text, GError **err);

bool knob_read_number(const Hierarchy *hierarchy, const char *file, int64_t *ret, GError **err);
bool knob_write_number(const Hierarchy *hierarchy, const char *file, int64_t number, GError **err);

/* "max", "default 100", "1048576 ..."; -1 is no limit. */
int64_t knob_parse_number(const char *text);

KnobSet knob_set_text;
KnobSet knob_set_device;

/* v2 */
KnobSet knob_set_memory;
KnobSet knob_set_memory_and_swap;
KnobGet knob_get_memory_and_swap;
KnobSet knob_set_guarantee;
KnobSet knob_set_weight;
KnobSet knob_set_quota;
KnobSet knob_set_period;
KnobGet knob_get_quota;
KnobGet knob_get_period;

/* both */
KnobSet knob_set_pages;
KnobSet knob_set_processor_count;
