// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Looking for words and numbers in the kernel's texts. A NULL text is one without lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_UNLIMITED UINT64_MAX

/* The number that a text begins with; 0 where there is none. */
uint64_t scan_number(const char *text);

/* The number behind `key`, which begins a line and ends before a space or a colon. */
bool scan_key(const char *text, const char *key, uint64_t *ret_number);
uint64_t scan_key_or_0(const char *text, const char *key);

/* The least of limits, one a line. SCAN_UNLIMITED: none, or no such text. */
uint64_t scan_least(const char *lines);

/* One limit: "max", and what v1 says for it, is SCAN_UNLIMITED. */
uint64_t scan_limit(const char *text);

/* The start of the line behind this one; NULL at the end. */
const char *scan_next_line(const char *text);
size_t scan_line_length(const char *text);

/* The nth word of a line, from 0; NULL when there are fewer. */
const char *scan_word(const char *line, unsigned n);

/* A list such as "0-3,8": calls for each number in order. */
void scan_list(const char *list, void (*visit)(unsigned number, void *data), void *data);
