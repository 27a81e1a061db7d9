// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What file system is in an image or on a block device. Looking is virtlxc-image's work, a process
 * that can do nothing else (see src/image/main.c), since who made the bytes may want to do harm;
 * what it answers is not trusted either.
 */
#pragma once

#include "kernel/file-system.h"
#include "kernel/loop.h"

#include <glib.h>
#include <stdbool.h>

/* Of something with a partition table, one partition is looked for, or it is refused. */
typedef enum ProbeDepth { PROBE_WHOLE, PROBE_PARTITIONS } ProbeDepth;

typedef struct ProbeRequest {
    int program_fd; /* virtlxc-image */
    int fd;         /* a file or block device, open for reading at least */
    ProbeDepth depth;
    const char *name; /* for people */
} ProbeRequest;

/* *ret_part is where in it the file system is; size 0: it is the whole. */
bool probe_run(const ProbeRequest *request, const FileSystemType **ret_type, LoopPart *ret_part,
               GError **err);
