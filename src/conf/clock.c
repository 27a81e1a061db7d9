// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <clock>: a container has the host's clock, whatever its offset. Two of the timers are devices
 * that it can be given: the real-time clock and the high precision event timer.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define INTERNAL ERR(DOMAIN, INTERNAL_ERROR)
#define WRONG ERR(DOMAIN, XML_ERROR)

enum { TICKPOLICY_ABSENT, TICKPOLICY_DELAY, TICKPOLICY_CATCHUP };

static const char *const offset_names[] = { "utc",      "localtime", "variable",
                                            "timezone", "absolute",  NULL };
static const char *const basis_names[] = { "utc", "localtime", NULL };
static const char *const timer_names[] = { NULL,  "platform", "pit",         "rtc",       "hpet",
                                           "tsc", "kvmclock", "hypervclock", "armvtimer", NULL };
static const char *const tickpolicy_names[] = {
    NULL, "delay", "catchup", "merge", "discard", NULL
};
static const char *const track_names[] = { NULL, "boot", "guest", "wall", "realtime", NULL };
static const char *const mode_names[] = { NULL,       "auto",    "native", "emulate",
                                          "paravirt", "smpsafe", NULL };

/* ---- timers ---------------------------------------------------------------------------------- */

/* What can be said of a timer, and the device that it is for a container. */
typedef struct TimerKind {
    bool tickpolicy;
    bool track;
    bool tsc; /* frequency and mode */
    const char *node;
    const char *source;
} TimerKind;

static const TimerKind kinds[] = {
    [TIMER_PLATFORM] = {.tickpolicy = true,     .track = true },
    [TIMER_PIT] = { .tickpolicy = true                    },
    [TIMER_RTC] = { .tickpolicy = true,  .track = true, .node = "rtc", .source = "/dev/rtc0" },
    [TIMER_HPET] = { .tickpolicy = true,        .node = "hpet", .source = "/dev/hpet" },
    [TIMER_TSC] = { .tickpolicy = true, .tsc = true },
    [TIMER_KVMCLOCK] = { 0   },
    [TIMER_HYPERVCLOCK] = { 0},
    [TIMER_ARMVTIMER] = { .tickpolicy = true   },
};

#define FIELD(name) offsetof(ClockTimer, name)
#define UNSIGNED .min = 0, .max = INT64_MAX

/* clang-format off */
static const Row timer_rows[] = {
    { "@name",              ROW_ENUM,   FIELD(name),       .names = timer_names, .missing = ERR(XML, XML_ERROR) },
    { "@present",           ROW_ENUM,   FIELD(present),    .names = choice_names },
    { "@tickpolicy",        ROW_ENUM,   FIELD(tickpolicy), ROW_KEPT, .names = tickpolicy_names },
    { "@track",             ROW_ENUM,   FIELD(track),      ROW_KEPT, .names = track_names },
    { "@frequency",         ROW_NUMBER, FIELD(frequency),  ROW_KEPT, UNSIGNED },
    { "@mode",              ROW_ENUM,   FIELD(mode),       ROW_KEPT, .names = mode_names },
    { "catchup/@threshold", ROW_NUMBER, FIELD(threshold),  ROW_KEPT, UNSIGNED },
    { "catchup/@slew",      ROW_NUMBER, FIELD(slew),       ROW_KEPT, UNSIGNED },
    { "catchup/@limit",     ROW_NUMBER, FIELD(limit),      ROW_KEPT, UNSIGNED },
    { NULL },
};
/* clang-format on */

static void forget_zero(OptNumber *number)
{
    if (!number->value)
        number->set = false;
}

static bool refuse(const ClockTimer *timer, const char *what, GError **err)
{
    return fail(err, UNSUPPORTED, _("the timer '%s' has no %s="), timer_names[timer->name], what);
}

static bool check_timer(void *object, const Reader *reader, GError **err)
{
    ClockTimer *timer = object;
    const TimerKind *kind = &kinds[timer->name];

    forget_zero(&timer->frequency);
    forget_zero(&timer->threshold);
    forget_zero(&timer->slew);
    forget_zero(&timer->limit);
    if (timer->tickpolicy && !kind->tickpolicy)
        return refuse(timer, "tickpolicy", err);
    if (timer->track && !kind->track)
        return refuse(timer, "track", err);
    if (timer->frequency.set && !kind->tsc)
        return refuse(timer, "frequency", err);
    if (timer->mode && !kind->tsc)
        return refuse(timer, "mode", err);
    if ((timer->threshold.set || timer->slew.set || timer->limit.set) &&
        timer->tickpolicy != TICKPOLICY_CATCHUP)
        return fail(err, WRONG, _("<catchup> of the timer '%s' needs tickpolicy='catchup'"),
                    timer_names[timer->name]);
    return true;
}

