// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See uuid.h. */
#include "lxc_driver/uuid.h"

#include <glib.h>
#include <string.h>

static bool hyphen_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_print(const uint8_t uuid[16], char ret_text[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;

    for (int i = 0; i < 16; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 15];
    }
    *out = '\0';
}

bool uuid_parse(const char *text, uint8_t ret_uuid[16])
{
    uint8_t uuid[16];

    if (strlen(text) != UUID_TEXT_SIZE - 1)
        return false;
    for (int i = 0; i < 16; i++) {
        if (hyphen_before(i) && *text++ != '-')
            return false;
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return false;
        uuid[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    memcpy(ret_uuid, uuid, sizeof uuid);
    return true;
}
