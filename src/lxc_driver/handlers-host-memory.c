// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The host's memory in detail: free pages of each size, and kernel samepage merging (KSM), which
 * libvirt calls shared memory. Merging is the whole host's, containers or not.
 */
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/host-topology.h"
#include "lxc_driver/host.h"
#include "remote-xdr.h"

#define THIS_HOST ""
#define KSM "/sys/kernel/mm/ksm"
#define KIB 1024

/* ---- merging --------------------------------------------------------------------------------- */

typedef struct KsmRow {
    const char *field;
    const char *path;
    bool is_setting; /* a setting is 32 bits wide, a figure 64 */
} KsmRow;

static const KsmRow ksm_rows[] = {
    {VIR_NODE_MEMORY_SHARED_PAGES_TO_SCAN,       KSM "/pages_to_scan",      true },
    { VIR_NODE_MEMORY_SHARED_SLEEP_MILLISECS,    KSM "/sleep_millisecs",    true },
    { VIR_NODE_MEMORY_SHARED_PAGES_SHARED,       KSM "/pages_shared",       false},
    { VIR_NODE_MEMORY_SHARED_PAGES_SHARING,      KSM "/pages_sharing",      false},
    { VIR_NODE_MEMORY_SHARED_PAGES_UNSHARED,     KSM "/pages_unshared",     false},
    { VIR_NODE_MEMORY_SHARED_PAGES_VOLATILE,     KSM "/pages_volatile",     false},
    { VIR_NODE_MEMORY_SHARED_FULL_SCANS,         KSM "/full_scans",         false},
    { VIR_NODE_MEMORY_SHARED_MERGE_ACROSS_NODES, KSM "/merge_across_nodes", true },
};

#define KSM_ROWS G_N_ELEMENTS(ksm_rows)

static RemoteTypedParam make_param(const KsmRow *row, uint64_t value)
{
    RemoteTypedParam param = { .field = g_strdup(row->field) };

    if (row->is_setting) {
        param.value.type = VIR_TYPED_PARAM_UINT;
        param.value.value.ui = (uint32_t)value;
    } else {
        param.value.type = VIR_TYPED_PARAM_ULLONG;
        param.value.value.ul = value;
    }
    return param;
}

/* A kernel without some of them has the others; one without any cannot merge. */
bool on_node_get_memory_parameters(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetMemoryParametersArgs *question = args;
    RemoteNodeGetMemoryParametersRet *answer = ret;
    uint32_t wanted = (uint32_t)MAX(question->nparams, 0);
    uint64_t value;

    answer->params.items = g_new0(RemoteTypedParam, KSM_ROWS);
    for (size_t i = 0; i < KSM_ROWS; i++) {
        if (!host_read_number(THIS_HOST, ksm_rows[i].path, &value))
            continue;
        answer->nparams++;
        if (answer->params.len < wanted)
            answer->params.items[answer->params.len++] = make_param(&ksm_rows[i], value);
    }
    if (answer->nparams == 0)
        return fail(err, ERR(LXC, NO_SUPPORT), _("the host's kernel does not merge memory pages"));
    return true;
}

static const KsmRow *find_setting(const RemoteTypedParam *param, GError **err)
{
    for (size_t i = 0; i < KSM_ROWS; i++) {
        const KsmRow *row = &ksm_rows[i];

        if (!row->is_setting || !g_str_equal(row->field, param->field))
            continue;
        if (param->value.type == VIR_TYPED_PARAM_UINT)
            return row;
        fail(err, ERR(NONE, INVALID_ARG), _("parameter '%s' has the wrong type"), param->field);
        return NULL;
    }
    fail(err, ERR(NONE, ARGUMENT_UNSUPPORTED), _("parameter '%s' is not supported"), param->field);
    return NULL;
}

/* Nothing is set unless all of it can be. */
static bool check_settings(const RemoteNodeSetMemoryParametersArgs *wanted, GError **err)
{
    for (uint32_t i = 0; i < wanted->params.len; i++) {
        const KsmRow *row = find_setting(&wanted->params.items[i], err);

        if (!row)
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (g_str_equal(row->field, wanted->params.items[j].field))
                return fail(err, ERR(NONE, INVALID_ARG), _("parameter '%s' is given twice"),
                            row->field);
        if (access(row->path, F_OK) < 0)
            return fail(err, ERR(LXC, OPERATION_INVALID),
                        _("the host's kernel has no setting '%s'"), row->field);
    }
    return true;
}

bool on_node_set_memory_parameters(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeSetMemoryParametersArgs *wanted = args;

    if (!check_settings(wanted, err))
        return false;
    for (uint32_t i = 0; i < wanted->params.len; i++) {
        const RemoteTypedParam *param = &wanted->params.items[i];

        if (!host_write_number(find_setting(param, NULL)->path, param->value.value.ui, err))
            return false;
    }
    return true;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool find_free(const HostCell *cell, uint32_t kib, uint64_t *ret_free, GError **err)
{
    for (guint i = 0; i < cell->pages->len; i++) {
        const HostPages *pages = &g_array_index(cell->pages, HostPages, i);

        if (pages->size / KIB != kib)
            continue;
        *ret_free = pages->free;
        return true;
    }
    return fail(err, ERR(NONE, OPERATION_FAILED),
                _("the NUMA cell %u has no memory pages of %u KiB"), cell->id, kib);
}

static bool check_cells(const RemoteNodeGetFreePagesArgs *question, const HostTopology *topology,
                        GError **err)
{
    const GArray *cells = topology->cells;
    const unsigned last = g_array_index(cells, HostCell, cells->len - 1).id;

    if (question->startCell < 0 || (unsigned)question->startCell > last)
        return fail(err, ERR(NONE, INTERNAL_ERROR), _("this host has no NUMA cell %d"),
                    question->startCell);
    if ((uint64_t)question->pages.len * MIN(question->cellCount, cells->len) >
        REMOTE_NODE_MAX_CELLS)
        return fail(err, ERR(RPC, INTERNAL_ERROR), _("more than %d figures are asked for at once"),
                    REMOTE_NODE_MAX_CELLS);
    return true;
}

bool on_node_get_free_pages(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetFreePagesArgs *question = args;
    RemoteNodeGetFreePagesRet *answer = ret;
    g_autoptr(HostTopology) topology = host_topology_new(THIS_HOST);
    const uint64_t end = (uint64_t)question->startCell + question->cellCount;

    if (!check_cells(question, topology, err))
        return false;
    answer->counts.items = g_new0(uint64_t, REMOTE_NODE_MAX_CELLS);
    for (guint i = 0; i < topology->cells->len; i++) {
        const HostCell *cell = &g_array_index(topology->cells, HostCell, i);

        if (cell->id < (unsigned)question->startCell || cell->id >= end)
            continue;
        for (uint32_t j = 0; j < question->pages.len; j++)
            if (!find_free(cell, question->pages.items[j],
                           &answer->counts.items[answer->counts.len++], err))
                return false;
    }
    return true;
}
