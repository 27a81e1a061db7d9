// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See node.h. */
#include "view/node.h"

#include <stdio.h>
#include <string.h>

/* A number is the kind plus one, with the processor above it. */
#define KIND_BITS 8
#define PROCESSORS_MAX 65536

typedef struct Row {
    ViewKind kind;
    const char *name; /* of a processor: what stands before its number */
    ViewKind parent;
    bool directory;
    const char *kernel_path;
} Row;

/* In the order of ViewKind; a test walks them. */
static const Row rows[] = {
    {VIEW_ROOT,                  "",                     VIEW_ROOT,       true,  NULL                     },
    { VIEW_MEMINFO,              "meminfo",              VIEW_ROOT,       false, "/proc/meminfo"          },
    { VIEW_CPUINFO,              "cpuinfo",              VIEW_ROOT,       false, "/proc/cpuinfo"          },
    { VIEW_STAT,                 "stat",                 VIEW_ROOT,       false, "/proc/stat"             },
    { VIEW_UPTIME,               "uptime",               VIEW_ROOT,       false, "/proc/uptime"           },
    { VIEW_LOADAVG,              "loadavg",              VIEW_ROOT,       false, "/proc/loadavg"          },
    { VIEW_SWAPS,                "swaps",                VIEW_ROOT,       false, "/proc/swaps"            },
    { VIEW_DISKSTATS,            "diskstats",            VIEW_ROOT,       false, "/proc/diskstats"        },
    { VIEW_VMSTAT,               "vmstat",               VIEW_ROOT,       false, "/proc/vmstat"           },
    { VIEW_PRESSURE,             "pressure",             VIEW_ROOT,       true,  "/proc/pressure"         },
    { VIEW_PROCESSORS,           "processors",           VIEW_ROOT,       true,  "/sys/devices/system/cpu"},
    { VIEW_PRESSURE_CPU,         "cpu",                  VIEW_PRESSURE,   false, NULL                     },
    { VIEW_PRESSURE_IO,          "io",                   VIEW_PRESSURE,   false, NULL                     },
    { VIEW_PRESSURE_MEMORY,      "memory",               VIEW_PRESSURE,   false, NULL                     },
    { VIEW_ONLINE,               "online",               VIEW_PROCESSORS, false, NULL                     },
    { VIEW_POSSIBLE,             "possible",             VIEW_PROCESSORS, false, NULL                     },
    { VIEW_PRESENT,              "present",              VIEW_PROCESSORS, false, NULL                     },
    { VIEW_OFFLINE,              "offline",              VIEW_PROCESSORS, false, NULL                     },
    { VIEW_ISOLATED,             "isolated",             VIEW_PROCESSORS, false, NULL                     },
    { VIEW_KERNEL_MAX,           "kernel_max",           VIEW_PROCESSORS, false, NULL                     },
    { VIEW_PROCESSOR,            "cpu",                  VIEW_PROCESSORS, true,  NULL                     },
    { VIEW_TOPOLOGY,             "topology",             VIEW_PROCESSOR,  true,  NULL                     },
    { VIEW_CORE_ID,              "core_id",              VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_PACKAGE_ID,           "physical_package_id",  VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_THREAD_SIBLINGS,      "thread_siblings",      VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_THREAD_SIBLINGS_LIST, "thread_siblings_list", VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_CORE_CPUS,            "core_cpus",            VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_CORE_CPUS_LIST,       "core_cpus_list",       VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_CORE_SIBLINGS,        "core_siblings",        VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_CORE_SIBLINGS_LIST,   "core_siblings_list",   VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_PACKAGE_CPUS,         "package_cpus",         VIEW_TOPOLOGY,   false, NULL                     },
    { VIEW_PACKAGE_CPUS_LIST,    "package_cpus_list",    VIEW_TOPOLOGY,   false, NULL                     },
};

/* ---- numbers ---- */

uint64_t node_number(ViewNode node)
{
    return (uint64_t)node.processor << KIND_BITS | (uint64_t)(node.kind + 1);
}

bool node_from_number(uint64_t number, ViewNode *ret_node)
{
    uint64_t kind = number & ((1u << KIND_BITS) - 1);
    uint64_t processor = number >> KIND_BITS;

    if (kind == 0 || kind > VIEW_KINDS || processor >= PROCESSORS_MAX)
        return false;
    *ret_node = (ViewNode){ (ViewKind)(kind - 1), (unsigned)processor };
    return true;
}

/* ---- the tree ---- */

bool node_is_directory(ViewNode node)
{
    return rows[node.kind].directory;
}

ViewNode node_parent(ViewNode node)
{
    return (ViewNode){ rows[node.kind].parent, node.kind == VIEW_PROCESSOR ? 0 : node.processor };
}

void node_name(ViewNode node, char ret_name[VIEW_NAME_MAX])
{
    if (node.kind == VIEW_PROCESSOR)
        (void)snprintf(ret_name, VIEW_NAME_MAX, "%s%u", rows[node.kind].name, node.processor);
    else
        (void)snprintf(ret_name, VIEW_NAME_MAX, "%s", rows[node.kind].name); /* all are shorter */
}

bool node_at(ViewNode parent, size_t place, unsigned n_processors, ViewNode *ret_node)
{
    for (ViewKind kind = VIEW_ROOT + 1; kind < VIEW_KINDS; kind++) {
        size_t n = kind == VIEW_PROCESSOR ? n_processors : 1;

        if (rows[kind].parent != parent.kind)
            continue;
        if (place < n) {
            *ret_node =
                (ViewNode){ kind, kind == VIEW_PROCESSOR ? (unsigned)place : parent.processor };
            return true;
        }
        place -= n;
    }
    return false;
}

bool node_find(ViewNode parent, const char *name, unsigned n_processors, ViewNode *ret_node)
{
    char known[VIEW_NAME_MAX];
    ViewNode node;

    for (size_t place = 0; node_at(parent, place, n_processors, &node); place++) {
        node_name(node, known);
        if (strcmp(name, known) == 0) {
            *ret_node = node;
            return true;
        }
    }
    return false;
}

/* ---- the kernel's own ---- */

const char *node_kernel_path(ViewKind kind)
{
    return rows[kind].kernel_path;
}

ViewKind node_by_kernel_path(const char *path)
{
    for (ViewKind kind = VIEW_ROOT + 1; kind < VIEW_KINDS; kind++) {
        if (rows[kind].kernel_path && strcmp(rows[kind].kernel_path, path) == 0)
            return kind;
    }
    return VIEW_ROOT;
}
