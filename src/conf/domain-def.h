// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * DomainDef: what the user wrote, defaults filled in. Made by parsing, never changed afterwards:
 * a change is a copy with the change in it (domain_def_copy, then edit, then publish as const).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct DomainDef DomainDef;

/* For parse and format: leave out what only a running domain has (id, aliases, ttys, vnet names). */
typedef enum DomainDefFlags {
    DOMAIN_DEF_LIVE = 0,
    DOMAIN_DEF_INACTIVE = 1 << 0,
    DOMAIN_DEF_VALIDATE = 1 << 1, /* unknown elements and attributes are errors */
} DomainDefFlags;

/* Facts about the host that parsing and compiling need, so that both stay pure. */
typedef struct DomainDefHost {
    const char *arch;              /* x86_64 */
    const char *emulator;          /* default <emulator> */
    const char *default_partition; /* "/machine", or a private instance's own */
} DomainDefHost;

