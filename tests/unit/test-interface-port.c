// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a network says of a port becomes part of the live interface, and what no container can have
 * is refused by name. What libvirt's own daemon makes of our words is seen in network-port.py.
 */
#include "conf/interface-port.h"

#include <string.h>

#include "base/error.h"
#include "plan-xdr.h"

static const DomainDefHost host = { .arch = "x86_64",
                                    .emulator = "-",
                                    .default_partition = "/machine" };

static DomainDef *domain_with(const char *rest)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='lxc'><name>d</name><uuid>c0ffee00-1234-4abc-8def-0123456789ab</uuid>"
        "<memory>65536</memory><os><type>exe</type><init>/init</init></os><devices><interface "
        "type='network'><mac address='52:54:00:11:22:33'/><source network='lan' portgroup='g' "
        "portid='c0ffee00-1234-4abc-8def-0123456789ff'/>%s</interface></devices></domain>",
        rest);
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    domain_def_parse(xml, DOMAIN_DEF_LIVE, &host, &def, &err);
    g_assert_no_error(err);
    return def;
}

static char *answer_with(const char *rest)
{
    return g_strdup_printf("<networkport><uuid>c0ffee00-1234-4abc-8def-0123456789ff</uuid>"
                           "<owner><name>d</name></owner>%s</networkport>",
                           rest);
}

static Plan *wired(DomainDef *def, const char *answer, GError **err)
{
    g_autofree char *xml = answer_with(answer);
    Plan *plan = NULL;

    if (!interface_port_apply(xml, def->interfaces.items[0], err) ||
        !domain_def_compile(def, &host, &plan, err))
        return NULL;
    return plan;
}

static const PlanLink *link_of(Plan *plan)
{
    g_assert_nonnull(plan);
    g_assert_cmpuint(plan->links.len, ==, 1);
    return &plan->links.items[0];
}

static void test_request_says_who_asks_and_for_what(void)
{
    g_autoptr(DomainDef) def =
        domain_with("<vlan><tag id='7'/></vlan><bandwidth><inbound average='9' floor='4'/>"
                    "</bandwidth><port isolated='yes'/>");
    g_autofree char *text = interface_port_format(def, def->interfaces.items[0], PORT_PLUG_OPEN);

    g_assert_cmpstr(text, ==,
                    "<networkport>\n"
                    "  <uuid>c0ffee00-1234-4abc-8def-0123456789ff</uuid>\n"
                    "  <owner>\n"
                    "    <name>d</name>\n"
                    "    <uuid>c0ffee00-1234-4abc-8def-0123456789ab</uuid>\n"
                    "  </owner>\n"
                    "  <group>g</group>\n"
                    "  <mac address='52:54:00:11:22:33'/>\n"
                    "  <bandwidth>\n"
                    "    <inbound average='9' floor='4'/>\n"
                    "  </bandwidth>\n"
                    "  <vlan>\n"
                    "    <tag id='7'/>\n"
                    "  </vlan>\n"
                    "  <port isolated='yes'/>\n"
                    "</networkport>\n");
}

static void test_network_becomes_a_bridge(void)
{
    g_autoptr(DomainDef) def = domain_with("");
    g_autoptr(GError) err = NULL;
    g_autoptr(Plan) plan = wired(
        def,
        "<bandwidth classID='3'><inbound average='100'/></bandwidth><vlan><tag id='4'/></vlan>"
        "<virtualport type='openvswitch'><parameters "
        "interfaceid='c0ffee00-1234-4abc-8def-0123456789aa'/></virtualport>"
        "<port isolated='yes'/><plug type='bridge' bridge='br9' macTableManager='kernel'/>",
        &err);
    g_autofree char *shown = NULL;
    g_autofree char *again = NULL;

    g_assert_no_error(err);
    g_assert_cmpint(link_of(plan)->kind, ==, PLAN_LINK_BRIDGE);
    g_assert_cmpstr(link_of(plan)->bridge, ==, "br9");
    g_assert_cmpuint(link_of(plan)->inbound.average, ==, 100);
    g_assert_cmpuint(link_of(plan)->vlans.items[0].id, ==, 4);
    g_assert_cmpstr(link_of(plan)->port_type, ==, "openvswitch");
    g_assert_true(link_of(plan)->isolated);
    shown = domain_def_format(def, DOMAIN_DEF_LIVE);
    g_assert_nonnull(strstr(shown, "<interface type='bridge'>"));
    g_assert_nonnull(strstr(shown, "bridge='br9' macTableManager='kernel'/>"));
    again = interface_port_format(def, def->interfaces.items[0], PORT_PLUG_KNOWN);
    g_assert_nonnull(strstr(again, "<plug type='bridge' bridge='br9' macTableManager='kernel'/>"));
}

