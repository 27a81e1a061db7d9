// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* An error keeps its libvirt code, its origin, its errno and its sentence, whoever hands it on. */
#include "base/error.h"

#include <errno.h>

static void test_parts(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(fail(&err, ERR(DOMAIN, XML_ERROR), "invalid name '%s'", "a/b"));
    g_assert_true(error_is(err, VIR_ERR_XML_ERROR));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_XML_ERROR);
    g_assert_cmpint(error_from(err), ==, VIR_FROM_DOMAIN);
    g_assert_cmpint(error_errno(err), ==, 0);
    g_assert_cmpstr(err->message, ==, "invalid name 'a/b'");
}

static void test_system_error(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(fail_errno(&err, ENOENT, "cannot open '%s'", "/x"));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpint(error_from(err), ==, VIR_FROM_LXC);
    g_assert_cmpint(error_errno(err), ==, ENOENT);
    g_assert_true(g_str_has_prefix(err->message, "cannot open '/x': "));
}

static void test_context(void)
{
    g_autoptr(GError) err = NULL;

    fail_while(&err, "nothing is set, so nothing happens");
    g_assert_no_error(err);
    fail(&err, ERR(LXC, OPERATION_FAILED), "no such link");
    g_assert_false(fail_while(&err, "links"));
    g_assert_cmpstr(err->message, ==, "links: no such link");
    g_assert_cmpint(error_from(err), ==, VIR_FROM_LXC);
}

static void test_copy(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GError) copy = NULL;

    fail_remote(&err, VIR_FROM_NETWORK, VIR_ERR_NO_NETWORK, EPERM, "no network");
    copy = g_error_copy(err);
    g_assert_cmpint(error_from(copy), ==, VIR_FROM_NETWORK);
    g_assert_cmpint(error_code(copy), ==, VIR_ERR_NO_NETWORK);
    g_assert_cmpint(error_errno(copy), ==, EPERM);
}

static void test_foreign(void)
{
    g_autoptr(GError) err = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");

    g_assert_cmpint(error_code(err), ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpint(error_from(err), ==, VIR_FROM_LXC);
    g_assert_false(error_is(err, VIR_ERR_INTERNAL_ERROR));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/parts", test_parts);
    g_test_add_func("/error/system-error", test_system_error);
    g_test_add_func("/error/context", test_context);
    g_test_add_func("/error/copy", test_copy);
    g_test_add_func("/error/foreign", test_foreign);
    return g_test_run();
}
