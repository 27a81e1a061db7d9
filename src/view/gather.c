// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See gather.h. */
#include "view/gather.h"

#include "base/fd.h"
#include "view/calls.h"
#include "view/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOST (-1) /* instead of a place: the name is a path */
#define PATH_SIZE 4096
#define TASKS_AGE_US 1000000 /* looking at tasks costs more than anything else */

/* Where a fact is read. Of several rows the first that is there counts. */
typedef struct Source {
    FactName fact;
    int place; /* ControlViewPlace */
    const char *name;
    bool climbs; /* a limit holds for the groups below it: the same file of each above follows */
} Source;

#define MEMORY CONTROL_VIEW_MEMORY
#define CPU CONTROL_VIEW_CPU
#define CPUACCT CONTROL_VIEW_CPUACCT
#define CPUSET CONTROL_VIEW_CPUSET
#define BLKIO CONTROL_VIEW_BLKIO
#define PIDS CONTROL_VIEW_PIDS
#define UNIFIED CONTROL_VIEW_UNIFIED

static const Source sources[] = {
    {FACT_HOST_MEMINFO,          HOST,    "/proc/meminfo",                             false},
    { FACT_HOST_VMSTAT,          HOST,    "/proc/vmstat",                              false},
    { FACT_HOST_CPUINFO,         HOST,    "/proc/cpuinfo",                             false},
    { FACT_HOST_STAT,            HOST,    "/proc/stat",                                false},
    { FACT_HOST_DISKSTATS,       HOST,    "/proc/diskstats",                           false},
    { FACT_HOST_KERNEL_MAX,      HOST,    "/sys/devices/system/cpu/kernel_max",        false},
    { FACT_HOST_PRESSURE_CPU,    HOST,    "/proc/pressure/cpu",                        false},
    { FACT_HOST_PRESSURE_IO,     HOST,    "/proc/pressure/io",                         false},
    { FACT_HOST_PRESSURE_MEMORY, HOST,    "/proc/pressure/memory",                     false},
    { FACT_MEMORY_LIMIT,         MEMORY,  "memory.max",                                true },
    { FACT_MEMORY_LIMIT,         MEMORY,  "memory.limit_in_bytes",                     true },
    { FACT_MEMORY_USAGE,         MEMORY,  "memory.current",                            false},
    { FACT_MEMORY_USAGE,         MEMORY,  "memory.usage_in_bytes",                     false},
    { FACT_MEMORY_STAT,          MEMORY,  "memory.stat",                               false},
    { FACT_KERNEL_MEMORY,        MEMORY,  "memory.kmem.usage_in_bytes",                false},
    { FACT_SWAP_LIMIT,           MEMORY,  "memory.swap.max",                           true },
    { FACT_BOTH_LIMIT,           MEMORY,  "memory.memsw.limit_in_bytes",               true },
    { FACT_SWAP_USAGE,           MEMORY,  "memory.swap.current",                       false},
    { FACT_CPU_QUOTA,            CPU,     "cpu.max",                                   true },
    { FACT_CPU_QUOTA,            CPU,     "cpu.cfs_quota_us",                          true },
    { FACT_CPU_PERIOD,           CPU,     "cpu.cfs_period_us",                         true },
    { FACT_CPU_SET,              CPUSET,  "cpuset.cpus.effective",                     false},
    { FACT_CPU_SET,              CPUSET,  "cpuset.effective_cpus",                     false},
    { FACT_CPU_USAGE,            CPUACCT, "cpuacct.usage_all",                         false},
    { FACT_CPU_USAGE,            CPUACCT, "cpu.stat",                                  false},
    { FACT_IO,                   BLKIO,   "io.stat",                                   false},
    { FACT_IO,                   BLKIO,   "blkio.throttle.io_service_bytes_recursive", false},
    { FACT_IO_COUNTS,            BLKIO,   "blkio.throttle.io_serviced_recursive",      false},
    { FACT_TASKS,                PIDS,    "pids.current",                              false},
    { FACT_PRESSURE_CPU,         UNIFIED, "cpu.pressure",                              false},
    { FACT_PRESSURE_IO,          UNIFIED, "io.pressure",                               false},
    { FACT_PRESSURE_MEMORY,      UNIFIED, "memory.pressure",                           false},
};

/* ---- texts ---- */

/* Adds a file to a text. False: it is not there. */
static bool add_path(const char *path, Text *text)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && text_add_file(text, fd);
}

static bool add_in_group(const char *dir, size_t len, const char *name, Text *text)
{
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%.*s/%s", (int)len, dir, name);

    return n > 0 && (size_t)n < sizeof path && add_path(path, text);
}

