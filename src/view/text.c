// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See text.h. */
#include "view/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MIN 1024

/* Room for `more` bytes and a NUL. */
static bool make_room(Text *text, size_t more)
{
    size_t size = text->size ? text->size : TEXT_MIN;
    char *data;

    if (text->failed || more >= TEXT_MAX - text->len)
        return !(text->failed = true);
    while (size < text->len + more + 1)
        size *= 2;
    if (size == text->size)
        return true;
    data = realloc(text->data, size);
    if (!data)
        return !(text->failed = true);
    text->data = data;
    text->size = size;
    return true;
}

void text_add_bytes(Text *text, const char *bytes, size_t len)
{
    if (!make_room(text, len))
        return;
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void text_add(Text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !make_room(text, (size_t)len))
        return;
    va_start(args, format);
    (void)vsnprintf(text->data + text->len, text->size - text->len, format, args); /* as above */
    va_end(args);
    text->len += (size_t)len;
}

bool text_add_file(Text *text, int fd)
{
    for (;;) {
        ssize_t n;

        if (!make_room(text, TEXT_MIN)) {
            errno = EFBIG;
            return false;
        }
        n = read(fd, text->data + text->len, text->size - text->len - 1);
        if (n < 0)
            return false;
        text->data[text->len += (size_t)n] = '\0';
        if (n == 0)
            return true;
    }
}

void text_clear(Text *text)
{
    free(text->data);
    *text = (Text){ 0 };
}
