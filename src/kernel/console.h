// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A container's consoles are pseudo terminals of the host: the monitor owns the masters, the slaves
 * are bound on the container's /dev/console and /dev/tty*. A slave is only ever taken from its
 * master, never by a path.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A new pty. *ret_number is N of its /dev/pts/N on the host. */
bool console_open(int *ret_master, unsigned *ret_number, GError **err);

/* The other end of a master. */
bool console_open_slave(int master, int *ret_slave, GError **err);

/* What root inside may have made of it before a reboot is undone: another line discipline, nobody
 * else may open it, other settings. */
bool console_reset(int slave, GError **err);

/* Where console `index` shows up in the container, below /dev: "console", "tty2", "tty3", ... */
char *console_device(unsigned index);
