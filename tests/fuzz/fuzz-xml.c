// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Whatever text is given as a domain definition is either refused with an error or understood; what
 * was understood prints as a definition that reads and prints the same again, and a copy is equal.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/domain-def.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

static void check_plan(const DomainDef *def)
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

static void check_understood(const DomainDef *def, DomainDefFlags flags)
{
    g_autofree char *text = domain_def_format(def, flags);
    g_autofree char *again_text = NULL;
    g_autoptr(DomainDef) again = NULL;
    g_autoptr(DomainDef) copy = domain_def_copy(def);

    REQUIRE(domain_def_equal(def, copy));
    domain_def_make_live(copy, &host);
    REQUIRE(domain_def_parse(text, flags, &host, &again, NULL));
    again_text = domain_def_format(again, flags);
    REQUIRE(strcmp(text, again_text) == 0);
    check_plan(def);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DomainDefFlags flags = size && data[size - 1] & 1 ? DOMAIN_DEF_INACTIVE : DOMAIN_DEF_LIVE;
    g_autofree char *xml = g_strndup((const char *)data, size);
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(GError) err = NULL;

    if (domain_def_parse(xml, flags, &host, &def, &err))
        check_understood(def, flags);
    else
        REQUIRE(err && *err->message);
    return 0;
}
