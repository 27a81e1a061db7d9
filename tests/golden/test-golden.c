// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Golden cases: a folder with in.xml, and what has to come of it: out.xml (the definition printed
 * back), plan.txt and messages.txt (what was not known and left out), or error.txt (code, domain,
 * text). A folder with a live.xml shows what a running domain prints as well; one with an out.xml
 * what is printed of a definition that is understood but has no plan. Every out.xml and
 * live.xml is also read back and has to print the same again, and to be valid by libvirt's schema
 * and by our own, where the machine has libvirt's. Where libvirt's own output is not, the folder
 * has a file called off-schema with the reason.
 *
 * Run with REGENERATE=1 to write what comes out now, then look at the difference.
 */
#include "golden.h"

#include <string.h>

#include "base/error.h"
#include "conf/domain-def.h"
#include "conf/schema.h"

static DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

static bool has_schema(void)
{
    return g_file_test(SCHEMA_DOMAIN, G_FILE_TEST_EXISTS);
}

/* `same` is what became of the definition that is printed as `text`. */
static void check_same(const DomainDef *def, const DomainDef *same, const char *text,
                       DomainDefFlags flags)
{
    g_autofree char *printed = domain_def_format(same, flags);

    g_assert_cmpstr(printed, ==, text);
    g_assert_true(domain_def_equal(def, same));
    g_assert_cmpuint(def->left_out.n, ==, same->left_out.n);
    for (size_t i = 0; i < def->left_out.n; i++)
        g_assert_cmpstr(def->left_out.items[i], ==, same->left_out.items[i]);
}

/* Printing, reading back and printing again changes nothing; nor does copying, nor folding. */
static void check_fixed_point(const DomainDef *def, const char *text, DomainDefFlags flags)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(DomainDef) again = NULL;
    g_autoptr(DomainDef) copy = domain_def_copy(def);
    g_autofree FoldedDef *folded = domain_def_fold(def);
    g_autoptr(DomainDef) unfolded = domain_def_unfold(folded);
    g_autofree char *printed = NULL;

    domain_def_parse(text, flags, &host, &again, &err);
    g_assert_no_error(err);
    printed = domain_def_format(again, flags);
    g_assert_cmpstr(printed, ==, text);
    check_same(def, copy, text, flags);
    check_same(def, unfolded, text, flags);
}

/* What we print is in libvirt's vocabulary and in ours. */
static void check_schemas(const char *folder, const char *text, DomainDefFlags flags)
{
    g_autofree char *path = g_build_filename(folder, "../../../docs/virtlxcd.rng", NULL);
    g_autoptr(Schema) own = schema_new(path);
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(GError) err = NULL;

    (void)schema_check_text(own, text, &err); /* no error is what we want */
    g_assert_no_error(err);
    (void)domain_def_parse(text, flags | DOMAIN_DEF_VALIDATE, &host, &def, &err); /* likewise */
    if (err && !golden_has_file(folder, "off-schema"))
        g_error("%s: %s (does libvirt print it too? Say so in a file called off-schema)", folder,
                err->message);
    else if (!err && golden_has_file(folder, "off-schema") && has_schema())
        g_error("%s has a file called off-schema, but prints what is in the schema", folder);
    else if (err)
        g_assert_true(err && error_is(err, VIR_ERR_XML_INVALID_SCHEMA));
}

static char *live_text(const char *folder, const DomainDef *def)
{
    g_autoptr(DomainDef) live = NULL;
    char *text = NULL;

    if (!golden_has_file(folder, "live.xml"))
        return NULL;
    live = domain_def_copy(def);
    live->id = 4711;
    domain_def_make_live(live, &host);
    text = domain_def_format(live, DOMAIN_DEF_LIVE);
    check_fixed_point(live, text, DOMAIN_DEF_LIVE);
    check_schemas(folder, text, DOMAIN_DEF_LIVE);
    return text;
}

/* What the definition had to go without. */
static char *messages_text(const DomainDef *def)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < def->left_out.n; i++)
        g_string_append_printf(text, "%s\n", def->left_out.items[i]);
    return g_string_free(text, text->len == 0);
}

static DomainDefFlags flags_of(const char *folder)
{
    g_autofree char *name = g_path_get_basename(folder);

    return DOMAIN_DEF_INACTIVE | (g_str_has_prefix(name, "validate-") ? DOMAIN_DEF_VALIDATE : 0);
}

static void test_case(const void *data)
{
    const char *folder = data;
    g_autofree char *path = g_build_filename(folder, "in.xml", NULL);
    g_autofree char *xml = NULL;
    g_autofree char *out = NULL;
    g_autofree char *live = NULL;
    g_autofree char *printed = NULL;
    g_autofree char *messages = NULL;
    g_autofree char *error = NULL;
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;

    if (flags_of(folder) & DOMAIN_DEF_VALIDATE && !has_schema()) {
        g_test_skip("libvirt's schema is not installed");
        return;
    }
    g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
    if (domain_def_parse(xml, flags_of(folder), &host, &def, &err) &&
        domain_def_compile(def, &host, &plan, &err))
        printed = domain_def_plan_print(plan);
    if (printed || (def && golden_has_file(folder, "out.xml"))) {
        out = domain_def_format(def, DOMAIN_DEF_INACTIVE);
        check_fixed_point(def, out, DOMAIN_DEF_INACTIVE);
        check_schemas(folder, out, DOMAIN_DEF_INACTIVE);
        live = live_text(folder, def);
        messages = messages_text(def);
    }
    if (err)
        error = golden_describe(err);
    golden_expect(folder, "out.xml", out);
    golden_expect(folder, "plan.txt", printed);
    golden_expect(folder, "live.xml", live);
    golden_expect(folder, "messages.txt", messages);
    golden_expect(folder, "error.txt", error);
}

int main(int argc, char **argv)
{
    const char *root = g_getenv("GOLDEN_DIR");
    g_autoptr(GDir) dir = NULL;
    const char *name = NULL;

    int result;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(root);
    host.schema = schema_new(SCHEMA_DOMAIN);
    dir = g_dir_open(root, 0, NULL);
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *in = g_build_filename(root, name, "in.xml", NULL);
        g_autofree char *path = g_strconcat("/golden/", name, NULL);

        if (g_file_test(in, G_FILE_TEST_EXISTS))
            g_test_add_data_func_full(path, g_build_filename(root, name, NULL), test_case, g_free);
    }
    result = g_test_run();
    schema_free(host.schema);
    return result;
}
