// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Where virtual processors and an emulator's threads run and how they are scheduled: parts of
 * <cputune>, checked against the definition and sorted. A container as a whole runs where all of
 * its virtual processors may, together; cpu-plan.c says so to the kernel. Schedulers and I/O
 * threads it has none of.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define REQUIRED .missing = ERR(XML, XML_ERROR)

enum { POLICY_ABSENT, POLICY_BATCH, POLICY_IDLE, POLICY_FIFO, POLICY_RR };

static const char *const policy_names[] = { NULL, "batch", "idle", "fifo", "rr", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

#define CPUSET .normalize = cpu_list_normalize, .missing = ERR(DOMAIN, INTERNAL_ERROR)
#define IDS .normalize = cpu_list_normalize, .missing = ERR(DOMAIN, XML_ERROR)
#define POLICY .names = policy_names, REQUIRED
#define INT .min = INT32_MIN, .max = INT32_MAX

/* clang-format off */
static const Row vcpupin_rows[] = {
    { "@vcpu",      ROW_NUMBER, offsetof(CpuPin, id),          .min = 0, .max = UINT32_MAX, REQUIRED },
    { "@cpuset",    ROW_STRING, offsetof(CpuPin, cpuset),      CPUSET },
    { NULL },
};

static const Row emulatorpin_rows[] = {
    { "@cpuset",    ROW_STRING, offsetof(CpuPin, cpuset),      CPUSET },
    { NULL },
};

static const Row iothreadpin_rows[] = {
    { "@iothread",  ROW_NUMBER, offsetof(CpuPin, id),          .min = 1, .max = UINT32_MAX, REQUIRED },
    { "@cpuset",    ROW_STRING, offsetof(CpuPin, cpuset),      CPUSET },
    { NULL },
};

static const Row vcpusched_rows[] = {
    { "@vcpus",     ROW_STRING, offsetof(Scheduler, ids),      IDS },
    { "@scheduler", ROW_ENUM,   offsetof(Scheduler, policy),   POLICY },
    { "@priority",  ROW_NUMBER, offsetof(Scheduler, priority), INT },
    { NULL },
};

static const Row iothreadsched_rows[] = {
    { "@iothreads", ROW_STRING, offsetof(Scheduler, ids),      IDS },
    { "@scheduler", ROW_ENUM,   offsetof(Scheduler, policy),   POLICY },
    { "@priority",  ROW_NUMBER, offsetof(Scheduler, priority), INT },
    { NULL },
};

static const Row emulatorsched_rows[] = {
    { "@scheduler", ROW_ENUM,   offsetof(Scheduler, policy),   POLICY },
    { "@priority",  ROW_NUMBER, offsetof(Scheduler, priority), INT },
    { NULL },
};
/* clang-format on */

static bool check_scheduler(void *object, const Reader *reader, GError **err)
{
    Scheduler *scheduler = object;
    bool has_priority = scheduler->policy == POLICY_FIFO || scheduler->policy == POLICY_RR;

    if (has_priority && !scheduler->priority.set)
        return fail(err, ERR(XML, XML_ERROR), _("the scheduler '%s' needs a priority"),
                    policy_names[scheduler->policy]);
    if (!has_priority)
        scheduler->priority.set = false;
    return true;
}

const Record vcpupin_record = { "vcpupin", sizeof(CpuPin), vcpupin_rows };
const Record emulatorpin_record = { "emulatorpin", sizeof(CpuPin), emulatorpin_rows };
const Record iothreadpin_record = { "iothreadpin", sizeof(CpuPin), iothreadpin_rows, .kept = true };
const Record vcpusched_record = { "vcpusched", sizeof(Scheduler), vcpusched_rows, .kept = true,
                                  .check = check_scheduler };
const Record iothreadsched_record = { "iothreadsched", sizeof(Scheduler), iothreadsched_rows,
                                      .kept = true, .check = check_scheduler };
const Record emulatorsched_record = { "emulatorsched", sizeof(Scheduler), emulatorsched_rows,
                                      .kept = true, .check = check_scheduler };

/* ---- pins ------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
    const CpuPin *one = *(CpuPin *const *)a;
    const CpuPin *other = *(CpuPin *const *)b;

    return one->id.value < other->id.value ? -1 : one->id.value > other->id.value;
}

/* One for each id, in their order. */
static bool sort_pins(const Record *record, CpuPinList *pins, GError **err)
{
    if (pins->n)
        qsort(pins->items, pins->n, sizeof(*pins->items), by_id);
    for (size_t i = 1; i < pins->n; i++)
        if (pins->items[i]->id.value == pins->items[i - 1]->id.value)
            return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("two <%s> are for %" PRId64),
                        record->element, pins->items[i]->id.value);
    return true;
}

