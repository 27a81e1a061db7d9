// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <memoryBacking>: what the memory of a virtual machine is made of. A container's memory is the
 * host's own, so none of it has an effect.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define DETAIL ERR(DOMAIN, XML_DETAIL)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

static const char *const source_names[] = { NULL, "file", "anonymous", "memfd", NULL };
static const char *const access_names[] = { NULL, "shared", "private", NULL };
static const char *const allocation_names[] = { NULL, "immediate", "ondemand", NULL };

/* clang-format off */
static const Row page_rows[] = {
    { "@size",    ROW_NUMBER, offsetof(HugePage, size),    .min = 0, .max = INT64_MAX,
                  .missing = ERR(XML, XML_ERROR) },
    { "@unit",    ROW_STRING, offsetof(HugePage, unit) },
    { "@nodeset", ROW_STRING, offsetof(HugePage, nodeset), .normalize = cpu_list_normalize },
    { NULL },
};
/* clang-format on */

static bool check_page(void *object, const Reader *reader, GError **err)
{
    HugePage *page = object;

    if (!value_scale_pair(&page->size, &page->unit, "KiB", "KiB", err))
        return false;
    if (!page->size.value)
        return fail(err, DETAIL, _("a huge page cannot have the size 0"));
    return true;
}

static const Record page_record = { "page", sizeof(HugePage), page_rows, .check = check_page };

/* clang-format off */
static const Row hugepages_rows[] = {
    { "page", ROW_LIST, offsetof(HugePages, pages), .record = &page_record },
    { NULL },
};

static const Record hugepages_record = { "hugepages", sizeof(HugePages), hugepages_rows };

static const Row memory_backing_rows[] = {
    { "hugepages",           ROW_MAYBE,  offsetof(MemoryBacking, hugepages),  ROW_EVEN_EMPTY,
                             .record = &hugepages_record },
    { "nosharepages",        ROW_FLAG,   offsetof(MemoryBacking, nosharepages) },
    { "locked",              ROW_FLAG,   offsetof(MemoryBacking, locked) },
    { "source/@type",        ROW_ENUM,   offsetof(MemoryBacking, source),     .names = source_names,
                             .bad = UNSUPPORTED },
    { "access/@mode",        ROW_ENUM,   offsetof(MemoryBacking, access),     .names = access_names,
                             .bad = UNSUPPORTED },
    { "allocation/@mode",    ROW_ENUM,   offsetof(MemoryBacking, allocation), .names = allocation_names,
                             .bad = UNSUPPORTED },
    { "allocation/@threads", ROW_NUMBER, offsetof(MemoryBacking, threads),    .min = 0,
                             .max = UINT32_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "discard",             ROW_FLAG,   offsetof(MemoryBacking, discard) },
    { NULL },
};
/* clang-format on */

static bool check_backing(void *object, const Reader *reader, GError **err)
{
    MemoryBacking *backing = object;

    if (!backing->threads.value)
        backing->threads.set = false;
    return true;
}

const Record memory_backing_record = { "memoryBacking", sizeof(MemoryBacking), memory_backing_rows,
                                       .kept = true, .check = check_backing };

/* ---- pages and cells ------------------------------------------------------------------------- */

/* A machine without cells is one cell. */
static bool check_nodeset(HugePage *page, unsigned n_cells, GError **err)
{
    unsigned last = cpu_list_last(page->nodeset);

    if (!n_cells && strcmp(page->nodeset, "0") == 0) {
        g_clear_pointer(&page->nodeset, g_free);
        return true;
    }
    if (last >= n_cells)
        return fail(err, DETAIL,
                    _("huge pages of %" PRId64 " KiB are for the cell %u, which <numa> lacks"),
                    page->size.value, last);
    return true;
}

/* Every cell has one size of pages; those without a nodeset are for the rest. */
static bool check_pages(const HugePageList *pages, unsigned n_cells, GError **err)
{
    g_autoptr(CpuSet) taken = cpu_set_new(NULL);
    const HugePage *rest = NULL;

    for (size_t i = 0; i < pages->n; i++) {
        HugePage *page = pages->items[i];
        g_autoptr(CpuSet) cells = NULL;

        if (page->nodeset && !check_nodeset(page, n_cells, err))
            return false;
        if (!page->nodeset && rest)
            return fail(
                err, DETAIL,
                _("huge pages of %" PRId64 " and of %" PRId64 " KiB are both for all cells"),
                rest->size.value, page->size.value);
        if (!page->nodeset)
            rest = page;
        cells = cpu_set_new(page->nodeset);
        if (cpu_set_overlaps(taken, cells))
            return fail(err, DETAIL,
                        _("huge pages of %" PRId64 " KiB are for cells that have others already"),
                        page->size.value);
        cpu_set_add(taken, cells);
    }
    return true;
}

bool memory_backing_check(const DomainDef *def, GError **err)
{
    const MemoryBacking *backing = def->memory_backing;

    return !backing || !backing->hugepages ||
           check_pages(&backing->hugepages->pages, (unsigned)cpu_numa_cells(def), err);
}
