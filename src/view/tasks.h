// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the tasks of a group and of those below it do. */
#pragma once

#include "view/facts.h"

/* `dir` is the group's directory, of either version; "" has none. Looks at some hundred at most. */
FactTasks tasks_count(const char *dir);
