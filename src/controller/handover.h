// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * From controller to monitor and back. They are two programs and one process: it stays init's
 * parent. What survives is written to a memfd (control_handover), whose number is the program's
 * second argument; the first says why it was started. Uses libc only.
 */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>

#define HANDOVER_START "start" /* controller, by the daemon: the socket is descriptor 3 */
#define HANDOVER_WATCH "watch" /* monitor: init runs */
#define HANDOVER_ENDED "ended" /* controller: init has ended and waits to be reaped */

/* Executes `program_fd` with every descriptor of the handover still open. Returns only on failure.
 */
void handover_exec(int program_fd, const char *argv0, const char *why,
                   const ControlHandover *handover);

/* Reads it back, closes the memfd, makes everything close-on-exec again. False: errno. */
bool handover_load(const char *number, ControlHandover *ret_handover);
