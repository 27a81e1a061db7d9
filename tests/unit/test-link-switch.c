// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What is plugged into a switch is in the VLANs of its plan and no others, be the switch the
 * kernel's bridge or Open vSwitch; and what is plugged into nothing has no carrier.
 */
#include "net/link.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "link-kit.h"

static void test_unplugged_link_has_no_carrier(void)
{
    autofd int inside = new_netns();
    PlanLink plan = link_plan(PLAN_LINK_UNPLUGGED, 1);
    g_autofree char *name = create(&plan, inside);
    g_autoptr(GError) err = NULL;

    g_assert_cmpstr(name, ==, "vnet0");
    link_configure_inside(&plan, 1, inside, &err);
    g_assert_no_error(err);
    assert_prints_not(inside, "ip -o link show eth0", "LOWER_UP");
    assert_prints(inside, "ip -o link show eth0", "52:54:00:11:22:01");
    assert_prints_not(HERE, "ip -o link show vnet0", ",UP");
    assert_prints_not(HERE, "ip -o link show vnet0", "master");
    remove_link(name, &plan);
}

/* ---- the kernel's bridge -----------------------------------------------------------------------
 */

static void test_bridge_that_does_not_sort_is_refused(void)
{
    autofd int inside = new_netns();
    PlanVlanTag tag = { .id = 42 };
    PlanLink plan = bridged("br0", "", 2);

    run(HERE, "ip link add br0 type bridge");
    plan.vlans.items = &tag;
    plan.vlans.len = 1;
    expect_failure(&plan, inside,
                   "bridge 'br0' does not keep VLANs apart: its vlan_filtering is off");
    run(HERE, "ip link del br0");
}

static bool bridge_sorts(void)
{
    if (succeeds("ip link add br0 type bridge vlan_filtering 1"))
        return true;
    g_test_skip("the kernel's bridge cannot sort by VLANs");
    return false;
}

static void test_port_of_one_vlan(void)
{
    autofd int inside = new_netns();
    PlanVlanTag tag = { .id = 42 };
    PlanLink plan = bridged("br0", "", 3);
    g_autofree char *name = NULL;

    if (!bridge_sorts())
        return;
    plan.vlans.items = &tag;
    plan.vlans.len = 1;
    name = create(&plan, inside);
    assert_prints(HERE, "bridge vlan show dev vnet0 | tr -s ' \\t\\n' ' '",
                  "vnet0 42 PVID Egress Untagged");
    assert_prints_not(HERE, "bridge vlan show dev vnet0", " 1 ");
    remove_link(name, &plan);
    run(HERE, "ip link del br0");
}

static void test_port_that_is_a_trunk(void)
{
    autofd int inside = new_netns();
    PlanVlanTag tags[] = {
        {.id = 7                           },
        { .id = 42, .native = PLAN_NATIVE_VLAN_TAGGED }
    };
    PlanLink plan = bridged("br0", "", 4);
    g_autofree char *name = NULL;

    if (!bridge_sorts())
        return;
    plan.trunk = true;
    plan.vlans.items = tags;
    plan.vlans.len = 2;
    name = create(&plan, inside);
    assert_prints(HERE, "bridge vlan show dev vnet0 | tr -s ' \\t\\n' ' '", "vnet0 7 42 PVID");
    assert_prints_not(HERE, "bridge vlan show dev vnet0", "Untagged");
    remove_link(name, &plan);
    tags[1].native = PLAN_NATIVE_VLAN_UNTAGGED;
    g_free(name);
    name = create(&plan, inside);
    assert_prints(HERE, "bridge vlan show dev vnet0 | tr -s ' \\t\\n' ' '",
                  "vnet0 7 42 PVID Egress Untagged");
    remove_link(name, &plan);
    run(HERE, "ip link del br0");
}

