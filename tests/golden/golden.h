// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What tests of golden cases share. A case is a folder with what goes in and what has to come out;
 * with REGENERATE=1 in the environment what comes out now is written instead.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "XML_ERROR/DOMAIN: text", and a newline. */
char *golden_describe(const GError *err);
bool golden_has_file(const char *folder, const char *name);
/* The file has to be this text; NULL: there must be no such file. */
void golden_expect(const char *folder, const char *name, const char *text);
