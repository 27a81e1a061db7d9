// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Packets recorded between stock clients and the stock daemon read as they should, and what is read
 * is encoded again to the same bytes.
 *
 * Each NAME.hex begins with a line of types, which follow one another in the bytes below; the
 * length word before a packet is left out. NAME.txt is what they say. REGENERATE=1 in the
 * environment rewrites the texts: look at the difference before you keep it.
 */
#include "types.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static const XdrType *find_type(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(all_types); i++) {
        for (const XdrType *const *type = all_types[i]; *type; type++) {
            if (strcmp(xdr_name(*type), name) == 0)
                return *type;
        }
    }
    g_error("no type '%s'", name);
}

static GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();
    int high = -1;

    for (; *hex; hex++) {
        int digit = g_ascii_xdigit_value(*hex);

        if (digit >= 0 && high >= 0) {
            uint8_t byte = (uint8_t)(high << 4 | digit);
            g_byte_array_append(bytes, &byte, 1);
        }
        if (digit >= 0)
            high = high < 0 ? digit : -1;
    }
    g_assert_cmpint(high, ==, -1);
    return bytes;
}

/* Decodes one value at `at`, prints it, holds its encoding against the input; returns its size. */
static size_t check_value(const XdrType *type, const uint8_t *at, size_t left, FILE *text)
{
    g_autofree void *value = g_malloc(xdr_size(type));
    XdrBuffer again = { 0 };
    XdrEnd end;

    if (xdr_decode(type, at, left, value, &end) != XDR_OK)
        g_error("cannot decode '%s' of %s", end.field, xdr_name(type));
    fprintf(text, "%s:\n", xdr_name(type));
    xdr_print(type, value, 1, text);
    g_assert_cmpint(xdr_encode(type, value, &again), ==, XDR_OK);
    g_assert_cmpmem(again.data, again.len, at, end.used);
    xdr_buffer_clear(&again);
    xdr_clear(type, value);
    return end.used;
}

static char *text_of(const char *types, const GByteArray *bytes)
{
    g_auto(GStrv) names = g_strsplit(types, " ", -1);
    size_t size = 0, used = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    for (char **name = names; *name; name++)
        used += check_value(find_type(*name), bytes->data + used, bytes->len - used, out);
    fclose(out);
    g_assert_cmpuint(used, ==, bytes->len);
    return text;
}

static void test_packet(gconstpointer data)
{
    const char *path = data;
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".hex"));
    g_autofree char *text_path = g_strconcat(stem, ".txt", NULL);
    g_autofree char *hex = NULL;
    g_autofree char *expected = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    char *newline, *text;

    g_assert_true(g_file_get_contents(path, &hex, NULL, NULL));
    newline = strchr(hex, '\n');
    *newline = '\0';
    bytes = from_hex(newline + 1);
    text = text_of(hex, bytes);
    if (g_getenv("REGENERATE"))
        g_assert_true(g_file_set_contents(text_path, text, -1, NULL));
    g_assert_true(g_file_get_contents(text_path, &expected, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
    free(text);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const char *folder, *name;
    GDir *dir;

    g_test_init(&argc, &argv, NULL);
    folder = argc > 1 ? argv[1] : ".";
    dir = g_dir_open(folder, 0, NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".hex"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    }
    g_clear_pointer(&dir, g_dir_close);
    g_ptr_array_sort(paths, by_name);
    g_assert_cmpuint(paths->len, >, 0);
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *base = g_path_get_basename(paths->pdata[i]);
        g_autofree char *test = g_strconcat("/wire/", base, NULL);
        g_test_add_data_func(test, paths->pdata[i], test_packet);
    }
    return g_test_run();
}
