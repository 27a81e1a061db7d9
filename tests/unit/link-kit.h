// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the tests of src/net share. Each moves into network and mount namespaces of its own, which
 * play the host, and makes further ones, which play containers. What the code did is looked at with
 * ip(8), not with the code under test.
 */
#pragma once

#include "net/link.h"

#include <string.h>

#define HERE (-1)

/* Ends the program, as skipped, where it cannot be. */
void enter_test_host(void);

/* What a shell command prints, run in the namespace `netns`; it must succeed. */
char *shell(int netns, const char *command);
void run(int netns, const char *command);
bool succeeds(const char *command);

#define assert_prints(netns, command, part)                                                        \
    do {                                                                                           \
        g_autofree char *printed = shell(netns, command);                                          \
        if (!strstr(printed, part))                                                                \
            g_error("no '%s' in what '%s' prints: %s", part, command, printed);                    \
    } while (0)

#define assert_prints_not(netns, command, part)                                                    \
    do {                                                                                           \
        g_autofree char *printed = shell(netns, command);                                          \
        if (strstr(printed, part))                                                                 \
            g_error("there is '%s' in what '%s' prints: %s", part, command, printed);              \
    } while (0)

int current_netns(void);
int new_netns(void);

/* A link plan; the strings are borrowed. */
PlanLink link_plan(PlanLinkKind kind, uint8_t last_byte);
PlanLink bridged(const char *bridge, const char *host_name, uint8_t last_byte);
PlanAddress ipv4(const char *text, unsigned prefix);
PlanAddress ipv6(const char *text, unsigned prefix);
PlanRoute route(PlanFamily family, const char *to, unsigned prefix, const char *gateway);

/* The place for notes, the same in all tests of a program. */
const char *notes_path(void);

/* Both must succeed. NULL: the link has no host end. */
char *create(const PlanLink *plan, int netns);
void remove_link(const char *name, const PlanLink *plan);

/* `pattern` has * where newer kernels say more than older ones. The second says that nothing is
 * left on the host, without anybody's clearing up. */
void expect_message(const PlanLink *plan, int netns, const char *pattern);
void expect_failure(const PlanLink *plan, int netns, const char *pattern);

/* A socket on which the kernel tells about links of this namespace from now on. */
int watch_links(void);
void wait_until_gone(int watch, const char *name);
