// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Processors as the container may use them, numbered from 0: those of its set, and no more than its
 * quota is worth, rounded up. What it used of them is the groups' count. v1 counts per processor,
 * so each shows its own share while all of the set are shown; else the use is spread evenly.
 */
#include "view/content.h"
#include "view/number.h"
#include "view/scan.h"

#include <string.h>

#define PROCESSORS_MAX 4096
#define USECS 1000000

typedef struct Processors {
    unsigned n;                   /* that are shown */
    unsigned n_set;               /* that the container may run on */
    uint16_t ids[PROCESSORS_MAX]; /* the host's numbers of these */
} Processors;

/* Microseconds. */
typedef struct Use {
    uint64_t user;
    uint64_t system;
} Use;

/* ---- which ---- */

static void add_processor(unsigned number, void *data)
{
    Processors *processors = data;

    if (processors->n_set < PROCESSORS_MAX)
        processors->ids[processors->n_set++] = (uint16_t)number;
}

static bool is_processor_line(const char *line)
{
    return strncmp(line, "cpu", 3) == 0 && line[3] >= '0' && line[3] <= '9';
}

static void add_all_of_host(const char *stat, Processors *processors)
{
    for (; stat; stat = scan_next_line(stat)) {
        if (is_processor_line(stat))
            add_processor((unsigned)scan_number(stat + 3), processors);
    }
}

/* v2 has both numbers in a line, v1 has two files. */
static uint64_t quota_of(const char *quota, const char *period)
{
    uint64_t part = scan_limit(quota);
    uint64_t whole = scan_number(period);

    return part == SCAN_UNLIMITED || whole == 0 ? SCAN_UNLIMITED : (part + whole - 1) / whole;
}

/* How many whole processors the quotas of the groups are at most; at least one. */
static uint64_t least_quota(const Facts *facts)
{
    const char *quota = facts->texts[FACT_CPU_QUOTA];
    const char *period = facts->texts[FACT_CPU_PERIOD];
    uint64_t least = SCAN_UNLIMITED;

    while (quota) {
        uint64_t here = quota_of(quota, period ? period : scan_word(quota, 1));
        if (here < least)
            least = here;
        quota = scan_next_line(quota);
        period = period ? scan_next_line(period) : NULL;
    }
    return least ? least : 1;
}

static void take_processors(const Facts *facts, Processors *processors)
{
    uint64_t quota = SCAN_UNLIMITED;

    processors->n_set = 0;
    if (facts->limits_processors) {
        scan_list(facts->texts[FACT_CPU_SET], add_processor, processors);
        quota = least_quota(facts);
    }
    if (processors->n_set == 0)
        add_all_of_host(facts->texts[FACT_HOST_STAT], processors);
    processors->n = quota < processors->n_set ? (unsigned)quota : processors->n_set;
}

unsigned processors_count(const Facts *facts)
{
    Processors processors;

    take_processors(facts, &processors);
    return processors.n;
}

/* ---- how much ---- */

static bool is_v1(const char *usage)
{
    return usage && strncmp(usage, "cpu ", 4) == 0;
}

/* "0 123 456": nanoseconds of user and system on one processor; all of them for -1. */
static Use use_v1(const char *usage, int processor)
{
    Use use = { 0 };

    for (usage = scan_next_line(usage); usage; usage = scan_next_line(usage)) {
        if (processor >= 0 && scan_number(usage) != (uint64_t)processor)
            continue;
        use.user += scan_number(scan_word(usage, 1)) / 1000;
        use.system += scan_number(scan_word(usage, 2)) / 1000;
    }
    return use;
}

static Use use_until(const char *usage, int processor)
{
    if (is_v1(usage))
        return use_v1(usage, processor);
    return (Use){ scan_key_or_0(usage, "user_usec"), scan_key_or_0(usage, "system_usec") };
}

/* Since the container started: the groups stay over its reboots. */
static Use use_on(const Facts *facts, int processor)
{
    Use now = use_until(facts->texts[FACT_CPU_USAGE], processor);
    Use before = use_until(facts->usage_before, processor);

    return (Use){ number_less(now.user, before.user), number_less(now.system, before.system) };
}

/* Of the processor that is shown at `place`. */
static Use use_shown(const Facts *facts, const Processors *processors, unsigned place)
{
    Use all;

    if (is_v1(facts->texts[FACT_CPU_USAGE]) && processors->n == processors->n_set)
        return use_on(facts, processors->ids[place]);
    all = use_on(facts, -1);
    return (Use){ all.user / processors->n, all.system / processors->n };
}

/* ---- stat and uptime ---- */

typedef struct Ticks {
    uint64_t user;
    uint64_t system;
    uint64_t idle;
} Ticks;

