// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Memory and swap as the container's limits and use make them: meminfo, vmstat, swaps. The lines
 * and their order are the host's, so that every kernel gets what its own programs expect; a line
 * that no figure is known for is left out rather than made up.
 *
 * Both versions of control groups count the same things under other names, and v1 the kernel's own
 * memory as one number only.
 */
#include "view/content.h"
#include "view/number.h"
#include "view/scan.h"

#include <stdio.h>
#include <string.h>

typedef struct Memory {
    const Facts *facts;
    uint64_t total;
    uint64_t used;
    uint64_t swap_total;
    uint64_t swap_used;
} Memory;

/* A line of one of the files. Neither name nor function: 0, as nobody counts it for groups. */
typedef struct Figure {
    const char *name;
    const char *v2; /* its name in memory.stat */
    const char *v1; /* there with "total_" before it, for the groups below count too */
    uint64_t (*compute)(const Memory *memory);
} Figure;

/* ---- the whole ---- */

/* v1 has some of the names of v2 too, for one group alone: its own are looked for first. */
static uint64_t in_stat(const Memory *memory, const char *v2, const char *v1)
{
    const char *stat = memory->facts->texts[FACT_MEMORY_STAT];
    uint64_t number = 0;
    char key[48];

    (void)snprintf(key, sizeof key, "total_%s", v1 ? v1 : ""); /* the longest is half of that */
    if ((!v1 || !scan_key(stat, key, &number)) && v2)
        return scan_key_or_0(stat, v2);
    return number;
}

static uint64_t host_bytes(const Facts *facts, const char *name)
{
    return scan_key_or_0(facts->texts[FACT_HOST_MEMINFO], name) * 1024;
}

/* v1 limits memory and swap together: what that leaves beside the memory is for swap. */
static uint64_t swap_limit(const Facts *facts, uint64_t memory_limit)
{
    uint64_t both = scan_least(facts->texts[FACT_BOTH_LIMIT]);

    if (facts->texts[FACT_SWAP_LIMIT])
        return scan_least(facts->texts[FACT_SWAP_LIMIT]);
    return both == SCAN_UNLIMITED ? both : number_less(both, memory_limit);
}

static void take_swap(Memory *memory, uint64_t memory_limit)
{
    const Facts *facts = memory->facts;
    uint64_t host = host_bytes(facts, "SwapTotal");

    if (!facts->texts[FACT_SWAP_LIMIT] && !facts->texts[FACT_BOTH_LIMIT]) {
        memory->swap_total = host; /* nobody counts it */
        memory->swap_used = number_less(host, host_bytes(facts, "SwapFree"));
        return;
    }
    memory->swap_total = number_lesser(host, swap_limit(facts, memory_limit));
    memory->swap_used = facts->texts[FACT_SWAP_USAGE] ? scan_number(facts->texts[FACT_SWAP_USAGE])
                                                      : in_stat(memory, NULL, "swap");
    memory->swap_used = number_lesser(memory->swap_used, memory->swap_total);
}

static Memory take_memory(const Facts *facts)
{
    Memory memory = { .facts = facts };
    uint64_t limit = scan_least(facts->texts[FACT_MEMORY_LIMIT]);

    memory.total = number_lesser(limit, host_bytes(facts, "MemTotal"));
    memory.used = number_lesser(scan_number(facts->texts[FACT_MEMORY_USAGE]), memory.total);
    take_swap(&memory, limit);
    return memory;
}

/* ---- figures that are sums ---- */

static uint64_t total(const Memory *memory)
{
    return memory->total;
}

static uint64_t unused(const Memory *memory)
{
    return number_less(memory->total, memory->used);
}

static uint64_t active_file(const Memory *memory)
{
    return in_stat(memory, "active_file", "active_file");
}

static uint64_t inactive_file(const Memory *memory)
{
    return in_stat(memory, "inactive_file", "inactive_file");
}

static uint64_t reclaimable(const Memory *memory)
{
    return in_stat(memory, "slab_reclaimable", NULL);
}

/* What the kernel would give up before it had to swap or kill. */
static uint64_t available(const Memory *memory)
{
    return number_lesser(memory->total, unused(memory) + active_file(memory) +
                                            inactive_file(memory) + reclaimable(memory));
}

/* The counters of use lag behind each other a little. */
static uint64_t cached(const Memory *memory)
{
    return number_lesser(memory->used, in_stat(memory, "file", "cache"));
}

static uint64_t active(const Memory *memory)
{
    return active_file(memory) + in_stat(memory, "active_anon", "active_anon");
}

static uint64_t inactive(const Memory *memory)
{
    return inactive_file(memory) + in_stat(memory, "inactive_anon", "inactive_anon");
}

static uint64_t unreclaimable(const Memory *memory)
{
    const char *v1 = memory->facts->texts[FACT_KERNEL_MEMORY];

    return v1 ? scan_number(v1) : in_stat(memory, "slab_unreclaimable", NULL);
}

