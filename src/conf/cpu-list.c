// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See cpu-list.h. A set is a byte for each number; there are few sets at a time. */
#include "conf/cpu-list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

struct CpuSet {
    uint8_t has[CPU_SET_SIZE];
};

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
    memset(set->has + first, !remove, last - first + 1);
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

char *cpu_set_list(const CpuSet *set)
{
    GString *out = g_string_new(NULL);

    for (unsigned number = 0; number < CPU_SET_SIZE; number++) {
        unsigned first = number;

        if (!set->has[number])
            continue;
        while (number + 1 < CPU_SET_SIZE && set->has[number + 1])
            number++;
        g_string_append_printf(out, "%s%u", out->len ? "," : "", first);
        if (number > first)
            g_string_append_printf(out, "-%u", number);
    }
    return g_string_free(out, FALSE);
}

bool cpu_set_has(const CpuSet *set, unsigned number)
{
    return number < CPU_SET_SIZE && set->has[number];
}

bool cpu_set_overlaps(const CpuSet *a, const CpuSet *b)
{
    for (unsigned i = 0; i < CPU_SET_SIZE; i++)
        if (a->has[i] & b->has[i])
            return true;
    return false;
}

bool cpu_set_contains(const CpuSet *set, const CpuSet *part)
{
    for (unsigned i = 0; i < CPU_SET_SIZE; i++)
        if (part->has[i] && !set->has[i])
            return false;
    return true;
}

void cpu_set_add(CpuSet *set, const CpuSet *other)
{
    for (unsigned i = 0; i < CPU_SET_SIZE; i++)
        set->has[i] |= other->has[i];
}

void cpu_set_truncate(CpuSet *set, unsigned n)
{
    if (n < CPU_SET_SIZE)
        memset(set->has + n, 0, CPU_SET_SIZE - n);
}

void cpu_list_truncate(char **list, unsigned n)
{
    g_autoptr(CpuSet) set = cpu_set_new(*list);

    cpu_set_truncate(set, n);
    g_free(*list);
    *list = cpu_set_list(set);
}
