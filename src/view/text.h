// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A text that grows, to a limit. Zero it to start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TEXT_MAX (2u << 20)

typedef struct Text {
    char *data; /* NUL-terminated once anything was added */
    size_t len;
    size_t size;
    bool failed; /* memory or the limit ran out: what is there is not the whole */
} Text;

void text_add(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(Text *text, const char *bytes, size_t len);

/* The rest of an open file. False: errno. */
bool text_add_file(Text *text, int fd);

void text_clear(Text *text);
