// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a client may ask about the connection and the host. All are answered at once from /proc and
 * /sys, except the host's full name, for which the resolver may wait for a name server.
 */
#include <gio/gio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/text.h"
#include "lxc_driver/answer.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/host-topology.h"
#include "lxc_driver/host.h"
#include "remote-xdr.h"
#include "rpc/call.h"

#define THIS_HOST ""
#define KIB 1024

/* The release of libvirt whose protocol and behaviour clients can count on: 11.3.0. */
#define LIB_VERSION 11003000

/* Features that clients ask for by number; every other one is not there, and never an error. */
enum {
    FEATURE_FD_PASSING = 8,
    FEATURE_TYPED_PARAM_STRING = 9,
    FEATURE_PROGRAM_KEEPALIVE = 10,
    FEATURE_REMOTE_EVENT_CALLBACK = 14,
    FEATURE_REMOTE_CLOSE_CALLBACK = 15,
    FEATURE_NETWORK_UPDATE_ORDER = 16,
};

static const int features[] = {
    FEATURE_FD_PASSING,
    FEATURE_TYPED_PARAM_STRING,
    FEATURE_PROGRAM_KEEPALIVE,
    FEATURE_REMOTE_EVENT_CALLBACK,
    FEATURE_REMOTE_CLOSE_CALLBACK,
    FEATURE_NETWORK_UPDATE_ORDER,
};

/* ---- the connection ------------------------------------------------------------------------ */

bool on_connect_get_type(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectGetTypeRet *answer = ret;

    answer->type = g_strdup("LXC");
    return true;
}

bool on_connect_get_uri(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectGetUriRet *answer = ret;

    answer->uri = g_strdup("lxc:///system");
    return true;
}

/* Only UNIX sockets are listened on. */
bool on_connect_is_secure(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectIsSecureRet *answer = ret;

    answer->secure = 1;
    return true;
}

/* Asking for keepalive is also the client's word that it can stand being pinged. */
bool on_connect_supports_feature(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteConnectSupportsFeatureArgs *question = args;
    RemoteConnectSupportsFeatureRet *answer = ret;

    for (size_t i = 0; i < G_N_ELEMENTS(features); i++)
        if (features[i] == question->feature)
            answer->supported = 1;
    if (question->feature == FEATURE_PROGRAM_KEEPALIVE && rpc_call_client(call))
        rpc_client_start_keepalive(rpc_call_client(call));
    return true;
}

bool on_connect_get_lib_version(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectGetLibVersionRet *answer = ret;

    answer->lib_ver = LIB_VERSION;
    return true;
}

bool on_connect_get_version(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteConnectGetVersionRet *answer = ret;
    struct utsname names;

    (void)uname(&names); /* fails only for a bad pointer */
    return host_kernel_version(names.release, &answer->hv_ver, err);
}

static void find_name(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    g_task_return_pointer(task, host_name(), g_free);
}

static void name_found(GObject *source, GAsyncResult *result, gpointer data)
{
    RpcCall *call = data;
    RemoteConnectGetHostnameRet *answer = rpc_call_ret(call);

    answer->hostname = g_task_propagate_pointer(G_TASK(result), NULL);
    rpc_call_finish(call, NULL);
}

bool on_connect_get_hostname(RpcCall *call, const void *args, void *ret, GError **err)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, name_found, call);

    rpc_call_defer(call);
    g_task_run_in_thread(task, find_name);
    return true;
}

/* ---- the host ------------------------------------------------------------------------------ */

bool on_node_get_info(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteNodeGetInfoRet *answer = ret;
    g_autofree char *arch = host_arch();
    HostInfo info;

    host_info(THIS_HOST, &info);
    memcpy(answer->model, arch, MIN(strlen(arch), sizeof answer->model - 1));
    answer->memory = info.memory / KIB;
    answer->cpus = (int32_t)info.cpus;
    answer->mhz = (int32_t)info.mhz;
    answer->nodes = (int32_t)info.nodes;
    answer->sockets = (int32_t)info.sockets;
    answer->cores = (int32_t)info.cores;
    answer->threads = (int32_t)info.threads;
    return true;
}

/* One named figure of a reply. */
typedef struct Figure {
    const char *field;
    uint64_t value;
} Figure;

/*
 * libvirt's convention for counted figures: asked with none, the answer is how many there are;
 * otherwise the number has to be right.
 */
static bool check_count(int32_t asked, size_t n, GError **err)
{
    if (asked == 0 || asked == (int32_t)n)
        return true;
    return fail(err, ERR(LXC, INVALID_ARG), _("there are %zu parameters to ask for, not %d"), n,
                asked);
}

