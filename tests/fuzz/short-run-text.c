// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * As short-run.c, for harnesses of text: the inputs are files with pieces of other files in them,
 * pieces taken out, bytes changed and awkward words put in. The seed is fixed.
 *
 *     short-run-text ROUNDS FOLDER FILE: changes FOLDER/.../FILE
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {
    "-1",       "0",          "18446744073709551616",
    "&#1;",     "&amp;",      "&x;",
    "<",        ">",          "'/>",
    "<a>",      "</a>",       "<![CDATA[x]]>",
    "<!-- -->", "\n",         "..",
    "/",        "type='ram'", "xmlns='u'",
    "x:",       "\xff",       "=''",
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *read_corpus(const char *folder, const char *file)
{
    GPtrArray *corpus = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name = NULL;

    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_build_filename(folder, name, file, NULL));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        char *text = NULL;

        if (g_file_get_contents(names->pdata[i], &text, NULL, NULL))
            g_ptr_array_add(corpus, text);
    }
    return corpus;
}

static gsize below(GRand *rand, gsize n)
{
    return n ? g_rand_int(rand) % n : 0;
}

static const char *random_text(GRand *rand, const GPtrArray *corpus)
{
    return corpus->pdata[below(rand, corpus->len)];
}

static void change(GRand *rand, GString *text, const GPtrArray *corpus)
{
    gsize at = below(rand, text->len), size = below(rand, 60);
    const char *other = NULL;
    gsize from;

    switch (g_rand_int(rand) % 4) {
    case 0:
        g_string_erase(text, (gssize)at, (gssize)MIN(size, text->len - at));
        break;
    case 1:
        g_string_insert(text, (gssize)at, words[below(rand, G_N_ELEMENTS(words))]);
        break;
    case 2:
        if (text->len)
            text->str[at] ^= (char)(1 << below(rand, 8));
        break;
    case 3:
        other = random_text(rand, corpus);
        from = below(rand, strlen(other));
        g_string_insert_len(text, (gssize)at, other + from,
                            (gssize)MIN(size, strlen(other) - from));
        break;
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20240229);
    g_autoptr(GPtrArray) corpus = NULL;
    unsigned long rounds;

    if (argc != 4)
        return 2;
    rounds = strtoul(argv[1], NULL, 10);
    corpus = read_corpus(argv[2], argv[3]);
    g_assert_cmpuint(corpus->len, >, 0);
    for (unsigned long i = 0; i < rounds; i++) {
        g_autoptr(GString) text = g_string_new(random_text(rand, corpus));

        for (guint n = 1 + g_rand_int(rand) % 3; n > 0; n--)
            change(rand, text, corpus);
        (void)LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_print("%lu inputs from %u files\n", rounds, corpus->len);
    return 0;
}
