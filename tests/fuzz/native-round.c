// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See native-round.h. */
#include "native-round.h"

#include <stdlib.h>
#include <string.h>

#include "conf/native.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

/* UUIDs are made up where the text has none. */
static DomainDef *import(const char *format, const char *text)
{
    g_auto(NativeDomain) domain = { 0 };
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    if (!native_import(format, text, &host, &domain, &err)) {
        REQUIRE(err && *err->message);
        return NULL;
    }
    REQUIRE(domain_def_parse(domain.xml, DOMAIN_DEF_INACTIVE, &host, &def, NULL));
    memset(def->uuid, 0, sizeof(def->uuid));
    return def;
}

/* NULL: the format has no way to say it, or it could not start. */
static char *export(const char *format, const DomainDef *def)
{
    g_autoptr(GError) err = NULL;
    char *text = NULL;

    if (!native_export(format, def, &host, &text, &err)) {
        REQUIRE(err && *err->message);
        return NULL;
    }
    return text;
}

/* NULL: it could not start. */
static char *plan_of(const DomainDef *def)
{
    g_autoptr(Plan) plan = NULL;

    return domain_def_compile(def, &host, &plan, NULL) ? domain_def_plan_print(plan) : NULL;
}

static void check_same(const DomainDef *first, const DomainDef *second)
{
    g_autofree char *plan = plan_of(first);
    g_autofree char *second_plan = plan_of(second);

    REQUIRE(g_strcmp0(plan, second_plan) == 0);
}

static void check_rounds(const char *format, const char *text, const char *lost)
{
    g_autoptr(DomainDef) first = import(format, text);
    g_autoptr(DomainDef) second = NULL;
    g_autofree char *once = first ? export(format, first) : NULL;
    g_autofree char *twice = NULL;
    g_autoptr(DomainDef) third = NULL;
    g_autofree char *thrice = NULL;

    if (!once)
        return;
    second = import(format, once);
    REQUIRE(second);
    twice = export(format, second);
    REQUIRE(twice);
    third = import(format, twice);
    REQUIRE(third);
    thrice = export(format, third);
    REQUIRE(thrice && strcmp(twice, thrice) == 0);
    if (lost && !strstr(once, lost))
        check_same(first, second);
}

void native_round_same(const char *format, const char *lost, const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    check_rounds(format, text, lost);
}

void native_round(const char *format, const uint8_t *data, size_t size)
{
    native_round_same(format, NULL, data, size);
}
