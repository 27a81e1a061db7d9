// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A schema that is not there asks for nothing, one that is broken says so, none is fetched from the
 * network, and no document takes long.
 */
#include <glib/gstdio.h>
#include <time.h>

#include "base/error.h"
#include "conf/schema.h"

#define GRAMMAR                                                                                    \
    "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>%s"                                      \
    "<start><element name='a'><zeroOrMore><element name='b'><text/></element></zeroOrMore>"        \
    "</element></start></grammar>"

typedef struct Fixture {
    char *dir;
    char *path;
    Schema *schema;
} Fixture;

/* `text` NULL: no file. */
/* Microseconds of this process: what others do on the machine does not count. */
static gint64 cpu_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* it is there */
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static Fixture fixture_new(const char *text)
{
    Fixture fixture = { .dir = g_dir_make_tmp("test-schema-XXXXXX", NULL) };

    g_assert_nonnull(fixture.dir);
    fixture.path = g_build_filename(fixture.dir, "test.rng", NULL);
    if (text)
        g_assert_true(g_file_set_contents(fixture.path, text, -1, NULL));
    fixture.schema = schema_new(fixture.path);
    return fixture;
}

static void fixture_clear(Fixture *fixture)
{
    schema_free(fixture->schema);
    (void)g_remove(fixture->path); /* it may never have been there */
    g_assert_cmpint(g_rmdir(fixture->dir), ==, 0);
    g_free(fixture->path);
    g_free(fixture->dir);
}

static void refused(Fixture *fixture, const char *xml, int code, const char *pattern)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(schema_check_text(fixture->schema, xml, &err));
    g_assert_cmpint(error_from(err), ==, VIR_FROM_XML);
    g_assert_cmpint(error_code(err), ==, code);
    if (!g_pattern_match_simple(pattern, err->message))
        g_error("'%s' is not like '%s'", err->message, pattern);
}

static void accepted(Fixture *fixture, const char *xml)
{
    g_autoptr(GError) err = NULL;

    (void)schema_check_text(fixture->schema, xml, &err); /* looked at below */
    g_assert_no_error(err);
}

static void test_missing(void)
{
    Fixture fixture = fixture_new(NULL);
    g_autofree char *text = g_strdup_printf(GRAMMAR, "");

    accepted(&fixture, "<whatever/>");
    g_assert_true(g_file_set_contents(fixture.path, text, -1, NULL));
    refused(&fixture, "<whatever/>", VIR_ERR_XML_INVALID_SCHEMA, "*");
    fixture_clear(&fixture);
}

static void test_broken(void)
{
    Fixture fixture = fixture_new("<grammar>");
    g_autofree char *text = g_strdup_printf(GRAMMAR, "");

    refused(&fixture, "<a/>", VIR_ERR_INTERNAL_ERROR, "cannot read the schema '*test.rng': *");
    g_assert_true(g_file_set_contents(fixture.path, text, -1, NULL));
    accepted(&fixture, "<a/>");
    fixture_clear(&fixture);
}

static void test_network(void)
{
    g_autofree char *text = g_strdup_printf(GRAMMAR, "<include href='http://127.0.0.1:1/x.rng'/>");
    Fixture fixture = fixture_new(text);

    refused(&fixture, "<a/>", VIR_ERR_INTERNAL_ERROR, "*ttempt to load network entity*");
    fixture_clear(&fixture);
}

static void test_culprit(void)
{
    g_autofree char *text = g_strdup_printf(GRAMMAR, "");
    Fixture fixture = fixture_new(text);

    accepted(&fixture, "<a><b/><b>x</b></a>");
    refused(&fixture, "<a>\n<b/>\n<c/>\n</a>", VIR_ERR_XML_INVALID_SCHEMA,
            "*element <c> in <a> does not fit (line 3)\n*");
    refused(&fixture, "<a>\n<b/>\n<b x='1' y='2'/></a>", VIR_ERR_XML_INVALID_SCHEMA,
            "*element <b> in <a> does not fit (line 3)\n*");
    refused(&fixture, "<a>\n<b/>\n<b x='1'/></a>", VIR_ERR_XML_INVALID_SCHEMA,
            "*attribute 'x' of <b> does not fit (line 3)\n*");
    fixture_clear(&fixture);
}

static char *many(const char *part, unsigned n, const char *end)
{
    GString *text = g_string_new("<a>");

    for (unsigned i = 0; i < n; i++)
        g_string_append(text, part);
    return g_string_free(g_string_append(text, end), FALSE);
}

static void test_large(void)
{
    g_autofree char *text = g_strdup_printf(GRAMMAR, "");
    g_autofree char *long_list = many("<b/>\n", 30000, "</a>");
    g_autofree char *one_wrong = many("<b/>\n", 3000, "<c/></a>");
    g_autofree char *all_wrong = many("<c/>\n", 30000, "</a>");
    g_autofree char *too_many = many("<b/>\n", 100000, "</a>");
    Fixture fixture = fixture_new(text);
    gint64 start = cpu_time();

    accepted(&fixture, long_list);
    refused(&fixture, one_wrong, VIR_ERR_XML_INVALID_SCHEMA, "*");
    refused(&fixture, all_wrong, VIR_ERR_XML_INVALID_SCHEMA, "*");
    refused(&fixture, too_many, VIR_ERR_XML_INVALID_SCHEMA, "more than 32768 elements *");
    g_assert_cmpint(cpu_time() - start, <, 10 * G_USEC_PER_SEC);
    fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schema/missing", test_missing);
    g_test_add_func("/schema/broken", test_broken);
    g_test_add_func("/schema/network", test_network);
    g_test_add_func("/schema/culprit", test_culprit);
    g_test_add_func("/schema/large", test_large);
    return g_test_run();
}
