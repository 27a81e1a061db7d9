// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The language of .nspawn files, systemd.syntax(7): sections, lines, words, paths with colons. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct NspawnSetting {
    char *section; /* without brackets */
    char *key;
    char *value;
    unsigned line;
} NspawnSetting;

/* Items are NspawnSettings, freed with the array, in the order of the file. */
bool nspawn_parse(const char *text, GPtrArray **ret_settings, GError **err);

/* 1, yes, true, on, and their opposites. */
bool nspawn_parse_bool(const char *text, bool *ret_bool);
/* Words between blanks. Quotes hold blanks, backslashes mean nothing; NULL: a quote does not end.
 */
char **nspawn_words(const char *value);
/* A word as nspawn_words reads it back. */
char *nspawn_quote(const char *word);
/* What stands between colons; a backslash takes the meaning from what follows. */
char **nspawn_parts(const char *value);
char *nspawn_escape(const char *part);
/* Whether it can be a value as it stands: one line, without blanks at its ends. */
bool nspawn_fits(const char *text);
