// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Microseconds of each step from text to plan, for one definition:
 *
 *     definition FILE ROUNDS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/domain-def.h"

static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

typedef struct Times {
    int64_t parse;
    int64_t format;
    int64_t compile;
} Times;

static void one_round(const char *xml, Times *times)
{
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;
    g_autofree char *text = NULL;
    int64_t start = g_get_monotonic_time(), parsed, formatted;

    if (!domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, NULL))
        exit(1);
    parsed = g_get_monotonic_time();
    text = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    formatted = g_get_monotonic_time();
    if (!domain_def_compile(def, &host, &plan, NULL))
        exit(1);
    times->parse += parsed - start;
    times->format += formatted - parsed;
    times->compile += g_get_monotonic_time() - formatted;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    Times times = { 0 };
    g_autofree char *xml = NULL;

    if (argc < 3 || rounds < 1 || !g_file_get_contents(argv[1], &xml, NULL, NULL)) {
        fputs("usage: definition FILE ROUNDS\n", stderr);
        return 2;
    }
    for (int i = 0; i < rounds; i++)
        one_round(xml, &times);
    printf("%.2f %.2f %.2f\n", (double)times.parse / rounds, (double)times.format / rounds,
           (double)times.compile / rounds);
    return 0;
}
