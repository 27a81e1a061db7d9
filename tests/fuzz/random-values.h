// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Values that a row may like. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether nothing works without the row. */
bool random_needs(const char *element, const char *path);
/* Whether there is more to say of the row's values than its kind. */
bool random_knows(const char *element, const char *path);
/* A text for the row at `path` of a record called `element`. */
char *random_text(GRand *random, const char *element, const char *path);
/* What stands in front of a device that cannot do without it; "" mostly. */
const char *random_companion(const char *element);
/* What no rows speak of: elements with functions of their own. */
void random_custom(GString *out, const char *element);
