// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See id-ranges.h. The file has a line for each container: start, count, name. */
#include "lxc_driver/id-ranges.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/file.h"

#define FIRST_FREE 1000000u
#define LAST 0xfffffffeu /* the largest is "no id" */

struct IdRanges {
    char *file;
    GHashTable *by_name; /* name -> IdRange */
    GArray *pool;        /* IdRange, ordered */
};

/* ---- subuid(5) ------------------------------------------------------------------------------- */

typedef struct Subordinate {
    GArray *ours;   /* of the user that counts */
    GArray *others; /* of everybody else */
} Subordinate;

static bool parse_line(const char *line, char **ret_user, IdRange *ret_range)
{
    g_auto(GStrv) parts = g_strsplit(line, ":", 3);
    guint64 start, count;

    if (g_strv_length(parts) != 3 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, LAST, &start, NULL) ||
        !g_ascii_string_to_unsigned(g_strstrip(parts[2]), 10, 1, LAST, &count, NULL) ||
        start + count - 1 > LAST)
        return false;
    *ret_user = g_strdup(parts[0]);
    *ret_range = (IdRange){ (uint32_t)start, (uint32_t)count };
    return true;
}

static GArray *ranges_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(IdRange));
}

static void read_subordinate(const char *path, const char *user, Subordinate *ret)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    *ret = (Subordinate){ ranges_new(), ranges_new() };
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *name = NULL;
        IdRange range;

        if (!parse_line(*line, &name, &range))
            continue;
        if (strcmp(name, user) == 0)
            g_array_append_val(ret->ours, range);
        else
            g_array_append_val(ret->others, range);
    }
}

static void clear_subordinate(Subordinate *subordinate)
{
    g_array_unref(subordinate->ours);
    g_array_unref(subordinate->others);
}

/* ---- arithmetic of ranges -------------------------------------------------------------------- */

static uint64_t end_of(const IdRange *range)
{
    return (uint64_t)range->start + range->count;
}

static int by_start(const void *a, const void *b)
{
    const IdRange *one = a, *other = b;

    return one->start < other->start ? -1 : one->start > other->start;
}

static const IdRange *at(const GArray *ranges, guint i)
{
    return &g_array_index(ranges, IdRange, i);
}

/* What is in both. */
static GArray *intersect(const GArray *a, const GArray *b)
{
    GArray *both = ranges_new();

    for (guint i = 0; i < a->len; i++)
        for (guint j = 0; j < b->len; j++) {
            uint64_t start = MAX(at(a, i)->start, at(b, j)->start);
            uint64_t end = MIN(end_of(at(a, i)), end_of(at(b, j)));
            IdRange range = { (uint32_t)start, (uint32_t)(end - start) };

            if (start < end)
                g_array_append_val(both, range);
        }
    return both;
}

/* The first `count` ids of the range that overlap none of `taken`, which is ordered. */
static bool find_room(const IdRange *range, uint32_t count, const GArray *taken,
                      uint32_t *ret_start)
{
    uint64_t start = range->start;

    for (guint i = 0; i < taken->len; i++) {
        const IdRange *other = at(taken, i);

        if (end_of(other) <= start)
            continue;
        if (other->start >= start + count)
            break;
        start = end_of(other);
    }
    if (start + count > end_of(range))
        return false;
    *ret_start = (uint32_t)start;
    return true;
}

/* ---- the pool -------------------------------------------------------------------------------- */

/* All above the users' ids, less what the files give to somebody. */
static GArray *free_for_all(const Subordinate *uids, const Subordinate *gids)
{
    g_autoptr(GArray) taken = ranges_new();
    GArray *pool = ranges_new();
    uint64_t start = FIRST_FREE;

    g_array_append_vals(taken, uids->others->data, uids->others->len);
    g_array_append_vals(taken, gids->others->data, gids->others->len);
    g_array_sort(taken, by_start);
    for (guint i = 0; i <= taken->len; i++) {
        uint64_t end = i < taken->len ? at(taken, i)->start : (uint64_t)LAST + 1;
        IdRange range = { (uint32_t)start, (uint32_t)(end - start) };

        if (end > start)
            g_array_append_val(pool, range);
        if (i < taken->len)
            start = MAX(start, end_of(at(taken, i)));
    }
    return pool;
}

