// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The host's side of a console, where that is a file or a socket, and its log. All are opened and
 * made as root at paths that the definition names; none is at a closed place, where the container
 * could lead us elsewhere.
 */
#pragma once

#include "base/host-path.h"
#include "control-xdr.h"
#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

/* Files are 0600 when they are new. Without `append` an old one and its backups are emptied. */
bool console_open_file(const PlanConsole *console, HostPlaces closed, ControlConsoleFile *ret_file,
                       GError **err);
bool console_open_log(const PlanConsole *console, HostPlaces closed, ControlConsoleFile *ret_log,
                      GError **err);

/* A socket that nobody listens at any more is replaced; nothing else is. */
bool console_listen(const PlanConsole *console, HostPlaces closed, int *ret_listener, GError **err);

/* *ret_reader stays when nobody is there, and the console connects again anyway. */
bool console_connect(const PlanConsole *console, HostPlaces closed, int *ret_reader, GError **err);

/* Removes the sockets that nobody listens at any more. */
void console_remove_sockets(const Plan *plan);
