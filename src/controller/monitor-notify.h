// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What init says of itself over the socket of notify.c. Uses libc only. */
#pragma once

#include "control-xdr.h"

#include <stdbool.h>

/*
 * Takes one message; true: init has just said that it is ready. There is nothing more to hear then,
 * and handover->notify_fd is closed.
 */
bool monitor_notify_serve(ControlHandover *handover);