static GArray *make_pool(const IdRangesFiles *files)
{
    static const char *const users[] = { "virtlxcd", "root" };
    GArray *pool = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(users) && !pool; i++) {
        bool last = i + 1 == G_N_ELEMENTS(users);
        Subordinate uids, gids;

        read_subordinate(files->subuid, users[i], &uids);
        read_subordinate(files->subgid, users[i], &gids);
        if (uids.ours->len && gids.ours->len)
            pool = intersect(uids.ours, gids.ours);
        else if (last)
            pool = free_for_all(&uids, &gids);
        clear_subordinate(&uids);
        clear_subordinate(&gids);
    }
    g_array_sort(pool, by_start);
    return pool;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void load_line(IdRanges *ranges, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, " ", 3);
    guint64 start, count;
    IdRange *range = NULL;

    if (g_strv_length(parts) != 3 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, LAST, &start, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, LAST, &count, NULL))
        return;
    range = g_new(IdRange, 1);
    *range = (IdRange){ (uint32_t)start, (uint32_t)count };
    g_hash_table_replace(ranges->by_name, g_strdup(parts[2]), range);
}

IdRanges *id_ranges_load(const IdRangesFiles *files)
{
    IdRanges *ranges = g_new0(IdRanges, 1);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    ranges->file = g_strdup(files->kept);
    ranges->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ranges->pool = make_pool(files);
    if (!g_file_get_contents(files->kept, &text, NULL, NULL))
        return ranges;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        load_line(ranges, *line);
    return ranges;
}

void id_ranges_free(IdRanges *ranges)
{
    if (!ranges)
        return;
    g_free(ranges->file);
    g_hash_table_unref(ranges->by_name);
    g_array_unref(ranges->pool);
    g_free(ranges);
}

static bool save(const IdRanges *ranges, GError **err)
{
    GString *text = g_string_new(NULL);
    GHashTableIter iter;
    void *name, *value;
    bool fine;

    g_hash_table_iter_init(&iter, ranges->by_name);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const IdRange *range = value;

        g_string_append_printf(text, "%" PRIu32 " %" PRIu32 " %s\n", range->start, range->count,
                               (char *)name);
    }
    fine = file_replace(ranges->file, text->str, FILE_FOR_THIS_BOOT, err);
    g_string_free(text, TRUE);
    return fine;
}

/* ---- taking and giving back ------------------------------------------------------------------ */

static GArray *taken_by_others(const IdRanges *ranges, const IdRequest *request)
{
    GArray *taken = ranges_new();
    GHashTableIter iter;
    void *name, *value;

    if (request->used)
        g_array_append_vals(taken, request->used->data, request->used->len);
    g_hash_table_iter_init(&iter, ranges->by_name);
    while (g_hash_table_iter_next(&iter, &name, &value))
        if (strcmp(name, request->name) != 0)
            g_array_append_vals(taken, value, 1);
    g_array_sort(taken, by_start);
    return taken;
}

static bool find_free(const IdRanges *ranges, const IdRequest *request, uint32_t *ret_start)
{
    g_autoptr(GArray) taken = taken_by_others(ranges, request);

    for (guint i = 0; i < ranges->pool->len; i++)
        if (find_room(at(ranges->pool, i), request->count, taken, ret_start))
            return true;
    return false;
}

static void put(IdRanges *ranges, const char *name, IdRange range)
{
    g_hash_table_replace(ranges->by_name, g_strdup(name), g_memdup2(&range, sizeof range));
}

/* A container that wants more than it has gets another range, or keeps what it has. */
bool id_ranges_take(IdRanges *ranges, const IdRequest *request, uint32_t *ret_start, GError **err)
{
    const IdRange *range = g_hash_table_lookup(ranges->by_name, request->name);
    IdRange before = range ? *range : (IdRange){ 0 };
    uint32_t start;

    if (before.count >= request->count) {
        *ret_start = before.start;
        return true;
    }
    if (!find_free(ranges, request, &start))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("no %" PRIu32 " free ids in a row for '%s': give the user 'virtlxcd' more in "
                      "/etc/subuid and /etc/subgid"),
                    request->count, request->name);
    put(ranges, request->name, (IdRange){ start, request->count });
    if (!save(ranges, err)) {
        if (before.count > 0)
            put(ranges, request->name, before);
        else
            g_hash_table_remove(ranges->by_name, request->name);
        return false;
    }
    *ret_start = start;
    return true;
}

void id_ranges_release(IdRanges *ranges, const char *name)
{
    g_autoptr(GError) why = NULL;

    if (g_hash_table_remove(ranges->by_name, name) && !save(ranges, &why))
        log_warning("%s", why->message); /* the range is not used again until the next save */
}
