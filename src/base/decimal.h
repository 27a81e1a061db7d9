// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Numbers as text without the locale and the buffers of printf, for the resident monitor. */
#pragma once

#include <string.h>

#define DECIMAL_SIZE 11 /* "4294967295" */

static inline char *decimal(unsigned number, char text[DECIMAL_SIZE])
{
    char *at = text + DECIMAL_SIZE - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return memmove(text, at, (size_t)(text + DECIMAL_SIZE - at));
}
