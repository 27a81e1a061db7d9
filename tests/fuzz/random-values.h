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
/* A text for the row at `path` of a record called `element`; `tame`: no strange one. */
char *random_text(GRand *random, const char *element, const char *path, bool tame);
/* What stands in front of a device that cannot do without it; "" mostly. */
const char *random_companion(const char *element);
/*
 * Whether libvirt's schema does not have what is printed for the path of the vocabulary, although
 * libvirt prints the same, or will in a later version.
 */
bool random_is_off_schema(const char *path);
/* What no rows speak of: elements with functions of their own. */
void random_custom(GString *out, const char *element);
