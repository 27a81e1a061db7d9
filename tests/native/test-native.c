// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Golden cases of other containers' configurations: FORMAT/CASE with what goes in, a configuration
 * (in.txt) or a domain (in.xml), and what comes out. A configuration becomes out.xml, and that
 * becomes back.txt; a domain becomes out.txt, and that becomes back.xml. Or error.txt is what comes
 * out. Whichever way it began: what has been there and back once goes there and back without a
 * change.
 *
 * A configuration of which everything can be said both ways is the same container after a round.
 *
 * Run with REGENERATE=1 to write what comes out now, then look at the difference.
 */
#include "golden.h"

#include <string.h>

#include "base/error.h"
#include "conf/native.h"

static const char *const security_models[] = { "selinux", "apparmor", NULL };
static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine",
                                    .security_models = security_models };

typedef struct Case {
    char *format;
    char *folder;
} Case;

static void case_free(void *data)
{
    Case *test = data;

    g_free(test->format);
    g_free(test->folder);
    g_free(test);
}

/* ---- one way --------------------------------------------------------------------------------- */

/* UUIDs are new each time. */
static void forget_uuids(char *text)
{
    static const char hyphens[] = "        -    -    -    -            ";

    for (char *at = text; *at; at++) {
        size_t i = 0;

        while (i < sizeof(hyphens) - 1 &&
               (hyphens[i] == '-' ? at[i] == '-' : g_ascii_isxdigit(at[i])))
            i++;
        for (size_t j = 0; i == sizeof(hyphens) - 1 && j < i; j++)
            at[j] = hyphens[j] == '-' ? '-' : '0';
    }
}

static char *import(const char *format, const char *text, GError **err)
{
    g_auto(NativeDomain) domain = { 0 };

    if (!native_import(format, text, &host, &domain, err))
        return NULL;
    forget_uuids(domain.xml);
    return g_steal_pointer(&domain.xml);
}

static char *export(const char *format, const char *xml, GError **err)
{
    g_autoptr(DomainDef) def = NULL;
    char *text = NULL;

    if (!domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, err) ||
        !native_export(format, def, &host, &text, err))
        return NULL;
    forget_uuids(text);
    return text;
}

/* Without the notes in front of it. */
static const char *domain_of(const char *xml)
{
    return strstr(xml, "<domain");
}

/* NULL: it could not start. */
static char *plan_of(const char *xml)
{
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;

    if (!domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, NULL))
        return NULL;
    memset(def->uuid, 0, sizeof(def->uuid)); /* a new one each time */
    if (!domain_def_compile(def, &host, &plan, NULL))
        return NULL;
    return domain_def_plan_print(plan);
}

/* Names the first line that differs. */
static void expect_same(const char *what, const char *got, const char *wanted)
{
    size_t line = 0;

    if (g_strcmp0(got, wanted) == 0)
        return;
    for (size_t i = 0; got && wanted && got[i] && got[i] == wanted[i]; i++)
        if (got[i] == '\n')
            line = i + 1;
    g_test_message("%s: '%.*s' instead of '%.*s'", what, got ? (int)strcspn(got + line, "\n") : 0,
                   got ? got + line : "", wanted ? (int)strcspn(wanted + line, "\n") : 0,
                   wanted ? wanted + line : "");
    g_test_fail();
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Both have come out of a round already. */
static void check_stable(const char *format, const char *text, const char *xml)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text_again = export(format, xml, &err);
    g_autofree char *xml_again = NULL;

    g_assert_no_error(err);
    expect_same("the next configuration", text_again, text);
    xml_again = import(format, text_again, &err);
    g_assert_no_error(err);
    expect_same("the next domain", domain_of(xml_again), domain_of(xml));
}

static void test_configuration(const Case *test, const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *xml = import(test->format, text, &err);
    g_autofree char *back = NULL;
    g_autofree char *error = NULL;

    if (xml) {
        g_autofree char *again = NULL;
        g_autofree char *stable = NULL;
        g_autofree char *plan = plan_of(xml);
        g_autofree char *plan_again = NULL;

        back = export(test->format, xml, &err);
        g_assert_no_error(err);
        again = import(test->format, back, &err);
        g_assert_no_error(err);
        stable = export(test->format, again, &err);
        check_stable(test->format, stable, again);
        plan_again = plan_of(again);
        if (!golden_has_file(test->folder, "loses"))
            expect_same("the plan after a round", plan_again, plan);
    } else {
        error = golden_describe(err);
    }
    golden_expect(test->folder, "out.xml", xml);
    golden_expect(test->folder, "back.txt", back);
    golden_expect(test->folder, "error.txt", error);
}

static void test_domain(const Case *test, const char *xml)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = export(test->format, xml, &err);
    g_autofree char *back = NULL;
    g_autofree char *error = NULL;

    if (text) {
        g_autofree char *stable = NULL;

        back = import(test->format, text, &err);
        g_assert_no_error(err);
        stable = export(test->format, back, &err);
        check_stable(test->format, stable, back);
    } else {
        error = golden_describe(err);
    }
    golden_expect(test->folder, "out.txt", text);
    golden_expect(test->folder, "back.xml", back);
    golden_expect(test->folder, "error.txt", error);
}

static void test_case(const void *data)
{
    const Case *test = data;
    g_autofree char *configuration = g_build_filename(test->folder, "in.txt", NULL);
    g_autofree char *domain = g_build_filename(test->folder, "in.xml", NULL);
    g_autofree char *text = NULL;

    g_random_set_seed(1); /* for the MAC addresses */
    if (g_file_get_contents(configuration, &text, NULL, NULL)) {
        test_configuration(test, text);
        return;
    }
    g_assert_true(g_file_get_contents(domain, &text, NULL, NULL));
    test_domain(test, text);
}

static void add_cases(const char *root, const char *format)
{
    g_autofree char *top = g_build_filename(root, format, NULL);
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    const char *name = NULL;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("/native/%s/%s", format, name);
        Case *test = g_new0(Case, 1);

        test->format = g_strdup(format);
        test->folder = g_build_filename(top, name, NULL);
        g_test_add_data_func_full(path, test, test_case, case_free);
    }
}

int main(int argc, char **argv)
{
    const char *root = g_getenv("NATIVE_DIR");
    g_autoptr(GDir) dir = NULL;
    const char *name = NULL;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(root);
    dir = g_dir_open(root, 0, NULL);
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)))
        add_cases(root, name);
    return g_test_run();
}