/* Pins of processors that there are not are left out, as libvirt does. */
static void drop_pins(CpuPinList *pins, const DomainDef *def, const Reader *reader)
{
    while (pins->n && pins->items[pins->n - 1]->id.value >= def->vcpus) {
        CpuPin *pin = pins->items[--pins->n];

        record_note(reader, g_strdup_printf(_("<vcpupin> for the virtual processor %" PRId64
                                              " is left out: there are only %u"),
                                            pin->id.value, def->vcpus));
        record_free(&vcpupin_record, pin);
    }
}

static bool check_iothreadpins(const CpuPinList *pins, GHashTable *iothreads, GError **err)
{
    for (size_t i = 0; i < pins->n; i++) {
        unsigned id = (unsigned)pins->items[i]->id.value;

        if (!g_hash_table_contains(iothreads, GUINT_TO_POINTER(id)))
            return fail(err, UNSUPPORTED,
                        _("<iothreadpin> is for the I/O thread %u, which does "
                          "not exist"),
                        id);
    }
    return true;
}

/* ---- schedulers ------------------------------------------------------------------------------ */

static Scheduler *scheduler_for(const Record *record, const Scheduler *from, unsigned id)
{
    Scheduler *scheduler = record_new(record);

    record_copy(record, from, scheduler);
    g_free(scheduler->ids);
    scheduler->ids = g_strdup_printf("%u", id);
    return scheduler;
}

/* Gives each id its own entry, in the order of ids: what the list says of several together is
 * taken apart. */
static bool spread(const Record *record, SchedulerList *list, GError **err)
{
    g_autoptr(CpuSet) all = cpu_set_new(NULL);
    g_autofree const Scheduler **whose = NULL;
    SchedulerList result = { 0 };

    if (!list->n)
        return true;
    whose = g_new0(const Scheduler *, CPU_SET_SIZE);
    for (size_t i = 0; i < list->n; i++) {
        g_autoptr(CpuSet) ids = cpu_set_new(list->items[i]->ids);

        if (cpu_set_overlaps(all, ids))
            return fail(err, ERR(DOMAIN, XML_DETAIL), _("two <%s> are for one of '%s'"),
                        record->element, list->items[i]->ids);
        cpu_set_add(all, ids);
        for (unsigned id = 0; id < CPU_SET_SIZE; id++)
            if (cpu_set_has(ids, id))
                whose[id] = list->items[i];
    }
    for (unsigned id = 0; id < CPU_SET_SIZE; id++)
        if (whose[id])
            record_list_append(&result, scheduler_for(record, whose[id], id));
    record_list_clear(record, list);
    *list = result;
    return true;
}

static unsigned scheduler_id(const Scheduler *scheduler)
{
    return cpu_list_last(scheduler->ids);
}

static bool check_vcpuscheds(const SchedulerList *list, unsigned vcpus, GError **err)
{
    if (list->n && scheduler_id(list->items[list->n - 1]) >= vcpus)
        return fail(err, UNSUPPORTED,
                    _("<vcpusched> is for the virtual processor %u, but there are only %u"),
                    scheduler_id(list->items[list->n - 1]), vcpus);
    return true;
}

static bool check_iothreadscheds(const SchedulerList *list, GHashTable *iothreads, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        unsigned id = scheduler_id(list->items[i]);

        if (!g_hash_table_contains(iothreads, GUINT_TO_POINTER(id)))
            return fail(err, UNSUPPORTED,
                        _("<iothreadsched> is for the I/O thread %u, which does "
                          "not exist"),
                        id);
    }
    return true;
}

bool cpu_pins_check(DomainDef *def, const Reader *reader, GError **err)
{
    CpuTune *tune = &def->cputune;
    g_autoptr(GHashTable) iothreads = iothreads_names(def);

    if (!sort_pins(&vcpupin_record, &tune->vcpupins, err) ||
        !sort_pins(&iothreadpin_record, &tune->iothreadpins, err) ||
        !check_iothreadpins(&tune->iothreadpins, iothreads, err))
        return false;
    drop_pins(&tune->vcpupins, def, reader);
    return spread(&vcpusched_record, &tune->vcpuscheds, err) &&
           spread(&iothreadsched_record, &tune->iothreadscheds, err) &&
           check_vcpuscheds(&tune->vcpuscheds, def->vcpus, err) &&
           check_iothreadscheds(&tune->iothreadscheds, iothreads, err);
}
