// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See scan.h. */
#include "view/scan.h"

#include <stdlib.h>
#include <string.h>

/* v1 says "no limit" with the largest whole number of pages. */
#define V1_UNLIMITED (INT64_MAX - 0xffff)

uint64_t scan_number(const char *text)
{
    return text && *text != '-' ? strtoull(text, NULL, 10) : 0;
}

size_t scan_line_length(const char *text)
{
    return strcspn(text, "\n");
}

const char *scan_next_line(const char *text)
{
    text += scan_line_length(text);
    return *text && text[1] ? text + 1 : NULL;
}

const char *scan_word(const char *line, unsigned n)
{
    line += strspn(line, " \t");
    while (n-- > 0) {
        line += strcspn(line, " \t\n");
        line += strspn(line, " \t");
    }
    return *line && *line != '\n' ? line : NULL;
}

bool scan_key(const char *text, const char *key, uint64_t *ret_number)
{
    size_t len = strlen(key);

    for (; text; text = scan_next_line(text)) {
        if (strncmp(text, key, len) != 0 || !strchr(" :\t", text[len]) || !text[len])
            continue;
        *ret_number = scan_number(text + len + strspn(text + len, " :\t"));
        return true;
    }
    return false;
}

uint64_t scan_key_or_0(const char *text, const char *key)
{
    uint64_t number = 0;

    (void)scan_key(text, key, &number); /* what is not said is 0 */
    return number;
}

uint64_t scan_limit(const char *text)
{
    uint64_t number;

    if (*text < '0' || *text > '9')
        return SCAN_UNLIMITED; /* "max", or -1 */
    number = scan_number(text);
    return number >= V1_UNLIMITED ? SCAN_UNLIMITED : number;
}

uint64_t scan_least(const char *lines)
{
    uint64_t least = SCAN_UNLIMITED;

    for (; lines; lines = scan_next_line(lines)) {
        uint64_t limit = scan_limit(lines);
        if (limit < least)
            least = limit;
    }
    return least;
}

void scan_list(const char *list, void (*visit)(unsigned number, void *data), void *data)
{
    while (list && *list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

        for (unsigned long number = first; number <= last && number < 65536; number++)
            visit((unsigned)number, data);
        list = *end == ',' ? end + 1 : NULL;
    }
}
