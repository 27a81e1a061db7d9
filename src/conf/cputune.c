// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <cputune>: how much of the processors the container gets, and the processes that serve it from
 * outside, which are its emulator. What is said of I/O threads, schedulers and caches (cpu-pins.c,
 * cachetune.c) is checked and given back.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define PERIOD_MIN 1000
#define PERIOD_MAX 1000000
#define QUOTA_MIN 1000
#define QUOTA_MAX 17592186044415

#define FIELD(name) offsetof(CpuTune, name)
#define WRONG .bad = ERR(DOMAIN, XML_ERROR)

/* clang-format off */
static const Row cputune_rows[] = {
    { "shares",          ROW_NUMBER, FIELD(shares),          .min = 0, .max = INT64_MAX, WRONG },
    { "period",          ROW_NUMBER, FIELD(period),          WRONG },
    { "quota",           ROW_NUMBER, FIELD(quota),           WRONG },
    { "global_period",   ROW_NUMBER, FIELD(global_period),   WRONG },
    { "global_quota",    ROW_NUMBER, FIELD(global_quota),    WRONG },
    { "emulator_period", ROW_NUMBER, FIELD(emulator_period), WRONG },
    { "emulator_quota",  ROW_NUMBER, FIELD(emulator_quota),  WRONG },
    { "iothread_period", ROW_NUMBER, FIELD(iothread_period), ROW_KEPT, WRONG },
    { "iothread_quota",  ROW_NUMBER, FIELD(iothread_quota),  ROW_KEPT, WRONG },
    { "vcpupin",         ROW_LIST,   FIELD(vcpupins),        .record = &vcpupin_record },
    { "emulatorpin",     ROW_MAYBE,  FIELD(emulatorpin),     .record = &emulatorpin_record },
    { "iothreadpin",     ROW_LIST,   FIELD(iothreadpins),    .record = &iothreadpin_record },
    { "emulatorsched",   ROW_MAYBE,  FIELD(emulatorsched),   .record = &emulatorsched_record },
    { "vcpusched",       ROW_LIST,   FIELD(vcpuscheds),      .record = &vcpusched_record },
    { "iothreadsched",   ROW_LIST,   FIELD(iothreadscheds),  .record = &iothreadsched_record },
    { "cachetune",       ROW_LIST,   FIELD(cachetunes),      .record = &cachetune_record },
    { "memorytune",      ROW_LIST,   FIELD(memorytunes),     .record = &memorytune_record },
    { NULL },
};
/* clang-format on */

/* 0 says nothing, but may be written. */
static bool check_period(const Row *row, OptNumber *period, GError **err)
{
    if (!period->value)
        period->set = false;
    if (period->set && (period->value < PERIOD_MIN || period->value > PERIOD_MAX))
        return fail(err, UNSUPPORTED,
                    _("<%s> of %" PRId64 " microseconds is not between %d and %d"), row->path,
                    period->value, PERIOD_MIN, PERIOD_MAX);
    return true;
}

static bool check_quota(const Row *row, OptNumber *quota, GError **err)
{
    if (!quota->value)
        quota->set = false;
    if (quota->set && quota->value != -1 && (quota->value < QUOTA_MIN || quota->value > QUOTA_MAX))
        return fail(err, UNSUPPORTED,
                    _("<%s> of %" PRId64 " microseconds is neither -1, which is no limit, nor "
                      "between %d and %" PRId64),
                    row->path, quota->value, QUOTA_MIN, (int64_t)QUOTA_MAX);
    return true;
}

static bool check_number(const Row *row, OptNumber *number, GError **err)
{
    if (g_str_has_suffix(row->path, "period"))
        return check_period(row, number, err);
    if (g_str_has_suffix(row->path, "quota"))
        return check_quota(row, number, err);
    return true;
}

static bool check(void *object, const Reader *reader, GError **err)
{
    const CpuTune *tune = object;

    for (const Row *row = cputune_rows; row->kind == ROW_NUMBER; row++)
        if (!check_number(row, row_field(row, object), err))
            return false;
    if (tune->shares.value && (tune->shares.value < SHARES_MIN || tune->shares.value > SHARES_MAX))
        return fail(err, UNSUPPORTED, _("<shares> of %" PRId64 " are not between %d and %d"),
                    tune->shares.value, SHARES_MIN, SHARES_MAX);
    return true;
}

const Record cputune_record = { "cputune", sizeof(CpuTune), cputune_rows, .check = check };
