// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The command line of init, word by word. */
#pragma once

#include "conf/native.h"

/*
 * The first word becomes <init>. The kernel executes files; where another manager would look a
 * name up in PATH, what every system has for that does it. False for a first word that is empty.
 */
bool native_command_add(NativeResult *result, const char *word);
