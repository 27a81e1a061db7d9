// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <perf>: which of a machine's events are counted. A container's are counted by whoever looks at
 * its control group, so that the wish has no effect.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define REQUIRED .missing = ERR(XML, XML_ERROR)

static const char *const event_names[] = {
    NULL,
    "cmt",
    "mbmt",
    "mbml",
    "cpu_cycles",
    "instructions",
    "cache_references",
    "cache_misses",
    "branch_instructions",
    "branch_misses",
    "bus_cycles",
    "stalled_cycles_frontend",
    "stalled_cycles_backend",
    "ref_cpu_cycles",
    "cpu_clock",
    "task_clock",
    "page_faults",
    "context_switches",
    "cpu_migrations",
    "page_faults_min",
    "page_faults_maj",
    "alignment_faults",
    "emulation_faults",
    NULL,
};

/* clang-format off */
static const Row event_rows[] = {
    { "@name",    ROW_ENUM, offsetof(PerfEvent, name),    .names = event_names, REQUIRED },
    { "@enabled", ROW_ENUM, offsetof(PerfEvent, enabled), .names = choice_names, REQUIRED },
    { NULL },
};
/* clang-format on */

const Record perf_event_record = { "event", sizeof(PerfEvent), event_rows, .kept = true };

static int by_name(const void *a, const void *b)
{
    return (*(PerfEvent *const *)a)->name - (*(PerfEvent *const *)b)->name;
}

bool perf_check(DomainDef *def, GError **err)
{
    PerfEventList *events = &def->perf_events;

    if (events->n)
        qsort(events->items, events->n, sizeof(*events->items), by_name);
    for (size_t i = 1; i < events->n; i++)
        if (events->items[i]->name == events->items[i - 1]->name)
            return fail(err, ERR(DOMAIN, XML_ERROR), _("<perf> has the event '%s' twice"),
                        event_names[events->items[i]->name]);
    return true;
}
