// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The load of a container, an estimate. The kernel looks every 5 seconds how many tasks run or wait
 * on the whole host, and keeps averages that fade. Nobody looks at a container while no one asks.
 * But the groups' counters are sums over time: the processor time used is how long tasks ran, and
 * the pressure's totals how long at least one waited for a processor or for a disk. Their growth
 * since the last time, divided by the time that passed, is the mean of those 5 second samples; all
 * samples missed are taken to be that.
 *
 * After more than a minute such a mean says little of the last one: there, what the tasks do right
 * now counts in its place, and the mean is of the time before.
 */
#include "view/content.h"
#include "view/number.h"
#include "view/scan.h"

#include <string.h>

#define STEP 5000000u   /* microseconds */
#define RECENT_STEPS 12 /* a minute */
#define STEPS_MAX 2160  /* three hours: older samples have faded to nothing */
#define ONE (1u << LOAD_BITS)

/* What is left of an average after a step: exp(-5 s / 1, 5, 15 min), of ONE. */
static const uint64_t fading[3] = { 964736, 1031245, 1042767 };

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123". */
static uint64_t waited(const char *pressure)
{
    const char *total = pressure ? strstr(pressure, "total=") : NULL;

    return total ? scan_number(total + strlen("total=")) : 0;
}

/* v1 has nanoseconds of each processor in three columns, v2 microseconds by name. */
static uint64_t ran(const char *usage)
{
    uint64_t sum = 0;

    if (scan_key(usage, "usage_usec", &sum))
        return sum;
    for (usage = usage ? scan_next_line(usage) : NULL; usage; usage = scan_next_line(usage))
        sum += (scan_number(scan_word(usage, 1)) + scan_number(scan_word(usage, 2))) / 1000;
    return sum;
}

static uint64_t work_until_now(const Facts *facts)
{
    return ran(facts->texts[FACT_CPU_USAGE]) + waited(facts->texts[FACT_PRESSURE_CPU]) +
           waited(facts->texts[FACT_PRESSURE_IO]);
}

static void take_samples(FactLoad *load, uint64_t steps, uint64_t sample)
{
    for (uint64_t step = 0; step < steps && step < STEPS_MAX; step++) {
        for (size_t i = 0; i < 3; i++)
            load->average[i] =
                (load->average[i] * fading[i] + sample * (ONE - fading[i]) + ONE / 2) / ONE;
    }
}

/* The mean number of tasks that worked, over some steps. */
static uint64_t mean(uint64_t work, uint64_t steps)
{
    return work / steps * ONE / STEP;
}

static void advance(FactLoad *load, const Facts *facts)
{
    uint64_t now = work_until_now(facts);
    uint64_t steps = number_less(facts->clock, load->when) / STEP;
    uint64_t work = number_less(now, load->work);
    uint64_t active = facts->tasks.running + facts->tasks.blocked;

    if (steps == 0)
        return;
    if (steps > RECENT_STEPS) {
        uint64_t before = number_less(work, active * RECENT_STEPS * STEP);
        take_samples(load, steps - RECENT_STEPS, mean(before, steps - RECENT_STEPS));
        take_samples(load, RECENT_STEPS, active * ONE);
    } else {
        take_samples(load, steps, mean(work, steps));
    }
    load->when += steps * STEP;
    load->work = now;
}

void load_catch_up(const Facts *facts)
{
    if (facts->load->when == 0 && facts->load->work == 0)
        facts->load->work = ran(facts->usage_before);
    advance(facts->load, facts);
}

uint64_t load_tasks(const Facts *facts)
{
    uint64_t tasks = scan_number(facts->texts[FACT_TASKS]);

    return tasks ? tasks : facts->tasks.total;
}

/* The last field is the pid that was last given out in the container, which nobody outside knows:
 * it is that of init. */
void load_make_loadavg(const Facts *facts, Text *out)
{
    load_catch_up(facts);
    for (size_t i = 0; i < 3; i++) {
        uint64_t hundredths = (facts->load->average[i] * 100 + ONE / 2) / ONE;
        text_add(out, "%llu.%02llu ", (unsigned long long)(hundredths / 100),
                 (unsigned long long)(hundredths % 100));
    }
    text_add(out, "%u/%llu 1\n", facts->tasks.running ? facts->tasks.running : 1,
             (unsigned long long)load_tasks(facts));
}