/* The sum of what is shown: v2 counts these in bytes, programs see KiB. */
static uint64_t slab(const Memory *memory)
{
    return (reclaimable(memory) / 1024 + unreclaimable(memory) / 1024) * 1024;
}

static uint64_t swap_total(const Memory *memory)
{
    return memory->swap_total;
}

static uint64_t swap_unused(const Memory *memory)
{
    return number_less(memory->swap_total, memory->swap_used);
}

/* As the kernel reckons it by default, with half of the memory. */
static uint64_t commit_limit(const Memory *memory)
{
    return memory->total / 2 + memory->swap_total;
}

/* Only what was touched is known. */
static uint64_t committed(const Memory *memory)
{
    return in_stat(memory, "anon", "rss") + in_stat(memory, "shmem", "shmem") + memory->swap_used;
}

static uint64_t read_in(const Memory *memory)
{
    return disks_total(memory->facts).read / 1024;
}

static uint64_t written_out(const Memory *memory)
{
    return disks_total(memory->facts).written / 1024;
}

/* ---- the tables ---- */

/* Of /proc/meminfo. */
static const Figure meminfo[] = {
    {"MemTotal",        NULL,               NULL,            total        },
    { "MemFree",        NULL,               NULL,            unused       },
    { "MemAvailable",   NULL,               NULL,            available    },
    { "Buffers",        NULL,               NULL,            NULL         },
    { "Cached",         NULL,               NULL,            cached       },
    { "SwapCached",     "swapcached",       "swapcached",    NULL         },
    { "Active",         NULL,               NULL,            active       },
    { "Inactive",       NULL,               NULL,            inactive     },
    { "Active(anon)",   "active_anon",      "active_anon",   NULL         },
    { "Inactive(anon)", "inactive_anon",    "inactive_anon", NULL         },
    { "Active(file)",   "active_file",      "active_file",   NULL         },
    { "Inactive(file)", "inactive_file",    "inactive_file", NULL         },
    { "Unevictable",    "unevictable",      "unevictable",   NULL         },
    { "Mlocked",        "unevictable",      "unevictable",   NULL         },
    { "SwapTotal",      NULL,               NULL,            swap_total   },
    { "SwapFree",       NULL,               NULL,            swap_unused  },
    { "Zswap",          "zswap",            NULL,            NULL         },
    { "Zswapped",       "zswapped",         NULL,            NULL         },
    { "Dirty",          "file_dirty",       "dirty",         NULL         },
    { "Writeback",      "file_writeback",   "writeback",     NULL         },
    { "AnonPages",      "anon",             "rss",           NULL         },
    { "Mapped",         "file_mapped",      "mapped_file",   NULL         },
    { "Shmem",          "shmem",            "shmem",         NULL         },
    { "KReclaimable",   "slab_reclaimable", NULL,            NULL         },
    { "Slab",           NULL,               NULL,            slab         },
    { "SReclaimable",   "slab_reclaimable", NULL,            NULL         },
    { "SUnreclaim",     NULL,               NULL,            unreclaimable},
    { "KernelStack",    "kernel_stack",     NULL,            NULL         },
    { "PageTables",     "pagetables",       NULL,            NULL         },
    { "SecPageTables",  "sec_pagetables",   NULL,            NULL         },
    { "NFS_Unstable",   NULL,               NULL,            NULL         },
    { "Bounce",         NULL,               NULL,            NULL         },
    { "WritebackTmp",   NULL,               NULL,            NULL         },
    { "CommitLimit",    NULL,               NULL,            commit_limit },
    { "Committed_AS",   NULL,               NULL,            committed    },
    { "VmallocUsed",    "vmalloc",          NULL,            NULL         },
    { "VmallocChunk",   NULL,               NULL,            NULL         },
    { "Percpu",         "percpu",           NULL,            NULL         },
    { "AnonHugePages",  "anon_thp",         "rss_huge",      NULL         },
    { "ShmemHugePages", "shmem_thp",        NULL,            NULL         },
    { "ShmemPmdMapped", NULL,               NULL,            NULL         },
    { "FileHugePages",  "file_thp",         NULL,            NULL         },
    { "FilePmdMapped",  NULL,               NULL,            NULL         },
};

/* Of the same: the host's line is the container's too. */
static const char *const as_host[] = {
    "VmallocTotal",   "HugePages_Total", "HugePages_Free", "HugePages_Rsvd",
    "HugePages_Surp", "Hugepagesize",    "Hugetlb",
};

/* Of /proc/vmstat: pages of what meminfo has in KiB. */
typedef struct Pages {
    const char *name;
    const char *meminfo;
} Pages;

