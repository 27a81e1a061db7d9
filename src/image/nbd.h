// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The kernel's network block devices. A device belongs to who has it open or mounted: it is told to
 * disconnect when it is closed last, and its server ends with that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The way to the kernel's nbd, opened in the host's network namespace: it is nowhere else. */
typedef struct NbdKernel {
    int sock; /* generic netlink */
    uint16_t family;
} NbdKernel;

/* Loads the module if need be. False: this kernel has no such devices. */
bool nbd_open_kernel(NbdKernel *ret_kernel);

/* What a server says about what it serves. */
typedef struct NbdExport {
    uint64_t size;
    uint16_t flags;
} NbdExport;

/* Greets the server; what comes next on the connection is the kernel's to say. */
bool nbd_greet(int connection, NbdExport *ret_export);

/* The device, open as `flags` say; -1: errno. Another may have closed it again meanwhile: EAGAIN.
 */
int nbd_attach(const NbdKernel *kernel, int connection, const NbdExport *export, int flags);