/* From the container's group up, until there is no such file. */
static void add_climbing(const char *dir, const char *name, Text *text)
{
    size_t len = strlen(dir);

    while (len > 0 && add_in_group(dir, len, name, text)) {
        while (len > 0 && dir[--len] != '/')
            ;
    }
}

static void add_source(const Gatherer *gatherer, const Source *source, Text *text)
{
    const char *dir = source->place == HOST ? "" : gatherer->view->places[source->place];

    if (source->place == HOST)
        (void)add_path(source->name, text); /* what is not there is no fact */
    else if (source->climbs)
        add_climbing(dir, source->name, text);
    else if (*dir)
        (void)add_in_group(dir, strlen(dir), source->name, text); /* the same */
}

/* ---- numbers ---- */

static uint64_t clock_of(const ControlView *view)
{
    struct timespec now;
    int64_t usecs;

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* every kernel has it */
    usecs = (now.tv_sec - view->born) * 1000000 + now.tv_nsec / 1000;
    return usecs > 0 ? (uint64_t)usecs : 0;
}

static const FactTasks *look_at_tasks(Gatherer *gatherer, uint64_t clock)
{
    const ControlView *view = gatherer->view;

    if (gatherer->tasks_seen == 0 || clock - gatherer->tasks_seen > TASKS_AGE_US) {
        gatherer->tasks = tasks_count(view->places[CONTROL_VIEW_CPUACCT]);
        gatherer->tasks_seen = clock;
    }
    return &gatherer->tasks;
}

/* ---- the whole ---- */

static Facts facts_without_texts(Gatherer *gatherer, ViewNeeds needs)
{
    Facts facts = {
        .usage_before = gatherer->view->usage_before,
        .clock = clock_of(gatherer->view),
        .born = gatherer->view->born,
        .page = (uint64_t)sysconf(_SC_PAGESIZE),
        .hertz = (uint64_t)sysconf(_SC_CLK_TCK),
        .limits_processors = gatherer->view->limits_processors,
        .load = gatherer->load,
    };

    if (needs.tasks)
        facts.tasks = *look_at_tasks(gatherer, facts.clock);
    return facts;
}

/* A server that ends lets go of it. */
static void set_lock(const Gatherer *gatherer, short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

    (void)fcntl(gatherer->load_fd, F_SETLKW, &lock); /* at worst an average is off a little */
}

/* What wants tasks may move the load on. */
static void use_alone(const Gatherer *gatherer, const Facts *facts,
                      void (*use)(const Facts *facts, void *data), void *data)
{
    set_lock(gatherer, F_WRLCK);
    use(facts, data);
    set_lock(gatherer, F_UNLCK);
}

/* Calls with the facts, which are gone when it comes back. */
static bool with_facts(Gatherer *gatherer, ViewNeeds needs,
                       void (*use)(const Facts *facts, void *data), void *data)
{
    Facts facts = facts_without_texts(gatherer, needs);
    Text texts[FACT_NAMES] = { 0 };
    bool whole = true;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        FactName fact = sources[i].fact;
        if (!(needs.facts & 1u << fact) || texts[fact].data)
            continue;
        add_source(gatherer, &sources[i], &texts[fact]);
        facts.texts[fact] = texts[fact].data;
        whole = whole && !texts[fact].failed;
    }
    if (whole && needs.tasks)
        use_alone(gatherer, &facts, use, data);
    else if (whole)
        use(&facts, data);
    for (size_t i = 0; i < FACT_NAMES; i++)
        text_clear(&texts[i]);
    return whole;
}

typedef struct Wanted {
    ViewNode node;
    bool narrow;
    Text text;
    unsigned n_processors;
} Wanted;

static void make(const Facts *facts, void *data)
{
    Wanted *wanted = data;

    content_make(wanted->node, facts, &wanted->text);
}

static void count(const Facts *facts, void *data)
{
    Wanted *wanted = data;

    wanted->n_processors = processors_count(facts);
}

Text gather_file(Gatherer *gatherer, ViewNode node)
{
    Wanted wanted = { .node = node };

    if (!with_facts(gatherer, content_needs(node.kind), make, &wanted))
        wanted.text.failed = true;
    return wanted.text;
}

static void make_sysinfo(const Facts *facts, void *data)
{
    Wanted *wanted = data;

    calls_make_sysinfo(facts, wanted->narrow, &wanted->text);
}

Text gather_sysinfo(Gatherer *gatherer, bool narrow)
{
    Wanted wanted = { .narrow = narrow };

    if (!with_facts(gatherer, calls_sysinfo_needs(), make_sysinfo, &wanted))
        wanted.text.failed = true;
    return wanted.text;
}

unsigned gather_processors(Gatherer *gatherer)
{
    Wanted wanted = { 0 };

    (void)with_facts(gatherer, content_needs(VIEW_PROCESSORS), count, &wanted); /* else none */
    return wanted.n_processors;
}
