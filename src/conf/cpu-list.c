// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See cpu-list.h. A set is a bit for each number. */
#include "conf/cpu-list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define BITS 64
#define WORDS (CPU_SET_SIZE / BITS)

struct CpuSet {
    uint64_t words[WORDS];
};

static void set_range(CpuSet *set, unsigned first, unsigned last, bool in)
{
    for (unsigned at = first, n; at <= last; at += n) {
        unsigned shift = at % BITS;
        uint64_t mask;

        n = MIN(BITS - shift, last - at + 1);
        mask = (n == BITS ? UINT64_MAX : (UINT64_C(1) << n) - 1) << shift;
        if (in)
            set->words[at / BITS] |= mask;
        else
            set->words[at / BITS] &= ~mask;
    }
}

/* The first number from `at` on that is in the set, or is not; CPU_SET_SIZE when there is none. */
static unsigned find(const CpuSet *set, unsigned at, bool in)
{
    for (; at < CPU_SET_SIZE; at = (at / BITS + 1) * BITS) {
        uint64_t word = set->words[at / BITS] ^ (in ? 0 : UINT64_MAX);

        word >>= at % BITS;
        if (word)
            return at + (unsigned)__builtin_ctzll(word);
    }
    return CPU_SET_SIZE;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool parse_number(const char **text, unsigned *ret_number)
{
    char *end = NULL;
    guint64 value;

    if (!g_ascii_isdigit(**text))
        return false;
    value = g_ascii_strtoull(*text, &end, 10);
    if (value >= CPU_SET_SIZE)
        return false;
    *text = end;
    *ret_number = (unsigned)value;
    return true;
}

/* One of "3", "^3", "2-5" at *text. */
static bool parse_item(const char **text, CpuSet *set)
{
    bool remove = **text == '^';
    unsigned first = 0, last = 0;

    *text += remove;
    if (!parse_number(text, &first))
        return false;
    last = first;
    if (**text == '-') {
        (*text)++;
        if (remove || !parse_number(text, &last) || last < first)
            return false;
    }
    set_range(set, first, last, !remove);
    return true;
}

static bool parse(const char *text, CpuSet *set)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (!parse_item(&text, set))
            return false;
        text += strspn(text, " \t\r\n");
        if (*text != ',')
            return !*text;
        text++;
    }
}

bool cpu_list_normalize_any(const char *text, char **ret_text, GError **err)
{
    g_autoptr(CpuSet) set = cpu_set_new(NULL);

    if (!parse(text, set))
        return fail(err, ERR(NONE, INVALID_ARG), _("cannot parse the list of CPUs or nodes '%s'"),
                    text);
    *ret_text = cpu_set_list(set);
    return true;
}

bool cpu_list_normalize(const char *text, char **ret_text, GError **err)
{
    g_autofree char *list = NULL;

    if (!cpu_list_normalize_any(text, &list, err))
        return false;
    if (!*list)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("there is nothing in the list of CPUs or nodes '%s'"), text);
    *ret_text = g_steal_pointer(&list);
    return true;
}

unsigned cpu_list_last(const char *list)
{
    const char *last = list + strlen(list);

    while (last > list && g_ascii_isdigit(last[-1]))
        last--;
    return (unsigned)strtoul(last, NULL, 10);
}

/* ---- sets ------------------------------------------------------------------------------------ */

CpuSet *cpu_set_new(const char *list)
{
    CpuSet *set = g_new0(CpuSet, 1);

    if (list && *list && !parse(list, set))
        g_error("'%s' is not in its normal form", list);
    return set;
}

void cpu_set_free(CpuSet *set)
{
    g_free(set);
}

bool cpu_set_has(const CpuSet *set, unsigned number)
{
    return number < CPU_SET_SIZE && set->words[number / BITS] >> number % BITS & 1;
}

char *cpu_set_list(const CpuSet *set)
{
    GString *out = g_string_new(NULL);
    unsigned end;

    for (unsigned first = find(set, 0, true); first < CPU_SET_SIZE; first = find(set, end, true)) {
        end = find(set, first, false);
        g_string_append_printf(out, "%s%u", out->len ? "," : "", first);
        if (end - first > 1)
            g_string_append_printf(out, "-%u", end - 1);
    }
    return g_string_free(out, FALSE);
}

bool cpu_set_overlaps(const CpuSet *a, const CpuSet *b)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (a->words[i] & b->words[i])
            return true;
    return false;
}

bool cpu_set_contains(const CpuSet *set, const CpuSet *part)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (part->words[i] & ~set->words[i])
            return false;
    return true;
}

void cpu_set_add(CpuSet *set, const CpuSet *other)
{
    for (unsigned i = 0; i < WORDS; i++)
        set->words[i] |= other->words[i];
}

void cpu_set_truncate(CpuSet *set, unsigned n)
{
    if (n < CPU_SET_SIZE)
        set_range(set, n, CPU_SET_SIZE - 1, false);
}

void cpu_list_truncate(char **list, unsigned n)
{
    g_autoptr(CpuSet) set = cpu_set_new(*list);

    cpu_set_truncate(set, n);
    g_free(*list);
    *list = cpu_set_list(set);
}
