// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the server may do. False: errno. */
#pragma once

#include <stdbool.h>

/* Nothing: all that it reads may be read by anybody. */
bool rights_give_up(void);

/*
 * Nothing but write into the memory of processes. With a user namespace, whose descriptor `users`
 * is, only of those in it; -1: the container has none.
 */
bool rights_keep_for_memory(int users);
