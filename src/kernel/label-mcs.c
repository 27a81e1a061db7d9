// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See label-mcs.h. A context is user:role:type:range, a range "low" or "low-high", a level "s0" or
 * "s0:c1,c5.c9". What counts of a process is its high level.
 */
#include "kernel/label-mcs.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define N_CATEGORIES 1024u
#define BITS 64u
#define TRIES 64

typedef struct Categories {
    uint64_t bits[N_CATEGORIES / BITS];
} Categories;

static bool has(const Categories *set, unsigned category)
{
    return set->bits[category / BITS] >> (category % BITS) & 1;
}

static unsigned count(const Categories *set)
{
    unsigned n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(set->bits); i++)
        n += (unsigned)__builtin_popcountll(set->bits[i]);
    return n;
}

static bool contains(const Categories *set, const Categories *part)
{
    for (size_t i = 0; i < G_N_ELEMENTS(set->bits); i++)
        if (part->bits[i] & ~set->bits[i])
            return false;
    return true;
}

/* ---- contexts -------------------------------------------------------------------------------- */

/* What follows user, role and type; NULL: nothing does. */
static const char *range_of(const char *context)
{
    for (int parts = 0; context && parts < 3; parts++) {
        context = strchr(context, ':');
        context = context ? context + 1 : NULL;
    }
    return context && *context ? context : NULL;
}

static bool read_category(const char *text, unsigned *ret)
{
    guint64 number;

    if (*text != 'c' ||
        !g_ascii_string_to_unsigned(text + 1, 10, 0, N_CATEGORIES - 1, &number, NULL))
        return false;
    *ret = (unsigned)number;
    return true;
}

/* "c5" or "c5.c9"; what is not understood has no categories. */
static void add_word(Categories *set, const char *word)
{
    g_auto(GStrv) ends = g_strsplit(word, ".", 2);
    unsigned first, last;

    if (!ends[0] || !read_category(ends[0], &first))
        return;
    if (!ends[1])
        last = first;
    else if (!read_category(ends[1], &last))
        return;
    for (unsigned category = first; category <= last; category++)
        set->bits[category / BITS] |= UINT64_C(1) << (category % BITS);
}

static Categories categories_of(const char *context)
{
    const char *range = range_of(context);
    const char *high = range ? strchr(range, '-') : NULL;
    const char *level = high ? high + 1 : range;
    const char *names = level ? strchr(level, ':') : NULL;
    g_auto(GStrv) words = names ? g_strsplit(names + 1, ",", -1) : NULL;
    Categories set = { 0 };

    for (size_t i = 0; words && words[i]; i++)
        add_word(&set, words[i]);
    return set;
}

/* One set contains the other. An empty one says nothing, and everything is meant to reach all. */
static bool overlap(const Categories *one, const Categories *other)
{
    unsigned n = count(one), m = count(other);

    if (n == 0 || m == 0 || n == N_CATEGORIES || m == N_CATEGORIES)
        return false;
    return contains(one, other) || contains(other, one);
}

bool mcs_overlap(const char *context, const char *other)
{
    Categories one = categories_of(context), two = categories_of(other);

    return overlap(&one, &two);
}

/* ---- choosing -------------------------------------------------------------------------------- */

typedef struct Choice {
    unsigned numbers[N_CATEGORIES]; /* to choose from */
    unsigned n;
    GArray *taken; /* Categories */
} Choice;

static bool is_free(const Choice *choice, unsigned a, unsigned b)
{
    Categories pair = { 0 };

    pair.bits[a / BITS] |= UINT64_C(1) << (a % BITS);
    pair.bits[b / BITS] |= UINT64_C(1) << (b % BITS);
    for (guint i = 0; i < choice->taken->len; i++)
        if (overlap(&pair, &g_array_index(choice->taken, Categories, i)))
            return false;
    return true;
}

static void choice_init(Choice *choice, const McsWish *wish)
{
    Categories own = categories_of(wish->own);
    bool any = count(&own) < 2;

    choice->n = 0;
    for (unsigned i = 0; i < N_CATEGORIES; i++)
        if (any || has(&own, i))
            choice->numbers[choice->n++] = i;
    choice->taken = g_array_new(FALSE, FALSE, sizeof(Categories));
    for (guint i = 0; wish->taken && i < wish->taken->len; i++) {
        Categories set = categories_of(wish->taken->pdata[i]);

        g_array_append_val(choice->taken, set);
    }
}

static unsigned pick(const McsWish *wish, unsigned below)
{
    return wish->choose ? wish->choose(below, wish->data)
                        : (unsigned)g_random_int_range(0, (int)below);
}

/* By chance; where chance does not help, in order. */
static bool find_pair(const Choice *choice, const McsWish *wish, unsigned *ret_a, unsigned *ret_b)
{
    for (int i = 0; i < TRIES; i++) {
        *ret_a = choice->numbers[pick(wish, choice->n)];
        *ret_b = choice->numbers[pick(wish, choice->n)];
        if (*ret_a != *ret_b && is_free(choice, *ret_a, *ret_b))
            return true;
    }
    for (unsigned i = 0; i < choice->n; i++)
        for (unsigned j = 0; j < i; j++) {
            *ret_a = choice->numbers[i];
            *ret_b = choice->numbers[j];
            if (is_free(choice, *ret_a, *ret_b))
                return true;
        }
    return false;
}

/* user:role:type:sensitivity of the low level. */
static char *stem_of(const char *base, const char *range)
{
    return g_strndup(base, (size_t)(range - base) + strcspn(range, ":-"));
}

bool mcs_make(const char *base, const McsWish *wish, char **ret_context, GError **err)
{
    const char *range = range_of(base);
    g_autofree char *stem = NULL;
    unsigned a, b;
    Choice choice;
    bool found;

    if (!range)
        return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                    _("'%s' has no level, so that containers cannot be kept apart by categories"),
                    base);
    choice_init(&choice, wish);
    found = find_pair(&choice, wish, &a, &b);
    g_array_unref(choice.taken);
    if (!found)
        return fail(err, ERR(SECURITY, OPERATION_FAILED),
                    _("no pair of categories is left for a label of '%s'"), base);
    stem = stem_of(base, range);
    *ret_context = g_strdup_printf("%s:c%u,c%u", stem, MIN(a, b), MAX(a, b));
    return true;
}

char *mcs_same_level(const char *base, const char *label)
{
    const char *range = range_of(base), *level = range_of(label);

    if (!range || !level)
        return g_strdup(base);
    return g_strdup_printf("%.*s%s", (int)(range - base), base, level);
}
