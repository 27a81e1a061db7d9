// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See understood.h. */
#include "understood.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s does not hold for:\n%s\n", #condition, xml);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

static void check_plan(const DomainDef *def, const char *xml)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *printed = NULL;

    if (!domain_def_compile(def, &host, &plan, &err)) {
        REQUIRE(err && *err->message);
        return;
    }
    printed = domain_def_plan_print(plan);
    REQUIRE(printed);
}

static void check_definition(const DomainDef *def, DomainDefFlags flags, const char *xml)
{
    g_autofree char *text = domain_def_format(def, flags);
    g_autofree char *again_text = NULL;
    g_autoptr(DomainDef) again = NULL;
    g_autoptr(DomainDef) copy = domain_def_copy(def);
    g_autofree FoldedDef *folded = domain_def_fold(def);
    g_autoptr(DomainDef) unfolded = domain_def_unfold(folded);

    REQUIRE(domain_def_equal(def, copy));
    REQUIRE(domain_def_equal(def, unfolded));
    domain_def_make_live(copy, &host);
    REQUIRE(domain_def_parse(text, flags, &host, &again, NULL));
    REQUIRE(domain_def_equal(def, again));
    again_text = domain_def_format(again, flags);
    REQUIRE(strcmp(text, again_text) == 0);
    check_plan(def, xml);
}

bool understood_check(const char *xml, DomainDefFlags flags)
{
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(GError) err = NULL;

    if (!domain_def_parse(xml, flags, &host, &def, &err)) {
        REQUIRE(err && *err->message);
        return false;
    }
    check_definition(def, flags, xml);
    return true;
}
