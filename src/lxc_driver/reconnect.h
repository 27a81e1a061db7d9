// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A daemon's first work: definitions from disk, containers of an earlier daemon by their status
 * files, and, once per boot, those that start with the host.
 */
#pragma once

#include "lxc_driver/driver.h"

/* Reads the definitions; a second time (reload) adds what is new. */
bool reconnect_load_definitions(Driver *driver, GError **err);

/*
 * Meets every container again, or cleans up after it. `done` is told when all are settled, or after
 * a few seconds; those that answer later than that are shut off until then.
 */
typedef void ReconnectDone(void *data);
bool reconnect_containers(Driver *driver, ReconnectDone *done, void *data, GError **err);

/* Once per boot: a mark in the state directory says that it has been done. */
void reconnect_autostart(Driver *driver);