static Ticks ticks_shown(const Facts *facts, const Processors *processors, unsigned place)
{
    Use use = use_shown(facts, processors, place);
    Ticks ticks = { use.user * facts->hertz / USECS, use.system * facts->hertz / USECS, 0 };

    ticks.idle = number_less(facts->clock * facts->hertz / USECS, ticks.user + ticks.system);
    return ticks;
}

static void add_ticks(const char *name, const Ticks *ticks, Text *out)
{
    text_add(out, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name, (unsigned long long)ticks->user,
             (unsigned long long)ticks->system, (unsigned long long)ticks->idle);
}

static void add_processor_lines(const Facts *facts, Text *out)
{
    Processors processors;
    Text lines = { 0 };
    Ticks sum = { 0 };

    take_processors(facts, &processors);
    for (unsigned place = 0; place < processors.n; place++) {
        Ticks ticks = ticks_shown(facts, &processors, place);
        text_add(&lines, "cpu%u", place);
        add_ticks("", &ticks, &lines);
        sum.user += ticks.user;
        sum.system += ticks.system;
        sum.idle += ticks.idle;
    }
    add_ticks("cpu ", &sum, out);
    if (lines.len)
        text_add_bytes(out, lines.data, lines.len);
    out->failed |= lines.failed;
    text_clear(&lines);
}

/* Interrupts, switches and forks are not counted for groups: programs get the host's sums. */
void processors_make_stat(const Facts *facts, Text *out)
{
    const char *host = facts->texts[FACT_HOST_STAT];
    unsigned running = facts->tasks.running;

    add_processor_lines(facts, out);
    text_add(out, "intr %llu\n", (unsigned long long)scan_key_or_0(host, "intr"));
    text_add(out, "ctxt %llu\n", (unsigned long long)scan_key_or_0(host, "ctxt"));
    text_add(out, "btime %lld\n", (long long)scan_key_or_0(host, "btime") + (long long)facts->born);
    text_add(out, "processes %llu\n", (unsigned long long)scan_key_or_0(host, "processes"));
    text_add(out, "procs_running %u\n", running ? running : 1); /* who reads this runs */
    text_add(out, "procs_blocked %u\n", facts->tasks.blocked);
}

static void add_seconds(uint64_t usecs, char end, Text *out)
{
    text_add(out, "%llu.%02u%c", (unsigned long long)(usecs / USECS),
             (unsigned)(usecs % USECS / 10000), end);
}

void processors_make_uptime(const Facts *facts, Text *out)
{
    Use use = use_on(facts, -1);

    add_seconds(facts->clock, ' ', out);
    add_seconds(number_less(facts->clock * processors_count(facts), use.user + use.system), '\n',
                out);
}

/* ---- cpuinfo ---- */

static bool is_shown(const Processors *processors, uint64_t id, unsigned *ret_place)
{
    for (unsigned place = 0; place < processors->n; place++) {
        if (processors->ids[place] == id) {
            *ret_place = place;
            return true;
        }
    }
    return false;
}

/* "processor<tab>: 3" begins the paragraph of a processor; its number is behind the colon. */
static const char *find_number(const char *line)
{
    const char *at = line + strlen("processor");

    if (strncmp(line, "processor", strlen("processor")) != 0)
        return NULL;
    at += strspn(at, " \t");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

/* Paragraphs that are no processor's stay, as do all where the architecture writes it otherwise. */
void processors_make_cpuinfo(const Facts *facts, Text *out)
{
    Processors processors;
    bool begins = true;
    bool shown = true;

    take_processors(facts, &processors);
    for (const char *line = facts->texts[FACT_HOST_CPUINFO]; line; line = scan_next_line(line)) {
        int len = (int)scan_line_length(line);
        const char *number = find_number(line);
        unsigned place = 0;

        if (number)
            shown = is_shown(&processors, scan_number(number), &place);
        else if (begins)
            shown = true;
        begins = len == 0;
        if (shown && number)
            text_add(out, "%.*s%u\n", (int)(number - line), line, place);
        else if (shown)
            text_add(out, "%.*s\n", len, line);
    }
}

/* ---- lists and masks ---- */

void processors_add_list(const Facts *facts, Text *out)
{
    unsigned n = processors_count(facts);

    if (n > 1)
        text_add(out, "0-%u\n", n - 1);
    else
        text_add(out, "0\n");
}

/* As the kernel prints bit maps: words of 32 bits, the first as wide as what is left over. */
void processors_add_mask(unsigned first, unsigned n, unsigned of, Text *out)
{
    unsigned bits = of % 32 ? of % 32 : 32;

    while (of > 0) {
        uint32_t word = 0;
        unsigned base = of - bits;

        for (unsigned i = 0; i < bits; i++) {
            if (base + i >= first && base + i < first + n)
                word |= 1u << i;
        }
        text_add(out, "%0*x%c", (int)((bits + 3) / 4), word, base ? ',' : '\n');
        of = base;
        bits = 32;
    }
}
