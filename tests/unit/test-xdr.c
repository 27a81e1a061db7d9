// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * XDR coding by field tables: test-xdr.x has a field of every form. What is encoded here is held
 * against bytes written by hand after RFC 4506, and no input, however cut or bent, gets through.
 */
#include "base/xdr.h"

#include "test-xdr-xdr.h"

#include <glib.h>
#include <string.h>

/* One of everything. Borrows its strings from the program: not to be cleared. */
static TestAll make_all(void)
{
    static TestPair pairs[] = {
        {1,  (char *)"one"},
        { 2, (char *)""   }
    };
    static char *texts[] = { (char *)"a", (char *)"bc" };
    static char *maybe_texts[] = { (char *)"x", NULL };
    static uint64_t numbers[] = { 1, UINT64_MAX };
    static uint8_t bytes[] = { 0xde, 0xad, 0xbe };
    static int8_t word[] = { 'h', 'i', 0 };

    return (TestAll){
        .i = -1,
        .u = 0xfedcba98,
        .h = -2,
        .uh = 0x0102030405060708,
        .d = 1.5,
        .yes = true,
        .c = -3,
        .uc = 200,
        .us = 60000,
        .color = TEST_BLUE,
        .text = (char *)"hello",
        .maybe_text = NULL,
        .uuid = {1,    2,               3, 4, 5, 6 },
        .bytes = { 3,   bytes                },
        .word = { 3,   word                },
        .model = { 'x',   '8',  '6', 0 },
        .numbers = { 2,   numbers},
        .texts = { 2, texts             },
        .maybe_texts = { 2,   maybe_texts        },
        .pair = { 7,   (char *)"q\"\n"            },
        .maybe_pair = &pairs[0],
        .pairs = { 2,   pairs    },
        .two = { { 3, (char *)"" },   { 4, (char *)"d" }},
        .value = { .type = 9,   .value.pairs = { 1, pairs }          },
    };
}

static const char all_text[] = "i: -1\n"
                               "u: 4275878552\n"
                               "h: -2\n"
                               "uh: 72623859790382856\n"
                               "d: 1.5\n"
                               "yes: true\n"
                               "c: -3\n"
                               "uc: 200\n"
                               "us: 60000\n"
                               "color: TEST_BLUE\n"
                               "text: \"hello\"\n"
                               "maybe_text: null\n"
                               "uuid: 010203040506\n"
                               "bytes: deadbe\n"
                               "word: \"hi\\000\"\n"
                               "model: \"x86\\000\"\n"
                               "numbers: [1, 18446744073709551615]\n"
                               "texts: [\"a\", \"bc\"]\n"
                               "maybe_texts: [\"x\", null]\n"
                               "pair:\n"
                               "  left: 7\n"
                               "  right: \"q\\\"\\n\"\n"
                               "maybe_pair:\n"
                               "  left: 1\n"
                               "  right: \"one\"\n"
                               "pairs:\n"
                               "  - left: 1\n"
                               "    right: \"one\"\n"
                               "  - left: 2\n"
                               "    right: \"\"\n"
                               "two:\n"
                               "  - left: 3\n"
                               "    right: \"\"\n"
                               "  - left: 4\n"
                               "    right: \"d\"\n"
                               "value:\n"
                               "  type: 9\n"
                               "  pairs:\n"
                               "    - left: 1\n"
                               "      right: \"one\"\n";

/* Each piece is one value. */
static const char all_hex[] = "ffffffff"
                              "fedcba98"
                              "fffffffffffffffe"
                              "0102030405060708"
                              "3ff8000000000000"
                              "00000001"
                              "fffffffd"
                              "000000c8"
                              "0000ea60"
                              "00000007"
                              "00000005"
                              "68656c6c6f000000"
                              "00000000"
                              "0102030405060000"
                              "00000003"
                              "deadbe00"
                              "00000003"
                              "00000068"
                              "00000069"
                              "00000000"
                              "00000078"
                              "00000038"
                              "00000036"
                              "00000000"
                              "00000002"
                              "0000000000000001"
                              "ffffffffffffffff"
                              "00000002"
                              "00000001"
                              "61000000"
                              "00000002"
                              "62630000"
                              "00000002"
                              "00000001"
                              "00000001"
                              "78000000"
                              "00000000"
                              "00000007"
                              "00000003"
                              "71220a00"
                              "00000001"
                              "00000001"
                              "00000003"
                              "6f6e6500"
                              "00000002"
                              "00000001"
                              "00000003"
                              "6f6e6500"
                              "00000002"
                              "00000000"
                              "00000003"
                              "00000000"
                              "00000004"
                              "00000001"
                              "64000000"
                              "00000009"
                              "00000001"
                              "00000001"
                              "00000003"
                              "6f6e6500";

