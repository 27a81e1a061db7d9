// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See link-kit.h. */
#include "link-kit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#define SKIPPED 77
#define NOTES_DIR "/run"

void enter_test_host(void)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", NOTES_DIR, "tmpfs", 0, NULL) < 0) {
        fprintf(stderr, "needs root: cannot make namespaces\n");
        exit(SKIPPED);
    }
}

const char *notes_path(void)
{
    return NOTES_DIR "/notes";
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static void enter(gpointer data)
{
    const int *netns = data;

    if (*netns != HERE && setns(*netns, CLONE_NEWNET) < 0)
        _exit(99);
}

char *shell(int netns, const char *command)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    g_autoptr(GError) err = NULL;
    char *out = NULL;
    int status = 0;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, enter, &netns, &out, NULL, &status,
                 &err);
    g_assert_no_error(err);
    if (!g_spawn_check_wait_status(status, &err))
        g_error("%s: %s", command, err->message);
    return g_strchomp(out);
}

void run(int netns, const char *command)
{
    g_free(shell(netns, command));
}

bool succeeds(const char *command)
{
    g_autofree char *line = g_strdup_printf("if %s >/dev/null 2>&1; then echo yes; fi", command);
    g_autofree char *answer = shell(HERE, line);

    return strcmp(answer, "yes") == 0;
}

/* ---- namespaces --------------------------------------------------------------------------------
 */

int current_netns(void)
{
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

int new_netns(void)
{
    autofd int home = current_netns();
    int made;

    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    made = current_netns();
    g_assert_cmpint(setns(home, CLONE_NEWNET), ==, 0);
    return made;
}

/* ---- plans -------------------------------------------------------------------------------------
 */

PlanLink link_plan(PlanLinkKind kind, uint8_t last_byte)
{
    char *none = (char *)"";

    return (PlanLink){
        .kind = kind,
        .network = none,
        .portgroup = none,
        .bridge = none,
        .host_name = none,
        .guest_name = (char *)"eth0",
        .mac = {0x52, 0x54, 0x00, 0x11, 0x22, last_byte},
        .up = true,
        .device = none,
        .port_type = none,
        .filter = none,
    };
}

PlanLink bridged(const char *bridge, const char *host_name, uint8_t last_byte)
{
    PlanLink plan = link_plan(PLAN_LINK_BRIDGE, last_byte);

    plan.bridge = (char *)bridge;
    plan.host_name = (char *)host_name;
    return plan;
}

PlanAddress ipv4(const char *text, unsigned prefix)
{
    PlanAddress address = { .family = PLAN_FAMILY_IPV4, .prefix = prefix };

    g_assert_cmpint(inet_pton(AF_INET, text, address.address), ==, 1);
    return address;
}

PlanAddress ipv6(const char *text, unsigned prefix)
{
    PlanAddress address = { .family = PLAN_FAMILY_IPV6, .prefix = prefix };

    g_assert_cmpint(inet_pton(AF_INET6, text, address.address), ==, 1);
    return address;
}

PlanRoute route(PlanFamily family, const char *to, unsigned prefix, const char *gateway)
{
    PlanRoute made = { .family = family, .prefix = prefix };
    int af = family == PLAN_FAMILY_IPV6 ? AF_INET6 : AF_INET;

    g_assert_cmpint(inet_pton(af, to, made.destination), ==, 1);
    g_assert_cmpint(inet_pton(af, gateway, made.gateway), ==, 1);
    return made;
}

/* ---- links -------------------------------------------------------------------------------------
 */

static LinkHome home_of(int netns)
{
    return (LinkHome){
        .netns_fd = netns, .uuid = {0xab, 0xcd},
             .notes = notes_path()
    };
}

char *create(const PlanLink *plan, int netns)
{
    const LinkHome home = home_of(netns);
    g_autoptr(GError) err = NULL;
    char *name = NULL;

    (void)link_create(plan, &home, &name, &err); /* err tells */
    g_assert_no_error(err);
    return name;
}

void remove_link(const char *name, const PlanLink *plan)
{
    PlanLink named = *plan;
    g_autoptr(GError) err = NULL;

    named.host_name = (char *)name;
    link_remove(&named, &err);
    g_assert_no_error(err);
    g_assert_false(link_exists(name));
}

void expect_message(const PlanLink *plan, int netns, const char *pattern)
{
    const LinkHome home = home_of(netns);
    g_autoptr(GError) err = NULL;
    char *name = NULL;

    g_assert_false(link_create(plan, &home, &name, &err));
    g_assert_null(name);
    if (!g_pattern_match_simple(pattern, err->message))
        g_error("'%s' is not '%s'", err->message, pattern);
}

void expect_failure(const PlanLink *plan, int netns, const char *pattern)
{
    g_autofree char *before = shell(HERE, "ip -o link | wc -l");
    g_autofree char *after = NULL;

    expect_message(plan, netns, pattern);
    after = shell(HERE, "ip -o link | wc -l");
    g_assert_cmpstr(before, ==, after);
}

int watch_links(void)
{
    const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
    int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    g_assert_cmpint(bind(sock, (const struct sockaddr *)&address, sizeof address), ==, 0);
    return sock;
}

void wait_until_gone(int watch, const char *name)
{
    while (link_exists(name)) {
        char buffer[16384];
        g_assert_cmpint(recv(watch, buffer, sizeof buffer, 0), >, 0);
    }
}
