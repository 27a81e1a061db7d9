// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <iothreads>, <iothreadids>, <defaultiothread>: threads of an emulator that do input and output. A
 * container has none of them; what refers to them is checked all the same.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* clang-format off */
static const Row pool_rows[] = {
    { "@thread_pool_min", ROW_NUMBER, offsetof(ThreadPool, min), .min = 0, .max = INT32_MAX },
    { "@thread_pool_max", ROW_NUMBER, offsetof(ThreadPool, max), .min = 0, .max = INT32_MAX },
    { NULL },
};

static const Row thread_rows[] = {
    { "@id",              ROW_NUMBER, offsetof(IoThread, id),       .min = 1, .max = UINT32_MAX,
                          .missing = ERR(XML, XML_ERROR) },
    { "@thread_pool_min", ROW_NUMBER, offsetof(IoThread, pool.min), .min = 0, .max = INT32_MAX },
    { "@thread_pool_max", ROW_NUMBER, offsetof(IoThread, pool.max), .min = 0, .max = INT32_MAX },
    { NULL },
};
/* clang-format on */

static bool check_pool(void *object, const Reader *reader, GError **err)
{
    const ThreadPool *pool = object;

    if (pool->max.set && !pool->max.value)
        return fail(err, UNSUPPORTED, _("thread_pool_max cannot be 0"));
    if (pool->max.set && pool->min.value > pool->max.value)
        return fail(err, UNSUPPORTED,
                    _("thread_pool_min of %" PRId64 " is larger than thread_pool_max of %" PRId64),
                    pool->min.value, pool->max.value);
    return true;
}

static bool check_thread(void *object, const Reader *reader, GError **err)
{
    return check_pool(&((IoThread *)object)->pool, reader, err);
}

const Record iothread_record = { "iothread", sizeof(IoThread), thread_rows, .kept = true,
                                 .check = check_thread };
const Record defaultiothread_record = { "defaultiothread", sizeof(ThreadPool), pool_rows,
                                        .kept = true, .check = check_pool };

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_taken(GHashTable *taken, int64_t id)
{
    return g_hash_table_contains(taken, GUINT_TO_POINTER((unsigned)id));
}

static bool take_ids(const IoThreadList *threads, GHashTable *taken, GError **err)
{
    for (size_t i = 0; i < threads->n; i++) {
        int64_t id = threads->items[i]->id.value;

        if (!g_hash_table_add(taken, GUINT_TO_POINTER((unsigned)id)))
            return fail(err, ERR(DOMAIN, XML_ERROR), _("two <iothread> have the id %" PRId64), id);
    }
    return true;
}

/* The number of threads and the list of their names say the same; without a name they are called
 * 1, 2, ..., and those that are missing in a list get the smallest names that are free. */
bool iothreads_check(DomainDef *def, GError **err)
{
    IoThreadList *threads = &def->iothreadids;
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    int64_t next = 1;

    if (!take_ids(threads, taken, err))
        return false;
    if ((size_t)def->iothreads.value < threads->n)
        def->iothreads = (OptNumber){ .set = true, .value = (int64_t)threads->n };
    if (!def->iothreads.value)
        def->iothreads.set = false;
    while (threads->n && threads->n < (size_t)def->iothreads.value) {
        IoThread *thread = record_new(&iothread_record);

        while (is_taken(taken, next))
            next++;
        thread->id = (OptNumber){ .set = true, .value = next++ };
        record_list_append(threads, thread);
    }
    return true;
}

GHashTable *iothreads_names(const DomainDef *def)
{
    GHashTable *names = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < def->iothreadids.n; i++)
        g_hash_table_add(names, GUINT_TO_POINTER((unsigned)def->iothreadids.items[i]->id.value));
    for (int64_t id = 1; !def->iothreadids.n && id <= def->iothreads.value; id++)
        g_hash_table_add(names, GUINT_TO_POINTER((unsigned)id));
    return names;
}
