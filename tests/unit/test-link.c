// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Links are what the plan says, on both ends, and leave nothing behind.
 */
#include "net/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "link-kit.h"

static void test_bridged_link_is_born_complete(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 1);
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.mtu = 1400;
    plan.isolated = true;
    name = create(&plan, inside);
    g_assert_cmpstr(name, ==, "vnet0");
    assert_prints(HERE, "ip -d -o link show vnet0", "master br0");
    assert_prints(HERE, "ip -d -o link show vnet0", "fe:54:00:11:22:01");
    assert_prints(HERE, "ip -d -o link show vnet0", "mtu 1400");
    assert_prints(HERE, "ip -d -o link show vnet0", "isolated on");
    assert_prints(HERE, "ip -o link show vnet0", ",UP");
    assert_prints_not(HERE, "ip -o -6 addr show dev vnet0", "inet6");
    assert_prints(inside, "ip -o link show eth0", "52:54:00:11:22:01");
    assert_prints(inside, "ip -o link show eth0", "mtu 1400");
    assert_prints_not(inside, "ip -o link show eth0", ",UP");
    assert_prints_not(inside, "ip -o link show lo", ",UP");
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints(inside, "ip -o link show eth0", ",UP,LOWER_UP");
    assert_prints(inside, "ip -o link show lo", ",UP");
    remove_link(name, &plan);
    assert_prints_not(inside, "ip -o link", "eth0");
}

static void test_link_that_nobody_asked_up_stays_down(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "quiet0", 2);
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.up = false;
    name = create(&plan, inside);
    g_assert_cmpstr(name, ==, "quiet0");
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints_not(inside, "ip -o link show eth0", ",UP");
    assert_prints(inside, "ip -o link show lo", ",UP");
    remove_link(name, &plan);
}

static void test_link_state_down_means_no_carrier(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 3);
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.host_down = true;
    name = create(&plan, inside);
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints_not(HERE, "ip -o link show vnet0", ",UP");
    assert_prints_not(inside, "ip -o link show eth0", "LOWER_UP");
    remove_link(name, &plan);
}

static void test_addresses_and_routes_inside(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 4);
    PlanAddress addresses[] = { ipv4("10.77.0.5", 24), ipv6("fd77::5", 64), ipv4("192.0.2.1", 32) };
    PlanRoute routes[] = { route(PLAN_FAMILY_IPV4, "0.0.0.0", 0, "10.77.0.1"),
                           route(PLAN_FAMILY_IPV4, "198.51.100.0", 24, "10.77.0.2"),
                           route(PLAN_FAMILY_IPV6, "::", 0, "fd77::1") };
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    addresses[2].has_peer = true;
    g_assert_cmpint(inet_pton(AF_INET, "192.0.2.9", addresses[2].peer), ==, 1);
    routes[1].metric = 50;
    plan.addresses.items = addresses;
    plan.addresses.len = G_N_ELEMENTS(addresses);
    plan.routes.items = routes;
    plan.routes.len = G_N_ELEMENTS(routes);
    name = create(&plan, inside);
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints(inside, "ip -o addr show dev eth0", "inet 10.77.0.5/24 brd 10.77.0.255");
    assert_prints(inside, "ip -o addr show dev eth0", "inet6 fd77::5/64 scope global nodad");
    assert_prints(inside, "ip -o addr show dev eth0", "inet 192.0.2.1 peer 192.0.2.9/32");
    assert_prints(inside, "ip route", "default via 10.77.0.1 dev eth0");
    assert_prints(inside, "ip route", "198.51.100.0/24 via 10.77.0.2 dev eth0 metric 50");
    assert_prints(inside, "ip -6 route", "default via fd77::1 dev eth0");
    remove_link(name, &plan);
}