static const Record timer_record = { "timer", sizeof(ClockTimer), timer_rows,
                                     .check = check_timer };

/* ---- <clock> --------------------------------------------------------------------------------- */

#define IS(type) TYPE_BIT(CLOCK_##type)

/* clang-format off */
static const Row clock_rows[] = {
    { "@offset",     ROW_ENUM,   offsetof(ClockDef, offset),     ROW_TYPE, .names = offset_names,
                     .bad = UNSUPPORTED },
    { "@adjustment", ROW_STRING, offsetof(ClockDef, adjustment), ROW_NOT_EMPTY | ROW_KEPT,
                     .types = IS(UTC) | IS(LOCALTIME) | IS(VARIABLE) },
    { "@basis",      ROW_ENUM,   offsetof(ClockDef, basis),      ROW_KEPT, .types = IS(VARIABLE),
                     .names = basis_names, .bad = UNSUPPORTED },
    { "@timezone",   ROW_STRING, offsetof(ClockDef, timezone),   ROW_NOT_EMPTY | ROW_KEPT,
                     .types = IS(TIMEZONE), .missing = INTERNAL },
    { "@start",      ROW_NUMBER, offsetof(ClockDef, start),      ROW_KEPT, .types = IS(ABSOLUTE),
                     UNSIGNED, .missing = INTERNAL, .bad = INTERNAL },
    { "timer",       ROW_LIST,   offsetof(ClockDef, timers),     .record = &timer_record },
    { NULL },
};
/* clang-format on */

static void set_adjustment(ClockDef *clock, int64_t seconds)
{
    g_free(clock->adjustment);
    clock->adjustment = g_strdup_printf("%" PRId64, seconds);
}

/* Universal or local time with so many seconds added is libvirt's variable offset. */
static bool check(void *object, const Reader *reader, GError **err)
{
    ClockDef *clock = object;
    int64_t seconds = 0;
    bool is_number = clock->adjustment && value_parse_number(clock->adjustment, &seconds);

    if (clock->offset == CLOCK_VARIABLE) {
        set_adjustment(clock, seconds);
        return true;
    }
    if (!clock->adjustment || strcmp(clock->adjustment, "reset") == 0)
        return true;
    if (!is_number)
        return fail(err, WRONG, _("the clock's adjustment '%s' is neither seconds nor 'reset'"),
                    clock->adjustment);
    clock->basis = clock->offset == CLOCK_LOCALTIME;
    clock->offset = CLOCK_VARIABLE;
    set_adjustment(clock, seconds);
    return true;
}

const Record clock_record = { "clock", sizeof(ClockDef), clock_rows, .type = &clock_rows[0],
                              .check = check };

/* ---- the plan -------------------------------------------------------------------------------- */

/* Local time is what libvirt takes as the wish for the devices themselves; with any other offset
 * the container may use them where the host has them, but finds no node. */
static bool plan_timer(const ClockTimer *timer, bool has_node, PlanBuilder *builder, GError **err)
{
    const TimerKind *kind = &kinds[timer->name];
    PlanHostNode *node = NULL;

    if (timer->present == CHOICE_NO || (!has_node && !kind->node))
        return true;
    if (!kind->node)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("a container has no timer '%s', which <clock offset='localtime'> asks for"),
                    timer_names[timer->name]);
    node = PLAN_ADD(&builder->plan->host_nodes);
    node->kind = has_node ? PLAN_HOST_NODE_CHAR : PLAN_HOST_NODE_RULE;
    node->path = g_strdup(has_node ? kind->node : "");
    node->source = g_strdup(kind->source);
    node->access = PLAN_ACCESS_READ;
    node->mode = 0444;
    return true;
}

bool clock_plan(PlanBuilder *builder, GError **err)
{
    const ClockDef *clock = &builder->def->clock;
    unsigned seen = 0;

    for (size_t i = 0; i < clock->timers.n; i++) {
        const ClockTimer *timer = clock->timers.items[i];

        if (seen & TYPE_BIT(timer->name))
            continue;
        seen |= TYPE_BIT(timer->name);
        if (!plan_timer(timer, clock->offset == CLOCK_LOCALTIME, builder, err))
            return false;
    }
    return true;
}
