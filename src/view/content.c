// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* THE table of what the files of the view hold, and what that is made from. */
#include "view/content.h"

#define BIT(fact) NEEDS(fact)
#define VMSTAT (NEEDS_MEMORY | BIT(KERNEL_MEMORY) | BIT(HOST_VMSTAT) | BIT(IO))
#define DISKS (BIT(HOST_DISKSTATS) | BIT(IO) | BIT(IO_COUNTS))
#define STALLS(of) (BIT(PRESSURE_##of) | BIT(HOST_PRESSURE_##of))

typedef struct Row {
    ViewKind kind;
    uint32_t facts;
    bool tasks;
    void (*make)(const Facts *facts, Text *out);
    void (*make_each)(const Facts *facts, unsigned processor, Text *out); /* in its place */
} Row;

/* ---- pressure: of the container's own group, which only v2 trees have; else the host's ---- */

static void add_either(const Facts *facts, FactName own, FactName host, Text *out)
{
    const char *text = facts->texts[own] ? facts->texts[own] : facts->texts[host];

    if (text)
        text_add(out, "%s", text);
}

static void make_pressure_cpu(const Facts *facts, Text *out)
{
    add_either(facts, FACT_PRESSURE_CPU, FACT_HOST_PRESSURE_CPU, out);
}

static void make_pressure_io(const Facts *facts, Text *out)
{
    add_either(facts, FACT_PRESSURE_IO, FACT_HOST_PRESSURE_IO, out);
}

static void make_pressure_memory(const Facts *facts, Text *out)
{
    add_either(facts, FACT_PRESSURE_MEMORY, FACT_HOST_PRESSURE_MEMORY, out);
}

/* ---- processors: each is a core of its own, all are in one package ---- */

static void make_empty_list(const Facts *facts, Text *out)
{
    (void)facts;
    text_add(out, "\n");
}

static void make_kernel_max(const Facts *facts, Text *out)
{
    if (facts->texts[FACT_HOST_KERNEL_MAX])
        text_add(out, "%s", facts->texts[FACT_HOST_KERNEL_MAX]);
}

static void make_number(const Facts *facts, unsigned processor, Text *out)
{
    (void)facts;
    text_add(out, "%u\n", processor);
}

static void make_zero(const Facts *facts, Text *out)
{
    (void)facts;
    text_add(out, "0\n");
}

static void make_own_mask(const Facts *facts, unsigned processor, Text *out)
{
    processors_add_mask(processor, 1, processors_count(facts), out);
}

static void make_all_mask(const Facts *facts, Text *out)
{
    unsigned n = processors_count(facts);

    processors_add_mask(0, n, n, out);
}

/* ---- the table ---- */

static const Row rows[] = {
    {VIEW_MEMINFO,               NEEDS_MEMORY | BIT(KERNEL_MEMORY),    false, memory_make_meminfo,     NULL         },
    { VIEW_CPUINFO,              NEEDS_PROCESSORS | BIT(HOST_CPUINFO), false, processors_make_cpuinfo, NULL         },
    { VIEW_STAT,                 NEEDS_PROCESSORS | BIT(CPU_USAGE),    true,  processors_make_stat,    NULL         },
    { VIEW_UPTIME,               NEEDS_PROCESSORS | BIT(CPU_USAGE),    false, processors_make_uptime,  NULL         },
    { VIEW_LOADAVG,              NEEDS_LOAD,                           true,  load_make_loadavg,       NULL         },
    { VIEW_SWAPS,                NEEDS_MEMORY,                         false, memory_make_swaps,       NULL         },
    { VIEW_DISKSTATS,            DISKS,                                false, disks_make_diskstats,    NULL         },
    { VIEW_VMSTAT,               VMSTAT,                               false, memory_make_vmstat,      NULL         },
    { VIEW_PRESSURE_CPU,         STALLS(CPU),                          false, make_pressure_cpu,       NULL         },
    { VIEW_PRESSURE_IO,          STALLS(IO),                           false, make_pressure_io,        NULL         },
    { VIEW_PRESSURE_MEMORY,      STALLS(MEMORY),                       false, make_pressure_memory,    NULL         },
    { VIEW_ONLINE,               NEEDS_PROCESSORS,                     false, processors_add_list,     NULL         },
    { VIEW_POSSIBLE,             NEEDS_PROCESSORS,                     false, processors_add_list,     NULL         },
    { VIEW_PRESENT,              NEEDS_PROCESSORS,                     false, processors_add_list,     NULL         },
    { VIEW_OFFLINE,              0,                                    false, make_empty_list,         NULL         },
    { VIEW_ISOLATED,             0,                                    false, make_empty_list,         NULL         },
    { VIEW_KERNEL_MAX,           BIT(HOST_KERNEL_MAX),                 false, make_kernel_max,         NULL         },
    { VIEW_CORE_ID,              0,                                    false, NULL,                    make_number  },
    { VIEW_PACKAGE_ID,           0,                                    false, make_zero,               NULL         },
    { VIEW_THREAD_SIBLINGS,      NEEDS_PROCESSORS,                     false, NULL,                    make_own_mask},
    { VIEW_THREAD_SIBLINGS_LIST, 0,                                    false, NULL,                    make_number  },
    { VIEW_CORE_CPUS,            NEEDS_PROCESSORS,                     false, NULL,                    make_own_mask},
    { VIEW_CORE_CPUS_LIST,       0,                                    false, NULL,                    make_number  },
    { VIEW_CORE_SIBLINGS,        NEEDS_PROCESSORS,                     false, make_all_mask,           NULL         },
    { VIEW_CORE_SIBLINGS_LIST,   NEEDS_PROCESSORS,                     false, processors_add_list,     NULL         },
    { VIEW_PACKAGE_CPUS,         NEEDS_PROCESSORS,                     false, make_all_mask,           NULL         },
    { VIEW_PACKAGE_CPUS_LIST,    NEEDS_PROCESSORS,                     false, processors_add_list,     NULL         },
};

static const Row *find(ViewKind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == kind)
            return &rows[i];
    }
    return NULL;
}

ViewNeeds content_needs(ViewKind kind)
{
    const Row *row = find(kind);

    if (kind == VIEW_PROCESSORS)
        return (ViewNeeds){ NEEDS_PROCESSORS, false };
    return row ? (ViewNeeds){ row->facts, row->tasks } : (ViewNeeds){ 0, false };
}

void content_make(ViewNode node, const Facts *facts, Text *out)
{
    const Row *row = find(node.kind);

    if (row && row->make)
        row->make(facts, out);
    else if (row)
        row->make_each(facts, node.processor, out);
}