/* Two containers hear each other in one VLAN and not in two. */
static void test_vlans_are_apart(void)
{
    PlanVlanTag tags[] = { { .id = 42 }, { .id = 42 }, { .id = 43 } };
    PlanLink plans[] = { bridged("br0", "", 5), bridged("br0", "", 6), bridged("br0", "", 7) };
    PlanAddress addresses[] = { ipv4("10.71.0.1", 24), ipv4("10.71.0.2", 24),
                                ipv4("10.71.0.3", 24) };
    int inside[3];
    char *names[3];

    if (!bridge_sorts())
        return;
    run(HERE, "ip link set br0 up");
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) err = NULL;
        plans[i].vlans.items = &tags[i];
        plans[i].vlans.len = 1;
        plans[i].addresses.items = &addresses[i];
        plans[i].addresses.len = 1;
        inside[i] = new_netns();
        names[i] = create(&plans[i], inside[i]);
        link_configure_inside(&plans[i], 1, inside[i], &err);
        g_assert_no_error(err);
    }
    run(inside[0], "busybox ping -c 1 -W 5 -q 10.71.0.2");
    run(inside[0], "if busybox ping -c 1 -W 1 -q 10.71.0.3; then exit 1; fi");
    for (int i = 0; i < 3; i++) {
        remove_link(names[i], &plans[i]);
        g_free(names[i]);
        fd_close(inside[i]);
    }
    run(HERE, "ip link del br0");
}

static void test_passed_through_vlan(void)
{
    autofd int inside = new_netns();
    PlanVlanTag tag = { .id = 42 };
    PlanLink plan = link_plan(PLAN_LINK_DIRECT, 8);

    run(HERE, "ip link add nic0 type veth peer name nic1");
    if (!succeeds("ip link add link nic0 name probe type vlan id 9")) {
        g_test_skip("the kernel has no VLAN devices");
        run(HERE, "ip link del nic0");
        return;
    }
    run(HERE, "ip link del probe");
    plan.device = (char *)"nic0";
    plan.macvlan = PLAN_MACVLAN_PASSTHROUGH;
    plan.vlans.items = &tag;
    plan.vlans.len = 1;
    for (int i = 0; i < 2; i++) {
        g_assert_null(create(&plan, inside));
        assert_prints(inside, "ip -d -o link show eth0", "vlan protocol 802.1Q id 42");
        assert_prints(inside, "ip -d -o link show eth0", "52:54:00:11:22:08");
        link_recall(notes_path());
        assert_prints_not(inside, "ip -o link", "eth0");
    }
    run(HERE, "ip link del nic0");
}

/* ---- Open vSwitch ------------------------------------------------------------------------------
 */

#define SWITCH_DIR "/run/openvswitch"

static bool start_switch(void)
{
    if (!succeeds("which ovs-vsctl ovsdb-server ovs-vswitchd")) {
        g_test_skip("Open vSwitch is not installed");
        return false;
    }
    run(HERE,
        "mkdir -p " SWITCH_DIR " && cd " SWITCH_DIR
        " && ovsdb-tool create db /usr/share/openvswitch/vswitch.ovsschema && "
        "ovsdb-server db --remote=punix:" SWITCH_DIR "/db.sock --pidfile=" SWITCH_DIR "/1.pid "
        "--detach --no-chdir --log-file=/dev/null 2>/dev/null && ovs-vsctl --no-wait init && "
        "ovs-vswitchd --pidfile=" SWITCH_DIR
        "/2.pid --detach --no-chdir --log-file=/dev/null 2>/dev/null");
    if (succeeds("ovs-vsctl --timeout=10 add-br ovs0 -- set bridge ovs0 datapath_type=netdev"))
        return true;
    g_test_skip("Open vSwitch makes no bridge here");
    return false;
}

static void stop_switch(void)
{
    run(HERE, "ovs-vsctl --timeout=10 --if-exists del-br ovs0; kill $(cat " SWITCH_DIR
              "/2.pid " SWITCH_DIR "/1.pid)");
}

static PlanLink switched(PlanParameter parameters[2], uint8_t last_byte)
{
    PlanLink plan = bridged("ovs0", "", last_byte);

    parameters[0] =
        (PlanParameter){ (char *)"interfaceid", (char *)"c0ffee00-1111-2222-3333-444444444444" };
    parameters[1] = (PlanParameter){ (char *)"profileid", (char *)"a \"b\" \\c" };
    plan.port_type = (char *)"openvswitch";
    plan.port_parameters.items = parameters;
    plan.port_parameters.len = 2;
    return plan;
}

