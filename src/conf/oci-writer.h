// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Writes JSON as it goes, indented. Not json-glib, whose numbers end at 2^63: an unlimited resource
 * limit is 2^64 - 1 in config.json.
 *
 *     oci_put_open(json, "user", '{');
 *     oci_put_number(json, "uid", 0);
 *     oci_put_close(json, '}');
 *
 * The name is NULL for elements of arrays and for the document itself.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct OciWriter {
    GString *out;
    unsigned depth;
    bool first; /* nothing stands in the innermost bracket yet */
} OciWriter;

void oci_put_open(OciWriter *json, const char *name, char bracket);
void oci_put_close(OciWriter *json, char bracket);
void oci_put_string(OciWriter *json, const char *name, const char *value);
void oci_put_number(OciWriter *json, const char *name, int64_t value);
void oci_put_unsigned(OciWriter *json, const char *name, uint64_t value);
void oci_put_flag(OciWriter *json, const char *name, bool value);
