// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Asking systemd and machined of the host, over the system bus: a transient scope for each
 * container, and its place in `machinectl list`. Nothing here waits: answers come through the main
 * loop, each within a bound. machined is told and never depended on.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The host was booted by systemd. */
bool systemd_is_here(void);

/* "lxc-NAME"; where that is no name for a machine, what it can have of it and a part of the uuid.
 */
char *systemd_machine_name(const char *name, const uint8_t uuid[16]);
/* "machine-lxc\x2dNAME.scope" for it. */
char *systemd_scope_name(const char *machine);
/* "/machine/web" is "machine-web.slice". */
char *systemd_slice_name(const char *partition);

typedef enum SystemdResult {
    SYSTEMD_DONE,
    SYSTEMD_NO_BUS, /* there is nobody to ask */
    SYSTEMD_FAILED, /* err says why */
} SystemdResult;

typedef void SystemdDone(SystemdResult result, const GError *err, void *data);

typedef struct ScopeRequest {
    const char *unit;
    const char *slice;
    const char *description;
    pid_t pid; /* the first process in it */
} ScopeRequest;

/* Told when the process is in the scope. */
void systemd_start_scope(const ScopeRequest *request, SystemdDone *done, void *data);

/* Told when it is gone; it may be already. */
void systemd_stop_scope(const char *unit, SystemdDone *done, void *data);

typedef struct MachineRequest {
    const char *name;
    const uint8_t *uuid; /* 16 bytes */
    pid_t leader;        /* in the scope that the machine stands for */
    const int *links;    /* indices of the host's ends */
    size_t n_links;
} MachineRequest;

/* Nobody is told: machined forgets it with the scope. */
void systemd_register_machine(const MachineRequest *request);