bool on_node_get_cpu_stats(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetCpuStatsArgs *question = args;
    RemoteNodeGetCpuStatsRet *answer = ret;
    HostCpuStats stats = { 0 };

    if (question->nparams != 0 && !host_cpu_stats(THIS_HOST, question->cpuNum, &stats, err))
        return false;
    const Figure figures[] = {
        {VIR_NODE_CPU_STATS_KERNEL,  stats.kernel},
        { VIR_NODE_CPU_STATS_USER,   stats.user  },
        { VIR_NODE_CPU_STATS_IDLE,   stats.idle  },
        { VIR_NODE_CPU_STATS_IOWAIT, stats.iowait},
    };
    const size_t n = G_N_ELEMENTS(figures);

    if (!check_count(question->nparams, n, err))
        return false;
    if (question->nparams == 0) {
        answer->nparams = (int32_t)n;
        return true;
    }
    answer->params.items = g_new0(RemoteNodeGetCpuStats, n);
    answer->params.len = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        answer->params.items[i].field = g_strdup(figures[i].field);
        answer->params.items[i].value = figures[i].value;
    }
    return true;
}

bool on_node_get_memory_stats(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetMemoryStatsArgs *question = args;
    RemoteNodeGetMemoryStatsRet *answer = ret;
    HostMemory memory = { 0 };

    if (question->cellNum < HOST_ALL_CELLS)
        return fail(err, ERR(LXC, INVALID_ARG), _("this host has no NUMA cell %d"),
                    question->cellNum);
    if (!host_memory(THIS_HOST, question->cellNum, &memory, err))
        return false;
    const Figure figures[] = {
        {VIR_NODE_MEMORY_STATS_TOTAL,    memory.total / KIB  },
        { VIR_NODE_MEMORY_STATS_FREE,    memory.free / KIB   },
        { VIR_NODE_MEMORY_STATS_BUFFERS, memory.buffers / KIB},
        { VIR_NODE_MEMORY_STATS_CACHED,  memory.cached / KIB },
    };
    const size_t n = question->cellNum == HOST_ALL_CELLS ? G_N_ELEMENTS(figures) : 2;

    if (!check_count(question->nparams, n, err))
        return false;
    if (question->nparams == 0) {
        answer->nparams = (int32_t)n;
        return true;
    }
    answer->params.items = g_new0(RemoteNodeGetMemoryStats, n);
    answer->params.len = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        answer->params.items[i].field = g_strdup(figures[i].field);
        answer->params.items[i].value = figures[i].value;
    }
    return true;
}

bool on_node_get_free_memory(RpcCall *call, const void *args, void *ret, GError **err)
{
    RemoteNodeGetFreeMemoryRet *answer = ret;
    HostMemory memory;

    if (!host_memory(THIS_HOST, HOST_ALL_CELLS, &memory, err))
        return false;
    answer->freeMem = memory.free;
    return true;
}

bool on_node_get_cells_free_memory(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetCellsFreeMemoryArgs *question = args;
    RemoteNodeGetCellsFreeMemoryRet *answer = ret;
    g_autoptr(HostTopology) topology = host_topology_new(THIS_HOST);
    const GArray *cells = topology->cells;
    unsigned last = g_array_index(cells, HostCell, cells->len - 1).id;
    unsigned first = (unsigned)question->startCell;
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    if (question->startCell < 0 || first > last)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("this host has no NUMA cell %d"),
                    question->startCell);
    if (question->maxcells <= 0)
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("the number of NUMA cells to answer for must be positive, not %d"),
                    question->maxcells);
    for (guint i = 0; i < cells->len && found->len < (guint)question->maxcells; i++) {
        const HostCell *cell = &g_array_index(cells, HostCell, i);
        if (cell->id >= first)
            g_array_append_val(found, cell->free);
    }
    answer->cells.len = found->len;
    answer->cells.items = (uint64_t *)(void *)g_array_free(g_steal_pointer(&found), FALSE);
    return true;
}

bool on_node_get_cpu_map(RpcCall *call, const void *args, void *ret, GError **err)
{
    const RemoteNodeGetCpuMapArgs *question = args;
    RemoteNodeGetCpuMapRet *answer = ret;
    g_auto(HostCpuMap) map = { 0 };

    host_cpu_map(THIS_HOST, &map);
    answer->ret = (int32_t)map.n;
    if (question->need_online)
        answer->online = map.online->len;
    if (!question->need_map)
        return true;
    answer->cpumap.len = (map.n + 7) / 8;
    answer->cpumap.data = g_malloc0(answer->cpumap.len);
    for (guint i = 0; i < map.online->len; i++) {
        unsigned cpu = g_array_index(map.online, unsigned, i);
        answer->cpumap.data[cpu / 8] |= (uint8_t)(1u << cpu % 8);
    }
    return true;
}
