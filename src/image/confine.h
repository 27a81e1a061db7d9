// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Gives up all that is not needed to read two open files and write into a third: user,
 * capabilities, memory, time, and every system call that is not in the list. There is no way back.
 */
#pragma once

#include <stdbool.h>

/* *ret_what is what could not be given up. Nothing may be read before this has come back. */
bool confine(const char **ret_what);