static const Pages vmstat_pages[] = {
    {"nr_free_pages",            "MemFree"       },
    { "nr_file_pages",           "Cached"        },
    { "nr_swapcached",           "SwapCached"    },
    { "nr_active_anon",          "Active(anon)"  },
    { "nr_zone_active_anon",     "Active(anon)"  },
    { "nr_inactive_anon",        "Inactive(anon)"},
    { "nr_zone_inactive_anon",   "Inactive(anon)"},
    { "nr_active_file",          "Active(file)"  },
    { "nr_zone_active_file",     "Active(file)"  },
    { "nr_inactive_file",        "Inactive(file)"},
    { "nr_zone_inactive_file",   "Inactive(file)"},
    { "nr_unevictable",          "Unevictable"   },
    { "nr_zone_unevictable",     "Unevictable"   },
    { "nr_mlock",                "Mlocked"       },
    { "nr_dirty",                "Dirty"         },
    { "nr_writeback",            "Writeback"     },
    { "nr_anon_pages",           "AnonPages"     },
    { "nr_mapped",               "Mapped"        },
    { "nr_shmem",                "Shmem"         },
    { "nr_slab_reclaimable",     "SReclaimable"  },
    { "nr_slab_unreclaimable",   "SUnreclaim"    },
    { "nr_page_table_pages",     "PageTables"    },
    { "nr_sec_page_table_pages", "SecPageTables" },
};

/* Of the same, what has happened. */
static const Figure vmstat_events[] = {
    {"pgpgin",                   NULL,                      NULL,                      read_in    },
    { "pgpgout",                 NULL,                      NULL,                      written_out},
    { "pswpin",                  "pswpin",                  NULL,                      NULL       },
    { "pswpout",                 "pswpout",                 NULL,                      NULL       },
    { "pgfault",                 "pgfault",                 "pgfault",                 NULL       },
    { "pgmajfault",              "pgmajfault",              "pgmajfault",              NULL       },
    { "pgrefill",                "pgrefill",                NULL,                      NULL       },
    { "pgactivate",              "pgactivate",              NULL,                      NULL       },
    { "pgdeactivate",            "pgdeactivate",            NULL,                      NULL       },
    { "workingset_refault_anon", "workingset_refault_anon", "workingset_refault_anon", NULL       },
    { "workingset_refault_file", "workingset_refault_file", "workingset_refault_file", NULL       },
};

/* The row of a table whose first member, its name, is this. */
#define FIND(table, name, len) find(table, sizeof *(table), sizeof(table), name, len)

static const void *find(const void *table, size_t step, size_t size, const char *name, size_t len)
{
    for (size_t at = 0; at < size; at += step) {
        const char *const *row = (const void *)((const char *)table + at);
        if (strlen(*row) == len && memcmp(*row, name, len) == 0)
            return row;
    }
    return NULL;
}

static uint64_t figure_value(const Figure *figure, const Memory *memory)
{
    return figure->compute ? figure->compute(memory) : in_stat(memory, figure->v2, figure->v1);
}

MemorySum memory_sum_up(const Facts *facts)
{
    Memory memory = take_memory(facts);

    return (MemorySum){
        .total = memory.total,
        .unused = unused(&memory),
        .shared = in_stat(&memory, "shmem", "shmem"),
        .swap_total = memory.swap_total,
        .swap_unused = swap_unused(&memory),
    };
}

/* ---- the files ---- */

void memory_make_meminfo(const Facts *facts, Text *out)
{
    Memory memory = take_memory(facts);

    for (const char *line = facts->texts[FACT_HOST_MEMINFO]; line; line = scan_next_line(line)) {
        size_t len = strcspn(line, ":\n");
        const Figure *figure = FIND(meminfo, line, len);

        if (figure)
            text_add(out, "%.*s:%*s%8llu kB\n", (int)len, line, len < 15 ? (int)(15 - len) : 0, "",
                     (unsigned long long)(figure_value(figure, &memory) / 1024));
        else if (FIND(as_host, line, len))
            text_add(out, "%.*s\n", (int)scan_line_length(line), line);
    }
}

static uint64_t pages_value(const Pages *pages, const Memory *memory)
{
    const Figure *figure = FIND(meminfo, pages->meminfo, strlen(pages->meminfo));

    return figure ? figure_value(figure, memory) / memory->facts->page : 0; /* a test finds all */
}

static void add_counter(const char *line, size_t len, uint64_t value, Text *out)
{
    text_add(out, "%.*s %llu\n", (int)len, line, (unsigned long long)value);
}

void memory_make_vmstat(const Facts *facts, Text *out)
{
    Memory memory = take_memory(facts);

    for (const char *line = facts->texts[FACT_HOST_VMSTAT]; line; line = scan_next_line(line)) {
        size_t len = strcspn(line, " \n");
        const Pages *pages = FIND(vmstat_pages, line, len);
        const Figure *events = FIND(vmstat_events, line, len);

        if (pages)
            add_counter(line, len, pages_value(pages, &memory), out);
        else if (events)
            add_counter(line, len, figure_value(events, &memory), out);
    }
}

/* The areas are the host's; the container has a share of all of them. */
void memory_make_swaps(const Facts *facts, Text *out)
{
    Memory memory = take_memory(facts);

    text_add(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    if (memory.swap_total > 0)
        text_add(out, "%-40s%s\t\t%llu\t\t%llu\t\t%d\n", "none", "virtual",
                 (unsigned long long)(memory.swap_total / 1024),
                 (unsigned long long)(memory.swap_used / 1024), 0);
}
