// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See oci-writer.h. */
#include "conf/oci-writer.h"

#include <inttypes.h>

/* Strings are UTF-8 without control characters but white space, as XML gave them. */
static void append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_printf(out, "\\%c", *text);
        else if (*text == '\n')
            g_string_append(out, "\\n");
        else if ((unsigned char)*text < ' ')
            g_string_append_printf(out, "\\u%04x", (unsigned)*text);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void begin(OciWriter *json, const char *name)
{
    if (json->depth)
        g_string_append_printf(json->out, "%s\n%*s", json->first ? "" : ",", (int)(4 * json->depth),
                               "");
    json->first = false;
    if (!name)
        return;
    append_string(json->out, name);
    g_string_append(json->out, ": ");
}

void oci_put_open(OciWriter *json, const char *name, char bracket)
{
    begin(json, name);
    g_string_append_c(json->out, bracket);
    json->depth++;
    json->first = true;
}

void oci_put_close(OciWriter *json, char bracket)
{
    json->depth--;
    if (!json->first)
        g_string_append_printf(json->out, "\n%*s", (int)(4 * json->depth), "");
    g_string_append_c(json->out, bracket);
    json->first = false;
    if (!json->depth)
        g_string_append_c(json->out, '\n');
}

void oci_put_string(OciWriter *json, const char *name, const char *value)
{
    begin(json, name);
    append_string(json->out, value);
}

void oci_put_number(OciWriter *json, const char *name, int64_t value)
{
    begin(json, name);
    g_string_append_printf(json->out, "%" PRId64, value);
}

void oci_put_unsigned(OciWriter *json, const char *name, uint64_t value)
{
    begin(json, name);
    g_string_append_printf(json->out, "%" PRIu64, value);
}

void oci_put_flag(OciWriter *json, const char *name, bool value)
{
    begin(json, name);
    g_string_append(json->out, value ? "true" : "false");
}
