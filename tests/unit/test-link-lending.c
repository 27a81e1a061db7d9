// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a container uses of the host's devices comes back as it was, whatever became of the
 * container and whatever it did to them.
 */
#include "net/link.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "link-kit.h"

/* A card with a cable: packets that leave by nic0 arrive at nic1. */
static void make_cards(void)
{
    run(HERE, "ip link add nic0 address 02:00:00:00:00:10 mtu 1480 type veth peer name nic1 && "
              "ip link set nic0 up && ip link set nic1 up && ip addr add 10.70.0.1/24 dev nic1");
}

static void remove_cards(void)
{
    run(HERE, "ip link del nic1");
}

static PlanLink direct(PlanMacvlanMode mode, uint8_t last_byte)
{
    PlanLink plan = link_plan(PLAN_LINK_DIRECT, last_byte);

    plan.device = (char *)"nic0";
    plan.macvlan = mode;
    return plan;
}

static void configure(const PlanLink *plan, int inside)
{
    g_autoptr(GError) err = NULL;

    link_configure_inside(plan, 1, inside, &err);
    g_assert_no_error(err);
}

static void assert_nothing_noted(void)
{
    static const char *const suffixes[] = { ".lent", ".netns" };

    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(notes_path(), suffixes[i], NULL);
        g_assert_cmpint(access(path, F_OK), <, 0);
    }
    assert_prints_not(HERE, "cat /proc/self/mountinfo", "nsfs");
}

static void recall(void)
{
    link_recall(notes_path());
    assert_nothing_noted();
}

/* ---- macvlan -----------------------------------------------------------------------------------
 */

static void test_macvlan_has_its_mode_and_address(void)
{
    static const struct {
        PlanMacvlanMode mode;
        const char *shown;
    } modes[] = {
        {PLAN_MACVLAN_VEPA,         "macvlan mode vepa"    },
        { PLAN_MACVLAN_BRIDGE,      "macvlan mode bridge"  },
        { PLAN_MACVLAN_PRIVATE,     "macvlan mode private" },
        { PLAN_MACVLAN_PASSTHROUGH, "macvlan mode passthru"}
    };

    make_cards();
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        autofd int inside = new_netns();
        PlanLink plan = direct(modes[i].mode, 1);
        PlanAddress address = ipv4("10.70.0.2", 24);

        plan.mtu = 1400;
        plan.addresses.items = &address;
        plan.addresses.len = 1;
        g_assert_null(create(&plan, inside));
        configure(&plan, inside);
        assert_prints(inside, "ip -d -o link show eth0", modes[i].shown);
        assert_prints(inside, "ip -d -o link show eth0", "52:54:00:11:22:01");
        assert_prints(inside, "ip -d -o link show eth0", "mtu 1400");
        run(inside, "busybox ping -c 1 -W 5 -q 10.70.0.1");
        recall();
        assert_prints_not(inside, "ip -o link", "eth0");
    }
    remove_cards();
}

/* Stock refuses that only because the last macvlan is still dying. */
static void test_next_start_may_be_at_once(void)
{
    make_cards();
    for (int i = 0; i < 5; i++) {
        autofd int inside = new_netns();
        PlanLink plan = direct(i % 2 ? PLAN_MACVLAN_BRIDGE : PLAN_MACVLAN_PASSTHROUGH, 2);

        g_assert_null(create(&plan, inside));
        configure(&plan, inside);
        recall();
    }
    remove_cards();
}

static void test_passed_through_device_takes_the_address_and_gets_its_own_back(void)
{
    autofd int inside = new_netns();
    PlanLink plan = direct(PLAN_MACVLAN_PASSTHROUGH, 3);

    make_cards();
    run(HERE, "ip link set nic0 down");
    g_assert_null(create(&plan, inside));
    configure(&plan, inside);
    assert_prints(HERE, "ip -o link show nic0", "52:54:00:11:22:03");
    assert_prints(HERE, "ip -o link show nic0", ",UP");
    recall();
    assert_prints(HERE, "ip -o link show nic0", "02:00:00:00:00:10");
    assert_prints_not(HERE, "ip -o link show nic0", ",UP");
    remove_cards();
}

static void test_device_that_is_passed_through_already_is_refused(void)
{
    autofd int inside = new_netns();
    PlanLink plan = direct(PLAN_MACVLAN_PASSTHROUGH, 3);

    make_cards();
    run(HERE, "ip link add link nic0 name taken0 type macvlan mode passthru");
    expect_failure(&plan, inside, "cannot make the interface 'eth0' on the device 'nic0': *");
    run(HERE, "ip link set nic0 address 02:00:00:00:00:99");
    recall();
    assert_prints(HERE, "ip -o link show nic0", "02:00:00:00:00:99");
    remove_cards();
}

static void test_macvlan_that_was_renamed_goes_all_the_same(void)
{
    autofd int inside = new_netns();
    PlanLink plan = direct(PLAN_MACVLAN_BRIDGE, 4);

    make_cards();
    g_assert_null(create(&plan, inside));
    run(inside, "ip link set eth0 name other && ip link add eth0 type bridge");
    recall();
    assert_prints_not(inside, "ip -o link", "other");
    assert_prints(inside, "ip -o link", "eth0");
    remove_cards();
}

/* ---- devices that move -------------------------------------------------------------------------
 */

static PlanLink lent(uint8_t last_byte)
{
    PlanLink plan = link_plan(PLAN_LINK_HOST, last_byte);

    plan.device = plan.guest_name = (char *)"nic0";
    return plan;
}

