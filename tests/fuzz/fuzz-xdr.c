// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Whatever bytes come in for whatever type: decoding ends, takes memory in proportion to the input,
 * and what it accepts survives every other walk. Accepted values are encoded; that encoding decodes
 * to an equal value and is its own encoding.
 *
 * The first two bytes of the input choose the type.
 */
#include "../wire/types.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const XdrType *choose(unsigned number)
{
    const size_t n_lists = sizeof all_types / sizeof all_types[0];
    unsigned count = 0;

    for (size_t i = 0; i < n_lists; i++)
        for (const XdrType *const *type = all_types[i]; *type; type++)
            count++;
    number %= count;
    for (size_t i = 0; i < n_lists; i++)
        for (const XdrType *const *type = all_types[i]; *type; type++)
            if (number-- == 0)
                return *type;
    return NULL;
}

static void print_to_nowhere(const XdrType *type, const void *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    REQUIRE(out);
    xdr_print(type, value, 0, out);
    fclose(out);
    free(text);
}

static void check_walks(const XdrType *type, const void *value)
{
    void *other = malloc(xdr_size(type));
    XdrBuffer first = { 0 }, second = { 0 };

    REQUIRE(other && xdr_copy(type, value, other));
    REQUIRE(xdr_equal(type, value, other));
    xdr_clear(type, other);
    REQUIRE(xdr_encode(type, value, &first) == XDR_OK);
    REQUIRE(xdr_decode(type, first.data, first.len, other, NULL) == XDR_OK);
    REQUIRE(xdr_equal(type, value, other));
    REQUIRE(xdr_encode(type, other, &second) == XDR_OK);
    REQUIRE(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    print_to_nowhere(type, value);
    xdr_clear(type, other);
    free(other);
    xdr_buffer_clear(&first);
    xdr_buffer_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const XdrType *type;
    void *value;
    XdrEnd end;

    if (size < 2)
        return 0;
    type = choose((unsigned)(data[0] << 8 | data[1]));
    value = malloc(xdr_size(type));
    REQUIRE(value);
    if (xdr_decode(type, data + 2, size - 2, value, &end) == XDR_OK) {
        REQUIRE(end.used <= size - 2);
        check_walks(type, value);
        xdr_clear(type, value);
    }
    free(value);
    return 0;
}
