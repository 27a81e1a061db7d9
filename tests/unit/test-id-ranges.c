// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Ranges of automatic id maps come from where subuid(5) says, overlap nobody's, and are remembered.
 */
#include <glib/gstdio.h>

#include "base/error.h"
#include "lxc_driver/id-ranges.h"

typedef struct Place {
    char *dir;
    char *kept;
    char *subuid;
    char *subgid;
} Place;

static void place_init(Place *place, const char *subuid, const char *subgid)
{
    place->dir = g_dir_make_tmp("id-ranges-XXXXXX", NULL);
    place->kept = g_build_filename(place->dir, "kept", NULL);
    place->subuid = g_build_filename(place->dir, "subuid", NULL);
    place->subgid = g_build_filename(place->dir, "subgid", NULL);
    if (subuid)
        g_assert_true(g_file_set_contents(place->subuid, subuid, -1, NULL));
    if (subgid)
        g_assert_true(g_file_set_contents(place->subgid, subgid, -1, NULL));
}

static void place_clear(Place *place)
{
    (void)g_unlink(place->kept); /* these may not be there */
    (void)g_unlink(place->subuid);
    (void)g_unlink(place->subgid);
    g_assert_cmpint(g_rmdir(place->dir), ==, 0);
    g_free(place->dir);
    g_free(place->kept);
    g_free(place->subuid);
    g_free(place->subgid);
}

static IdRanges *load(const Place *place)
{
    return id_ranges_load(&(IdRangesFiles){ place->kept, place->subuid, place->subgid });
}

static void expect(IdRanges *ranges, const char *name, uint32_t count, uint32_t start)
{
    g_autoptr(GError) err = NULL;
    uint32_t got = 0;

    id_ranges_take(ranges, &(IdRequest){ name, count, NULL }, &got, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(got, ==, start);
}

static void expect_none(IdRanges *ranges, const char *name, uint32_t count)
{
    g_autoptr(GError) err = NULL;
    uint32_t got = 0;

    g_assert_false(id_ranges_take(ranges, &(IdRequest){ name, count, NULL }, &got, &err));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_CONFIG_UNSUPPORTED);
}

static void test_no_files(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, NULL, NULL);
    ranges = load(&place);
    expect(ranges, "a", 65536, 1000000);
    expect(ranges, "b", 10, 1065536);
    expect(ranges, "a", 65536, 1000000);
    expect(ranges, "a", 100, 1000000);
    id_ranges_free(ranges);
    place_clear(&place);
}

static void test_ours_first(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, "root:200000:65536\nvirtlxcd:500000:1000\nnonsense\n",
               "root:200000:65536\nvirtlxcd:500500:1000\n");
    ranges = load(&place);
    expect(ranges, "a", 300, 500500); /* what both files have is 500500 to 500999 */
    expect(ranges, "b", 200, 500800);
    expect_none(ranges, "c", 1);
    id_ranges_release(ranges, "a");
    expect(ranges, "c", 1, 500500);
    id_ranges_free(ranges);
    place_clear(&place);
}

static void test_root_next(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, "joe:100000:65536\nroot:200000:65536\n", "root:200000:65536\n");
    ranges = load(&place);
    expect(ranges, "a", 65536, 200000);
    expect_none(ranges, "b", 65536);
    id_ranges_free(ranges);
    place_clear(&place);
}

static void test_others_left_alone(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, "joe:100000:65536\nann:1000000:65536\n",
               "joe:100000:65536\nann:1065536:10\n");
    ranges = load(&place);
    expect(ranges, "a", 65536, 1065546);
    id_ranges_free(ranges);
    place_clear(&place);
}

static void test_remembered(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, NULL, NULL);
    ranges = load(&place);
    expect(ranges, "first", 10, 1000000);
    expect(ranges, "with space", 10, 1000010);
    id_ranges_free(ranges);
    ranges = load(&place);
    expect(ranges, "third", 10, 1000020);
    expect(ranges, "with space", 10, 1000010);
    id_ranges_release(ranges, "first");
    id_ranges_free(ranges);
    ranges = load(&place);
    expect(ranges, "fourth", 10, 1000000);
    id_ranges_free(ranges);
    place_clear(&place);
}

/* Who wants more than there is keeps what it has, whatever others ask for then. */
static void test_kept_when_refused(void)
{
    Place place;
    IdRanges *ranges = NULL;

    place_init(&place, "virtlxcd:500000:1000\n", "virtlxcd:500000:1000\n");
    ranges = load(&place);
    expect(ranges, "a", 300, 500000);
    expect_none(ranges, "a", 2000);
    expect(ranges, "b", 300, 500300);
    expect(ranges, "a", 300, 500000);
    id_ranges_release(ranges, "b");
    expect(ranges, "a", 1000, 500000); /* what it has itself is free for it */
    expect_none(ranges, "b", 1);
    id_ranges_free(ranges);
    ranges = load(&place);
    expect(ranges, "a", 1000, 500000);
    id_ranges_free(ranges);
    place_clear(&place);
}

static void test_used(void)
{
    Place place;
    IdRanges *ranges = NULL;
    g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(IdRange));
    IdRange by_hand[] = {
        {1000100, 100    },
        { 0,      1000050}
    };
    uint32_t start = 0;

    g_array_append_vals(used, by_hand, 2);
    place_init(&place, NULL, NULL);
    ranges = load(&place);
    g_assert_true(id_ranges_take(ranges, &(IdRequest){ "small", 50, used }, &start, NULL));
    g_assert_cmpuint(start, ==, 1000050);
    g_assert_true(id_ranges_take(ranges, &(IdRequest){ "large", 51, used }, &start, NULL));
    g_assert_cmpuint(start, ==, 1000200);
    id_ranges_free(ranges);
    place_clear(&place);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/id-ranges/no-files", test_no_files);
    g_test_add_func("/id-ranges/ours-first", test_ours_first);
    g_test_add_func("/id-ranges/root-next", test_root_next);
    g_test_add_func("/id-ranges/others-left-alone", test_others_left_alone);
    g_test_add_func("/id-ranges/remembered", test_remembered);
    g_test_add_func("/id-ranges/kept-when-refused", test_kept_when_refused);
    g_test_add_func("/id-ranges/used", test_used);
    return g_test_run();
}
