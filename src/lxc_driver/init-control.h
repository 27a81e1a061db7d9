// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Asking a container's init for something, from outside: by signals that its kind understands, or
 * by a run-level request through sysvinit's fifo. Nothing is run inside, and no path inside is
 * gone: the fifo is the one that init has open. None of it waits for the container.
 */
#pragma once

#include "lxc_driver/init-process.h"

typedef enum InitRequest { INIT_POWEROFF, INIT_REBOOT } InitRequest;

/* By signal; which one depends on the program that is init. */
bool init_control_signal(const InitProcess *init, InitRequest request, GError **err);

/* By /run/initctl and its older places. OPERATION_UNSUPPORTED when init does not listen there. */
bool init_control_initctl(const InitProcess *init, InitRequest request, GError **err);

/* SIGTERM, whatever init makes of it. */
bool init_control_terminate(const InitProcess *init, GError **err);

/* Any signal at all. */
bool init_control_send(const InitProcess *init, int signum, GError **err);

/* For tests: the signal for an init of this name ("systemd", "busybox", ...). */
int init_control_signal_for(const char *program, InitRequest request);