static void test_network_of_its_own_stays_one(void)
{
    g_autoptr(DomainDef) def = domain_with("");
    g_autoptr(GError) err = NULL;
    g_autoptr(Plan) plan = wired(def, "<plug type='network' bridge='virbr0'/>", &err);
    g_autofree char *shown = NULL;

    g_assert_no_error(err);
    g_assert_cmpint(link_of(plan)->kind, ==, PLAN_LINK_BRIDGE);
    shown = domain_def_format(def, DOMAIN_DEF_LIVE);
    g_assert_nonnull(strstr(shown, "<interface type='network'>"));
    g_assert_nonnull(strstr(shown, "bridge='virbr0'/>"));
}

static void test_network_becomes_a_macvlan(void)
{
    g_autoptr(DomainDef) def = domain_with("");
    g_autoptr(GError) err = NULL;
    g_autoptr(Plan) plan = wired(def, "<plug type='direct' dev='eth9' mode='passthrough'/>", &err);
    g_autofree char *again = NULL;

    g_assert_no_error(err);
    g_assert_cmpint(link_of(plan)->kind, ==, PLAN_LINK_DIRECT);
    g_assert_cmpstr(link_of(plan)->device, ==, "eth9");
    g_assert_cmpint(link_of(plan)->macvlan, ==, PLAN_MACVLAN_PASSTHROUGH);
    again = interface_port_format(def, def->interfaces.items[0], PORT_PLUG_KNOWN);
    g_assert_nonnull(strstr(again, "<plug type='direct' dev='eth9' mode='passthrough'/>"));
}

/* Each answer, what the interface had besides, and what is said. */
static void test_answers_that_help_no_container(void)
{
    static const struct {
        const char *has;
        const char *answer;
        const char *message;
    } cases[] = {
        {"",                         "<plug type='hostdev-pci' managed='yes'><driver name='vfio'/></plug>",
         "network 'lan' gives out PCI devices*"                                                                                                                         },
        { "",                        "",                                                                    "network 'lan' does not say where to plug in"               },
        { "",                        "<plug type='bridge'/>",                                               "cannot understand the port of network 'lan': *"            },
        { "",                        "<plug",                                                               "cannot understand the port of network 'lan': *"            },
        { "",
         "<bandwidth><inbound average='1'/></bandwidth><plug type='direct' dev='e' mode='vepa'/>",          "the bandwidth of * cannot be limited*"                     },
        { "",                        "<vlan><tag id='1'/></vlan><plug type='direct' dev='e' mode='vepa'/>",
         "* cannot carry VLAN 1*"                                                                                                                                       },
        { "",
         "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>"
          "<plug type='bridge' bridge='b'/>",                                                               "* cannot be plugged into a virtual port of type '802.1Qbh'"},
        { "<filterref filter='f'/>", "<plug type='direct' dev='e' mode='vepa'/>",
         "* cannot have the filter 'f': network 'lan' leaves no end on the host"                                                                                        },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DomainDef) def = domain_with(cases[i].has);
        g_autoptr(GError) err = NULL;
        g_autoptr(Plan) plan = wired(def, cases[i].answer, &err);

        g_assert_null(plan);
        if (!g_pattern_match_simple(cases[i].message, err->message))
            g_error("'%s' is not '%s'", err->message, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/port/request", test_request_says_who_asks_and_for_what);
    g_test_add_func("/port/bridge", test_network_becomes_a_bridge);
    g_test_add_func("/port/network", test_network_of_its_own_stays_one);
    g_test_add_func("/port/direct", test_network_becomes_a_macvlan);
    g_test_add_func("/port/refused", test_answers_that_help_no_container);
    return g_test_run();
}