static char *to_hex(const XdrBuffer *buffer)
{
    GString *hex = g_string_new(NULL);

    for (size_t i = 0; i < buffer->len; i++)
        g_string_append_printf(hex, "%02x", buffer->data[i]);
    return g_string_free(hex, FALSE);
}

static GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    for (; *hex; hex += 2) {
        uint8_t byte = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));

        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static char *print_all(const TestAll *all)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    xdr_print(&test_all_xdr, all, 0, out);
    fclose(out);
    return text;
}

static void test_encode(void)
{
    TestAll all = make_all();
    XdrBuffer out = { 0 };
    g_autofree char *hex = NULL;

    g_assert_cmpint(xdr_encode(&test_all_xdr, &all, &out), ==, XDR_OK);
    hex = to_hex(&out);
    g_assert_cmpstr(hex, ==, all_hex);
    xdr_buffer_clear(&out);
}

static void test_decode(void)
{
    TestAll all = make_all();
    g_autoptr(GByteArray) bytes = from_hex(all_hex);
    TestAll got;
    XdrEnd end;

    g_byte_array_append(bytes, (const uint8_t *)"more", 4);
    g_assert_cmpint(xdr_decode(&test_all_xdr, bytes->data, bytes->len, &got, &end), ==, XDR_OK);
    g_assert_cmpuint(end.used, ==, bytes->len - 4);
    g_assert_true(xdr_equal(&test_all_xdr, &all, &got));
    g_assert_cmpstr(got.texts.items[1], ==, "bc");
    g_assert_cmpint(got.value.value.pairs.items[0].left, ==, 1);
    xdr_clear(&test_all_xdr, &got);
    g_assert_null(got.text);
    g_assert_cmpuint(got.pairs.len, ==, 0);
}

static void test_print(void)
{
    TestAll all = make_all();
    char *text = print_all(&all);

    g_assert_cmpstr(text, ==, all_text);
    free(text);
}

/* A copy is equal, prints alike, and shares nothing. */
static void test_copy(void)
{
    TestAll all = make_all();
    TestAll copy;
    char *text;

    g_assert_true(xdr_copy(&test_all_xdr, &all, &copy));
    g_assert_true(xdr_equal(&test_all_xdr, &all, &copy));
    g_assert_true(copy.text != all.text);
    g_assert_true(copy.pairs.items[0].right != all.pairs.items[0].right);
    text = print_all(&copy);
    g_assert_cmpstr(text, ==, all_text);
    free(text);
    xdr_clear(&test_all_xdr, &copy);
}

/* One change anywhere makes two structs unequal. */
static void test_equal(void)
{
    TestPair pair = { 1, (char *)"one" }, other = { 1, (char *)"two" };
    TestAll a = make_all(), b = make_all();

    b.maybe_text = (char *)"";
    g_assert_false(xdr_equal(&test_all_xdr, &a, &b));
    b = make_all();
    b.maybe_pair = &other;
    g_assert_false(xdr_equal(&test_all_xdr, &a, &b));
    b.maybe_pair = &pair;
    g_assert_true(xdr_equal(&test_all_xdr, &a, &b));
    b.numbers.len = 1;
    g_assert_false(xdr_equal(&test_all_xdr, &a, &b));
    b = make_all();
    b.value.type = 1;
    g_assert_false(xdr_equal(&test_all_xdr, &a, &b));
    b = make_all();
    b.uuid[5] = 0;
    g_assert_false(xdr_equal(&test_all_xdr, &a, &b));
}

/* Input cut anywhere is refused, with nothing left to free (the sanitizer build would tell). */
static void test_truncated(void)
{
    g_autoptr(GByteArray) bytes = from_hex(all_hex);

    for (guint len = 0; len < bytes->len; len++) {
        g_autofree uint8_t *cut = g_memdup2(bytes->data, len);
        XdrEnd end;
        TestAll got;

        g_assert_cmpint(xdr_decode(&test_all_xdr, cut, len, &got, &end), ==, XDR_TRUNCATED);
        g_assert_nonnull(end.field);
        g_assert_null(got.text);
    }
}

typedef struct Refusal {
    const XdrType *type;
    const char *hex;
    XdrStatus status;
    const char *where;
} Refusal;

