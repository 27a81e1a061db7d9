// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* One daemon per directory: a locked file with the daemon's pid in it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Lock Lock;

/* Fails, naming the other's pid, when another process holds it. */
bool lock_take(const char *path, Lock **ret_lock, GError **err);

/* Removes the file and gives the lock up. */
void lock_release(Lock *lock);