static void test_two_containers_reach_each_other(void)
{
    autofd int first = new_netns();
    autofd int second = new_netns();
    PlanLink plans[] = { bridged("br0", "", 5), bridged("br0", "", 6) };
    PlanAddress addresses[] = { ipv4("10.77.0.5", 24), ipv4("10.77.0.6", 24) };
    int netns[] = { first, second };
    char *names[2] = { NULL };
    g_autoptr(GError) err = NULL;
    LinkStats stats;

    for (int i = 0; i < 2; i++) {
        plans[i].addresses.items = &addresses[i];
        plans[i].addresses.len = 1;
        names[i] = create(&plans[i], netns[i]);
        link_configure_inside(&plans[i], 1, netns[i], &err);
        g_assert_no_error(err);
    }
    g_assert_cmpstr(names[1], ==, "vnet1");
    run(first, "busybox ping -c 3 -i 0.01 -W 5 -q 10.77.0.6");
    link_stats(names[0], &stats, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(stats.rx_packets, >=, 3);
    g_assert_cmpuint(stats.tx_packets, >=, 3);
    g_assert_cmpuint(stats.rx_bytes, >=, 3 * 84);
    for (int i = 0; i < 2; i++) {
        remove_link(names[i], &plans[i]);
        g_free(names[i]);
    }
}

static void test_ethernet_leaves_the_host_end_free(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("", "web0", 7);
    PlanAddress address = ipv4("10.78.0.2", 24);
    PlanAddress host_address = ipv4("10.78.0.1", 24);
    PlanRoute host_route = route(PLAN_FAMILY_IPV4, "203.0.113.0", 24, "10.78.0.2");
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.kind = PLAN_LINK_ETHERNET;
    plan.addresses.items = &address;
    plan.addresses.len = 1;
    plan.host_addresses.items = &host_address;
    plan.host_addresses.len = 1;
    plan.host_routes.items = &host_route;
    plan.host_routes.len = 1;
    name = create(&plan, inside);
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints_not(HERE, "ip -o link show web0", "master");
    assert_prints(HERE, "ip -o addr show dev web0", "10.78.0.1/24");
    assert_prints(HERE, "ip route", "203.0.113.0/24 via 10.78.0.2 dev web0");
    if (access("/proc/sys/net/ipv6/conf/web0", F_OK) == 0)
        assert_prints(HERE, "cat /proc/sys/net/ipv6/conf/web0/accept_ra", "0");
    run(HERE, "busybox ping -c 1 -W 5 -q 10.78.0.2");
    remove_link(name, &plan);
}

static void note_neighbour(const char *address, bool is_ipv6, void *data)
{
    g_string_append_printf(data, "%s/%d ", address, is_ipv6);
}

static void test_neighbours_are_found_by_mac(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 8);
    PlanAddress addresses[] = { ipv4("10.77.0.8", 24), ipv6("fd77::8", 64) };
    const uint8_t stranger[6] = { 0x52, 0x54, 0, 9, 9, 9 };
    g_autoptr(GString) seen = g_string_new("");
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.addresses.items = addresses;
    plan.addresses.len = 2;
    name = create(&plan, inside);
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    run(HERE, "busybox ping -c 1 -W 5 -q 10.77.0.8");
    run(HERE, "ip neigh add 10.77.0.99 lladdr 52:54:00:11:22:99 nud failed dev br0");
    run(HERE, "ip neigh add fd77::8 lladdr 52:54:00:11:22:08 nud stale dev br0");
    link_neighbours(plan.mac, note_neighbour, seen, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(seen->str, ==, "10.77.0.8/0 fd77::8/1 ");
    g_string_truncate(seen, 0);
    link_neighbours(stranger, note_neighbour, seen, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(seen->str, ==, "");
    remove_link(name, &plan);
}

static void note_address(const LinkAddress *address, void *data)
{
    g_string_append_printf(data, "%s %02x %s/%u\n", address->name, address->mac[5],
                           address->address ? address->address : "-", address->prefix);
}

static void test_addresses_are_read_back_from_inside(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 9);
    PlanAddress address = ipv4("10.77.0.9", 24);
    g_autoptr(GString) seen = g_string_new("");
    g_autofree char *name = NULL;
    g_autoptr(GError) err = NULL;

    plan.addresses.items = &address;
    plan.addresses.len = 1;
    name = create(&plan, inside);
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    run(inside, "ip addr add 192.0.2.7 peer 192.0.2.8/32 dev eth0");
    link_addresses_inside(inside, note_address, seen, &err);
    g_assert_no_error(err);
    g_assert_nonnull(strstr(seen->str, "lo 00 127.0.0.1/8\n"));
    g_assert_nonnull(strstr(seen->str, "eth0 09 10.77.0.9/24\n"));
    g_assert_nonnull(strstr(seen->str, "eth0 09 192.0.2.7/32\n"));
    remove_link(name, &plan);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void test_failures_name_what_is_wrong(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("nobridge", "", 10);
    PlanRoute unreachable = route(PLAN_FAMILY_IPV4, "203.0.113.0", 24, "10.99.0.1");
    PlanAddress twice[] = { ipv4("10.79.0.1", 24), ipv4("10.79.0.1", 24) };

    expect_failure(&plan, inside, "cannot find bridge 'nobridge': No such device");
    plan.bridge = (char *)"plain0";
    expect_failure(&plan, inside, "'plain0' is not a bridge");
    plan.bridge = (char *)"br0";
    plan.host_name = (char *)"plain0";
    expect_failure(&plan, inside, "cannot make the interface 'plain0': File exists");
    plan.host_name = (char *)"";
    plan.guest_name = (char *)"lo";
    expect_failure(&plan, inside,
                   "cannot make the interface 'lo' inside the container: File exists");
    plan.guest_name = (char *)"much-too-long-name";
    expect_failure(&plan, inside,
                   "interface name 'much-too-long-name' is longer than 15 characters");
    plan.guest_name = (char *)"eth0";
    plan.kind = PLAN_LINK_ETHERNET;
    plan.host_name = (char *)"web1";
    plan.host_routes.items = &unreachable;
    plan.host_routes.len = 1;
    expect_failure(&plan, inside,
                   "cannot add to 'web1' the route to '203.0.113.0/24' by way of '10.99.0.1': "
                   "*Network is unreachable");
    plan.host_routes.len = 0;
    plan.host_addresses.items = twice;
    plan.host_addresses.len = 2;
    expect_failure(&plan, inside,
                   "cannot give 'web1' the address '10.79.0.1/24': "
                   "*File exists");
}

static void test_missing_device_inside_is_an_error(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 11);
    g_autoptr(GError) err = NULL;

    g_assert_false(link_configure_inside(&plan, 1, inside, &err));
    g_assert_cmpstr(err->message, ==,
                    "cannot find the interface 'eth0' inside the container: No such device");
}

static void test_counters_of_a_missing_link(void)
{
    g_autoptr(GError) err = NULL;
    LinkStats stats;

    g_assert_false(link_stats("vnet99", &stats, &err));
    g_assert_cmpint(error_errno(err), ==, ENODEV);
}

static void test_removal_knows_its_link(void)
{
    autofd int inside = new_netns();
    PlanLink plan = bridged("br0", "", 12);
    PlanLink other = bridged("br0", "", 13);
    g_autofree char *name = create(&plan, inside);
    g_autoptr(GError) err = NULL;

    /* The name is another link's by now: that one stays. */
    other.host_name = name;
    link_remove(&other, &err);
    g_assert_no_error(err);
    g_assert_true(link_exists(name));
    remove_link(name, &plan);
    /* And once more: gone is fine. */
    remove_link(name, &plan);
    remove_link("a-name-that-no-link-can-have", &plan);
}

/* A namespace that dies takes the link along, without anybody removing it. */
static void test_link_dies_with_its_namespace(void)
{
    int inside = new_netns();
    PlanLink plan = bridged("br0", "", 15);
    g_autofree char *name = create(&plan, inside);
    autofd int watch = watch_links();

    fd_close(inside);
    wait_until_gone(watch, name);
}

/* ---- names --------------------------------------------------------------------------------- */

#define N_RACING 20

typedef struct Racer {
    PlanLink plan;
    int home; /* the thread's own host namespace */
    int inside;
    char *name;
    GError *err;
} Racer;

static gpointer race(gpointer data)
{
    Racer *racer = data;

    const LinkHome inside = { .netns_fd = racer->inside, .notes = notes_path() };

    if (setns(racer->home, CLONE_NEWNET) == 0)
        link_create(&racer->plan, &inside, &racer->name, &racer->err);
    return NULL;
}

static void test_starts_at_once_get_names_of_their_own(void)
{
    autofd int home = current_netns();
    Racer racers[N_RACING] = { 0 };
    GThread *threads[N_RACING];
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    run(HERE, "ip link add vnet3 type veth peer name other3");
    for (int i = 0; i < N_RACING; i++) {
        racers[i].plan = bridged("br0", "", (uint8_t)(100 + i));
        racers[i].home = home;
        racers[i].inside = new_netns();
    }
    for (int i = 0; i < N_RACING; i++)
        threads[i] = g_thread_new("race", race, &racers[i]);
    for (int i = 0; i < N_RACING; i++)
        g_thread_join(threads[i]);
    for (int i = 0; i < N_RACING; i++) {
        g_autofree char *command = g_strdup_printf("ip -o link show %s", racers[i].name);
        g_autofree char *mac = g_strdup_printf("fe:54:00:11:22:%02x", 100 + i);
        g_assert_no_error(racers[i].err);
        g_assert_cmpstr(racers[i].name, !=, "vnet3");
        g_assert_true(g_hash_table_add(names, racers[i].name));
        assert_prints(HERE, command, mac);
    }
    for (int i = 0; i < N_RACING; i++) {
        remove_link(racers[i].name, &racers[i].plan);
        fd_close(racers[i].inside);
        g_free(racers[i].name);
    }
    run(HERE, "ip link del vnet3");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    enter_test_host();
    run(HERE, "ip link set lo up && ip link add br0 type bridge && ip link set br0 up && "
              "ip addr add 10.77.0.1/24 dev br0 && ip addr add fd77::1/64 dev br0 nodad && "
              "ip link add plain0 type veth peer name plain1");
    g_test_add_func("/link/bridged", test_bridged_link_is_born_complete);
    g_test_add_func("/link/stays-down", test_link_that_nobody_asked_up_stays_down);
    g_test_add_func("/link/no-carrier", test_link_state_down_means_no_carrier);
    g_test_add_func("/link/addresses", test_addresses_and_routes_inside);
    g_test_add_func("/link/reach", test_two_containers_reach_each_other);
    g_test_add_func("/link/ethernet", test_ethernet_leaves_the_host_end_free);
    g_test_add_func("/link/neighbours", test_neighbours_are_found_by_mac);
    g_test_add_func("/link/read-back", test_addresses_are_read_back_from_inside);
    g_test_add_func("/link/failures", test_failures_name_what_is_wrong);
    g_test_add_func("/link/missing-inside", test_missing_device_inside_is_an_error);
    g_test_add_func("/link/missing-counters", test_counters_of_a_missing_link);
    g_test_add_func("/link/remove", test_removal_knows_its_link);
    g_test_add_func("/link/dies-along", test_link_dies_with_its_namespace);
    g_test_add_func("/link/names", test_starts_at_once_get_names_of_their_own);
    return g_test_run();
}