static void check_plugged(void)
{
    autofd int inside = new_netns();
    PlanParameter parameters[2];
    PlanVlanTag tags[] = {
        {.id = 7                             },
        { .id = 42, .native = PLAN_NATIVE_VLAN_UNTAGGED }
    };
    PlanLink plan = switched(parameters, 9);
    g_autofree char *name = create(&plan, inside);

    g_assert_cmpstr(name, ==, "vnet0");
    g_assert_true(link_outlives_namespace(&plan));
    assert_prints(HERE, "ovs-vsctl list-ports ovs0", "vnet0");
    assert_prints(HERE, "ovs-vsctl get interface vnet0 external-ids",
                  "attached-mac=\"52:54:00:11:22:09\"");
    assert_prints(HERE, "ovs-vsctl get interface vnet0 external-ids",
                  "iface-id=\"c0ffee00-1111-2222-3333-444444444444\"");
    assert_prints(HERE, "ovs-vsctl get interface vnet0 external-ids",
                  "vm-id=\"abcd0000-0000-0000-0000-000000000000\"");
    assert_prints(HERE, "ovs-vsctl get interface vnet0 external-ids:port-profile",
                  "\"a \\\"b\\\" \\\\c\"");
    remove_link(name, &plan);
    assert_prints_not(HERE, "ovs-vsctl list-ports ovs0", "vnet0");
    plan.vlans.items = &tags[1];
    plan.vlans.len = 1;
    g_free(create(&plan, inside));
    assert_prints(HERE, "ovs-vsctl get port vnet0 tag", "42");
    remove_link("vnet0", &plan);
    plan.trunk = true;
    plan.vlans.items = tags;
    plan.vlans.len = 2;
    g_free(create(&plan, inside));
    assert_prints(HERE, "ovs-vsctl get port vnet0 trunks", "[7, 42]");
    assert_prints(HERE, "ovs-vsctl get port vnet0 vlan_mode", "native-untagged");
    remove_link("vnet0", &plan);
}

static void check_forgotten(void)
{
    int inside = new_netns();
    PlanParameter parameters[2];
    PlanLink plan = switched(parameters, 10);
    autofd int watch = watch_links();

    plan.host_name = (char *)"port0";
    g_free(create(&plan, inside));
    fd_close(inside);
    wait_until_gone(watch, "port0");
    assert_prints(HERE, "ovs-vsctl list-ports ovs0", "port0");
    remove_link("port0", &plan);
    assert_prints_not(HERE, "ovs-vsctl list-ports ovs0", "port0");
}

static void check_refused(void)
{
    autofd int inside = new_netns();
    PlanParameter parameters[2];
    PlanLink plan = switched(parameters, 11);

    plan.bridge = (char *)"ovs9";
    expect_failure(&plan, inside,
                   "cannot plug the interface 'vnet0' into the Open vSwitch bridge 'ovs9': *no "
                   "bridge named ovs9*");
    plan.bridge = (char *)"--help";
    expect_failure(&plan, inside, "*has no device that is called '--help'*");
}

static void test_open_vswitch(void)
{
    if (!start_switch())
        return;
    check_plugged();
    check_forgotten();
    check_refused();
    stop_switch();
}

static void test_host_without_open_vswitch(void)
{
    autofd int inside = new_netns();
    PlanParameter parameters[2];
    PlanLink plan = switched(parameters, 12);

    if (succeeds("which ovs-vsctl"))
        return;
    expect_failure(&plan, inside, "*the host has no Open vSwitch: there is no command 'ovs-vsctl'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    enter_test_host();
    run(HERE, "ip link set lo up");
    g_test_add_func("/link/unplugged", test_unplugged_link_has_no_carrier);
    g_test_add_func("/link/vlan/refused", test_bridge_that_does_not_sort_is_refused);
    g_test_add_func("/link/vlan/one", test_port_of_one_vlan);
    g_test_add_func("/link/vlan/trunk", test_port_that_is_a_trunk);
    g_test_add_func("/link/vlan/apart", test_vlans_are_apart);
    g_test_add_func("/link/vlan/passthrough", test_passed_through_vlan);
    g_test_add_func("/link/openvswitch", test_open_vswitch);
    g_test_add_func("/link/openvswitch/none", test_host_without_open_vswitch);
    return g_test_run();
}
