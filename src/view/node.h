// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * THE tree of the view: which files and directories there are, and which of the kernel's they are
 * mounted over. A node is a row of the table; those of one processor come once for each. Uses libc
 * only, as everything in this folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ViewKind {
    VIEW_ROOT,
    /* These are mounted, each by itself. */
    VIEW_MEMINFO,
    VIEW_CPUINFO,
    VIEW_STAT,
    VIEW_UPTIME,
    VIEW_LOADAVG,
    VIEW_SWAPS,
    VIEW_DISKSTATS,
    VIEW_VMSTAT,
    VIEW_PRESSURE,
    VIEW_PROCESSORS,
    /* below pressure */
    VIEW_PRESSURE_CPU,
    VIEW_PRESSURE_IO,
    VIEW_PRESSURE_MEMORY,
    /* below processors */
    VIEW_ONLINE,
    VIEW_POSSIBLE,
    VIEW_PRESENT,
    VIEW_OFFLINE,
    VIEW_ISOLATED,
    VIEW_KERNEL_MAX,
    VIEW_PROCESSOR,
    /* below each processor, and its topology */
    VIEW_TOPOLOGY,
    VIEW_CORE_ID,
    VIEW_PACKAGE_ID,
    VIEW_THREAD_SIBLINGS,
    VIEW_THREAD_SIBLINGS_LIST,
    VIEW_CORE_CPUS,
    VIEW_CORE_CPUS_LIST,
    VIEW_CORE_SIBLINGS,
    VIEW_CORE_SIBLINGS_LIST,
    VIEW_PACKAGE_CPUS,
    VIEW_PACKAGE_CPUS_LIST,
    VIEW_KINDS
} ViewKind;

typedef struct ViewNode {
    ViewKind kind;
    unsigned processor; /* 0 for what is there once */
} ViewNode;

#define VIEW_NAME_MAX 32

/* What the kernel calls a node: its number is never 0, and 1 is the root's. */
uint64_t node_number(ViewNode node);
bool node_from_number(uint64_t number, ViewNode *ret_node);

bool node_is_directory(ViewNode node);
ViewNode node_parent(ViewNode node);

/* The entry of a directory by name, and by its place (from 0; false: no more). */
bool node_find(ViewNode parent, const char *name, unsigned n_processors, ViewNode *ret_node);
bool node_at(ViewNode parent, size_t place, unsigned n_processors, ViewNode *ret_node);
void node_name(ViewNode node, char ret_name[VIEW_NAME_MAX]);

/* The kernel's own file or directory that a node below the root stands in for: the row by its
 * name in the view, and what names it there. NULL, or VIEW_ROOT: there is none. */
const char *node_kernel_path(ViewKind kind);
ViewKind node_by_kernel_path(const char *path);