static const Refusal refusals[] = {
    {&test_pair_xdr,
     "0000000100000006"
      "68656c6c6f210000",                    XDR_TOO_LONG,  "right"},
    { &test_pair_xdr,    "00000001ffffffff", XDR_TOO_LONG,  "right"},
    { &test_pair_xdr,
     "0000000100000005"
      "68656c6c",                            XDR_TRUNCATED, "right"},
    { &test_pair_xdr,
     "0000000100000005"
      "68656c6c6f",                          XDR_TRUNCATED, "right"},
    { &test_pair_xdr,    "000000",           XDR_TRUNCATED, "left" },
    { &test_value_xdr,   "0000000900000009", XDR_TOO_LONG,  "pairs"},
    { &test_value_xdr,
     "0000000900000008"
      "0000000000000000",                    XDR_TRUNCATED, "pairs"},
    { &test_value_xdr,   "0000000300000000", XDR_BAD_VALUE, "type" },
    { &test_value_xdr,   "ffffffff00000000", XDR_BAD_VALUE, "type" },
    { &test_options_xdr,
     "00000002"
      "00000000",                            XDR_BAD_VALUE, "yes"  },
    { &test_options_xdr,
     "ffffffff"
      "00000000",                            XDR_BAD_VALUE, "yes"  },
    { &test_options_xdr,
     "00000001"
      "00000002",                            XDR_BAD_VALUE, "maybe"},
    { &test_options_xdr,
     "00000001"
      "00000001",                            XDR_TRUNCATED, "left" },
    { &test_options_xdr,
     "00000001"
      "00000000"
      "7fffffff",                            XDR_TRUNCATED, "many" },
    { &test_options_xdr,
     "00000001"
      "00000000"
      "00000000"
      "ffffffff",                            XDR_TRUNCATED, "blob" },
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const Refusal *refusal = &refusals[i];
        g_autoptr(GByteArray) bytes = from_hex(refusal->hex);
        g_autofree void *got = g_malloc(xdr_size(refusal->type));
        XdrEnd end;

        g_assert_cmpint(xdr_decode(refusal->type, bytes->data, bytes->len, got, &end), ==,
                        refusal->status);
        g_assert_cmpstr(end.field, ==, refusal->where);
    }
}

/* What a struct must not hold is refused when it is encoded, and the buffer stays as it was. */
static void test_encode_refused(void)
{
    TestPair no_text = { 1, NULL }, long_text = { 1, (char *)"too long" };
    TestValue bad_arm = { .type = 3 }, long_list = { .type = 9 }, no_items = { .type = 9 };
    XdrBuffer out = { 0 };

    long_list.value.pairs.len = TEST_LIST_MAX + 1;
    long_list.value.pairs.items = &no_text;
    no_items.value.pairs.len = 1;
    g_assert_cmpint(xdr_encode(&test_pair_xdr, &(TestPair){ 5, (char *)"abc" }, &out), ==, XDR_OK);
    g_assert_cmpuint(out.len, ==, 12);
    g_assert_cmpint(xdr_encode(&test_pair_xdr, &no_text, &out), ==, XDR_BAD_VALUE);
    g_assert_cmpint(xdr_encode(&test_pair_xdr, &long_text, &out), ==, XDR_TOO_LONG);
    g_assert_cmpint(xdr_encode(&test_value_xdr, &bad_arm, &out), ==, XDR_BAD_VALUE);
    g_assert_cmpint(xdr_encode(&test_value_xdr, &long_list, &out), ==, XDR_TOO_LONG);
    g_assert_cmpint(xdr_encode(&test_value_xdr, &no_items, &out), ==, XDR_BAD_VALUE);
    g_assert_cmpuint(out.len, ==, 12);
    xdr_buffer_clear(&out);
}

/* Text with a NUL in it ends there; surplus padding bits do not matter. */
static void test_lenient(void)
{
    g_autoptr(GByteArray) bytes = from_hex("00000001"
                                           "00000003"
                                           "610062ff");
    TestPair got;

    g_assert_cmpint(xdr_decode(&test_pair_xdr, bytes->data, bytes->len, &got, NULL), ==, XDR_OK);
    g_assert_cmpstr(got.right, ==, "a");
    xdr_clear(&test_pair_xdr, &got);
}

static void test_field_offset(void)
{
    g_assert_cmpint(xdr_field_offset(&test_all_xdr, "uuid"), ==, offsetof(TestAll, uuid));
    g_assert_cmpint(xdr_field_offset(&test_all_xdr, "left"), ==, -1);
    g_assert_cmpuint(xdr_size(&test_all_xdr), ==, sizeof(TestAll));
    g_assert_cmpstr(xdr_name(&test_all_xdr), ==, "test_all");
}

/* xdr_free takes what came from calloc, and NULL. */
static void test_free(void)
{
    TestPair *pair = calloc(1, sizeof *pair);

    pair->right = strdup("x");
    xdr_free(&test_pair_xdr, pair);
    xdr_free(&test_pair_xdr, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xdr/encode", test_encode);
    g_test_add_func("/xdr/decode", test_decode);
    g_test_add_func("/xdr/print", test_print);
    g_test_add_func("/xdr/copy", test_copy);
    g_test_add_func("/xdr/equal", test_equal);
    g_test_add_func("/xdr/truncated", test_truncated);
    g_test_add_func("/xdr/refused", test_refused);
    g_test_add_func("/xdr/encode-refused", test_encode_refused);
    g_test_add_func("/xdr/lenient", test_lenient);
    g_test_add_func("/xdr/field-offset", test_field_offset);
    g_test_add_func("/xdr/free", test_free);
    return g_test_run();
}
