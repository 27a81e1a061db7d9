// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What has to hold for any text that is given as a domain definition. */
#pragma once

#include "conf/domain-def.h"

/*
 * Whether the text is a definition. It is either refused with an error, or understood: then it
 * prints as a definition that reads and prints the same again, a copy is equal, and it has a plan
 * or an error that says why not. Aborts when it is otherwise.
 */
bool understood_check(const char *xml, DomainDefFlags flags);