static void assert_nic0_is_as_it_was(void)
{
    assert_prints(HERE, "ip -o link show nic0", "02:00:00:00:00:10");
    assert_prints(HERE, "ip -o link show nic0", "mtu 1480");
    assert_prints(HERE, "ip -o link show nic0", ",UP");
}

static void test_device_of_the_host_moves_in_and_back(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(5);
    PlanAddress address = ipv4("10.70.0.2", 24);

    plan.addresses.items = &address;
    plan.addresses.len = 1;
    make_cards();
    g_assert_null(create(&plan, inside));
    configure(&plan, inside);
    assert_prints_not(HERE, "ip -o link", "nic0:");
    run(inside, "busybox ping -c 1 -W 5 -q 10.70.0.1");
    recall();
    assert_nic0_is_as_it_was();
    assert_prints_not(inside, "ip -o link", "nic0");
    recall(); /* and once more */
    remove_cards();
}

/* The last process of a container is gone, and with it every other hold on its namespace. */
static void test_device_comes_back_from_a_namespace_without_processes(void)
{
    int inside = new_netns();
    PlanLink plan = lent(6);

    make_cards();
    g_assert_null(create(&plan, inside));
    fd_close(inside);
    recall();
    assert_nic0_is_as_it_was();
    remove_cards();
}

static void test_device_comes_back_as_it_was(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(7);

    make_cards();
    g_assert_null(create(&plan, inside));
    run(inside,
        "ip link set nic0 down && ip link set nic0 name mine address 02:00:00:00:00:66 mtu 900 && "
        "ip link add br0 type bridge && ip link set mine master br0 && ip link set mine up");
    recall();
    assert_nic0_is_as_it_was();
    remove_cards();
}

/* Names that the host has given already stand in the way of a device that moves. */
static void test_other_names_do_not_keep_a_device(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(14);

    make_cards();
    g_assert_null(create(&plan, inside));
    run(inside,
        "ip link property add dev nic0 altname nic1 altname lo0 altname and-a-longer-one && "
        "ip link set nic0 name mine");
    recall();
    assert_nic0_is_as_it_was();
    remove_cards();
}

static void test_another_device_of_the_name_is_left_alone(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(8);

    make_cards();
    g_assert_null(create(&plan, inside));
    run(HERE, "ip link add nic0 address 02:00:00:00:00:77 type bridge");
    recall();
    assert_prints(HERE, "ip -o link show nic0", "02:00:00:00:00:77");
    assert_prints(HERE, "ip -o link | grep 02:00:00:00:00:10", " dev");
    run(HERE, "ip link del nic0");
    remove_cards();
}

static void test_device_that_the_container_deleted_is_no_more(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(9);

    make_cards();
    g_assert_null(create(&plan, inside));
    run(inside, "ip link del nic0 && ip link add nic0 type bridge");
    recall();
    assert_prints_not(HERE, "ip -o link", "nic");
}

/* ---- failures ----------------------------------------------------------------------------------
 */

static void test_device_that_is_not_there_is_named(void)
{
    autofd int inside = new_netns();
    PlanLink plan = lent(10);

    expect_failure(&plan, inside, "cannot find the device 'nic0' on the host: No such device");
    plan = direct(PLAN_MACVLAN_BRIDGE, 10);
    expect_failure(&plan, inside, "cannot find the device 'nic0' on the host: No such device");
    recall();
}

/* Half of a start was done when it failed. */
static void test_several_are_taken_back_together(void)
{
    autofd int inside = new_netns();
    PlanLink plans[] = { lent(11), direct(PLAN_MACVLAN_BRIDGE, 12), lent(13) };

    make_cards();
    run(HERE, "ip link add nic2 address 02:00:00:00:00:20 type veth peer name nic3");
    plans[1].device = (char *)"nic3";
    plans[2].device = plans[2].guest_name = (char *)"nic2";
    for (size_t i = 0; i < G_N_ELEMENTS(plans); i++)
        g_assert_null(create(&plans[i], inside));
    plans[0].guest_name = (char *)"eth0";
    plans[0].device = (char *)"nic1";
    expect_message(&plans[0], inside, "cannot move the device 'nic1' into the container: *");
    recall();
    assert_prints(HERE, "ip -o link", "nic1");
    assert_nic0_is_as_it_was();
    assert_prints(HERE, "ip -o link show nic2", "02:00:00:00:00:20");
    run(HERE, "ip link del nic2");
    remove_cards();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    enter_test_host();
    g_test_add_func("/link/macvlan/modes", test_macvlan_has_its_mode_and_address);
    g_test_add_func("/link/macvlan/again", test_next_start_may_be_at_once);
    g_test_add_func("/link/macvlan/passthrough",
                    test_passed_through_device_takes_the_address_and_gets_its_own_back);
    g_test_add_func("/link/macvlan/taken", test_device_that_is_passed_through_already_is_refused);
    g_test_add_func("/link/macvlan/renamed", test_macvlan_that_was_renamed_goes_all_the_same);
    g_test_add_func("/link/host/moves", test_device_of_the_host_moves_in_and_back);
    g_test_add_func("/link/host/no-process",
                    test_device_comes_back_from_a_namespace_without_processes);
    g_test_add_func("/link/host/as-it-was", test_device_comes_back_as_it_was);
    g_test_add_func("/link/host/other-names", test_other_names_do_not_keep_a_device);
    g_test_add_func("/link/host/name-taken", test_another_device_of_the_name_is_left_alone);
    g_test_add_func("/link/host/deleted", test_device_that_the_container_deleted_is_no_more);
    g_test_add_func("/link/lending/missing", test_device_that_is_not_there_is_named);
    g_test_add_func("/link/lending/several", test_several_are_taken_back_together);
    return g_test_run();
}
