// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A fuzzer for every day: feeds a harness with inputs from a fixed seed, so that each run is the
 * same and short, and needs no clang. Inputs are words that XDR is made of (small numbers, lengths,
 * the largest ones, a little text) with now and then a byte changed.
 *
 *     short-run ROUNDS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1024 };

/* xorshift: the same numbers everywhere. */
static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint32_t likely_word(uint32_t *state)
{
    static const uint32_t special[] = {
        0xffffffff, 0x80000000, 0x7fffffff, 0x61620000, 16384, 256
    };
    uint32_t choice = next(state) % 16;

    if (choice < 10)
        return next(state) % 4;
    if (choice < 14)
        return next(state) % 24;
    return special[next(state) % (sizeof special / sizeof special[0])];
}

static size_t make_input(uint32_t *state, uint8_t *input)
{
    size_t size = 2 + next(state) % (INPUT_MAX - 4);

    input[0] = (uint8_t)next(state);
    input[1] = (uint8_t)(next(state) >> 8);
    for (size_t at = 2; at + 4 <= INPUT_MAX; at += 4) {
        uint32_t word = likely_word(state);
        for (int i = 0; i < 4; i++)
            input[at + (size_t)i] = (uint8_t)(word >> (24 - 8 * i));
    }
    if (next(state) % 4 == 0)
        input[next(state) % size] ^= (uint8_t)(1u << next(state) % 8);
    return size;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    uint32_t state = 20240229;

    for (unsigned long i = 0; i < rounds; i++) {
        uint8_t input[INPUT_MAX];
        size_t size = make_input(&state, input);
        uint8_t *exact = malloc(size); /* so that a sanitizer sees a read past its end */

        if (!exact)
            return 1;
        memcpy(exact, input, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%lu inputs\n", rounds);
    return 0;
}
