// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a definition is worth depends on the host: on one that lacks what it asks for it is refused
 * in words that name both; on one about which nothing is known it is not; and a running one, which
 * has shown that it can, is not judged again. Security drivers come with the facts too, and so
 * does what their labels look like. The hosts here are made up.
 */
#include <string.h>

#include "base/error.h"
#include "conf/domain-def.h"
#include "plan-xdr.h"

static const DomainDefHost plain = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };
static const char *const two_drivers[] = { "selinux", "apparmor", NULL };

static DomainDef *parse(const char *head, const char *devices, const DomainDefHost *host,
                        DomainDefFlags flags)
{
    g_autofree char *xml =
        g_strdup_printf("<domain type='lxc'><name>t</name><memory>65536</memory>%s"
                        "<os><type>exe</type><init>/sbin/init</init></os>"
                        "<devices>%s</devices></domain>",
                        head, devices);
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    domain_def_parse(xml, flags, host, &def, &err);
    g_assert_no_error(err);
    return def;
}

static DomainDefHost host_with(unsigned n_cpus, unsigned n_nodes, unsigned lacks)
{
    DomainDefHost host = plain;

    host.n_cpus = n_cpus;
    host.n_nodes = n_nodes;
    host.lacks = lacks;
    return host;
}

/* ---- what a host lacks ----------------------------------------------------------------------- */

typedef struct Wish {
    const char *head;
    const char *devices;
    unsigned n_cpus; /* of the host that cannot, */
    unsigned n_nodes;
    unsigned lacks;
    const char *refusal; /* and what it says */
} Wish;

#define IDMAP                                                                                      \
    "<idmap><uid start='0' target='1' count='9'/><gid start='0' target='1' count='9'/></idmap>"
#define IMAGE                                                                                      \
    "<disk type='file'><driver name='nbd' type='qcow2'/><source file='/i.qcow2'/>"                 \
    "<target dev='vda'/></disk>"
#define OURS(what)                                                                                 \
    "<virtlxcd:container xmlns:virtlxcd='urn:virtlxcd:domain:1.0'>" what "</virtlxcd:container>"
/* clang-format off */
static const Wish wishes[] = {
    { "<vcpu cpuset='0-3'>1</vcpu>", "", 3, 0, 0,
      "<vcpu>/<vcpupin> with the CPUs '0-3' names the CPU 3, but the last CPU of this host is 2" },
    { "<numatune><memory nodeset='0,2'/></numatune>", "", 0, 2, 0,
      "<numatune> with the nodes '0,2' names the node 2, but the last node of this host is 1" },
    { "<numatune><memory mode='interleave' nodeset='1'/></numatune>", "", 0, 1, 0,
      "<numatune> with the nodes '1' names the node 1, but the last node of this host is 0" },
    { "<cputune><emulatorpin cpuset='1'/></cputune>", "", 1, 0, 0,
      "<emulatorpin> with the CPUs '1' names the CPU 1, but the last CPU of this host is 0" },
    { "<cputune><emulator_quota>5000</emulator_quota></cputune>", "", 0, 0, HOST_LACKS_CPU_CONTROLLER,
      "<cputune> needs the cgroup controller 'cpu', which this host lacks" },
    { OURS("<virtlxcd:hugepages size='2048' limit='1'/>"), "", 0, 0, HOST_LACKS_HUGETLB_CONTROLLER,
      "<virtlxcd:hugepages> needs the cgroup controller 'hugetlb', which this host lacks" },
    { IDMAP, "", 0, 0, HOST_LACKS_USER_NAMESPACES,
      "an id map needs user namespaces, which this host's kernel lacks" },
    { OURS("<virtlxcd:time boottime='5'/>"), "", 0, 0, HOST_LACKS_TIME_NAMESPACES,
      "<virtlxcd:time> needs time namespaces, which this host's kernel lacks" },
    { "", IMAGE, 0, 0, HOST_LACKS_NBD,
      "the image '/i.qcow2' needs network block devices, which this host's kernel lacks" },
    { "", "", 0, 0, HOST_LACKS_MEMORY_CONTROLLER,
      "<memory> needs the cgroup controller 'memory', which this host lacks" },
    { "<cputune><shares>100</shares></cputune>", "", 0, 0, HOST_LACKS_CPU_CONTROLLER,
      "<cputune> needs the cgroup controller 'cpu', which this host lacks" },
    { "<vcpu cpuset='0'>1</vcpu>", "", 0, 0, HOST_LACKS_CPUSET_CONTROLLER,
      "<vcpu>/<vcpupin> needs the cgroup controller 'cpuset', which this host lacks" },
    { "<blkiotune><weight>100</weight></blkiotune>", "", 0, 0, HOST_LACKS_BLKIO_CONTROLLER,
      "<blkiotune> needs the cgroup controller 'blkio', which this host lacks" },
    { OURS("<virtlxcd:pids limit='9'/>"), "", 0, 0, HOST_LACKS_PIDS_CONTROLLER,
      "<virtlxcd:pids> needs the cgroup controller 'pids', which this host lacks" },
};
/* clang-format on */

static void expect_plan(const DomainDef *def, const DomainDefHost *host)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;

    domain_def_compile(def, host, &plan, &err);
    g_assert_no_error(err);
}

static void expect_refusal(const DomainDef *def, const DomainDefHost *host, const char *text)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;

    g_assert_false(domain_def_compile(def, host, &plan, &err));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_cmpstr(err->message, ==, text);
}

static void test_wishes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++) {
        const Wish *wish = &wishes[i];
        DomainDefHost poor = host_with(wish->n_cpus, wish->n_nodes, wish->lacks);
        DomainDefHost rich = host_with(
            64, 8, ~wish->lacks & ~HOST_LACKS_MEMORY_CONTROLLER & ~HOST_LACKS_CPUSET_CONTROLLER);
        g_autoptr(DomainDef) def = parse(wish->head, wish->devices, &poor, DOMAIN_DEF_INACTIVE);

        expect_plan(def, &plain);
        expect_refusal(def, &poor, wish->refusal);
        if (wish->lacks != HOST_LACKS_MEMORY_CONTROLLER)
            expect_plan(def, &rich);
        def->id = 42;
        expect_plan(def, &poor);
    }
}

/* ---- labels ---------------------------------------------------------------------------------- */

typedef struct LabelCase {
    const char *wish;
    const char *printed;
    PlanLabelKind kind;
    const char *label;
    const char *base;
} LabelCase;

/* clang-format off */
static const LabelCase labels[] = {
    { "<seclabel type='dynamic'/>",
      "  <seclabel type='dynamic' model='selinux' relabel='yes'/>\n", PLAN_LABEL_DYNAMIC, "", "" },
    { "<seclabel type='none'/>",
      "  <seclabel type='none' model='selinux'/>\n", PLAN_LABEL_NONE, "", "" },
    { "<seclabel model='apparmor'/>",
      "  <seclabel type='dynamic' model='apparmor' relabel='yes'/>\n", PLAN_LABEL_DYNAMIC, "", "" },
    { "<seclabel type='dynamic' model='selinux'><label>left out</label><baselabel>b</baselabel></seclabel>",
      "  <seclabel type='dynamic' model='selinux' relabel='yes'>\n"
      "    <baselabel>b</baselabel>\n"
      "  </seclabel>\n", PLAN_LABEL_DYNAMIC, "", "b" },
    { "<seclabel type='static' model='selinux'><label>l</label><baselabel>left out</baselabel></seclabel>",
      "  <seclabel type='static' model='selinux' relabel='no'>\n"
      "    <label>l</label>\n"
      "  </seclabel>\n", PLAN_LABEL_STATIC, "l", "" },
    { "<seclabel type='static' model='selinux' relabel='yes'><label>l</label></seclabel>",
      "  <seclabel type='static' model='selinux' relabel='yes'>\n"
      "    <label>l</label>\n"
      "  </seclabel>\n", PLAN_LABEL_STATIC, "l", "" },
    { "<seclabel type='none' model='elsewhere'/>",
      "  <seclabel type='none' model='elsewhere'/>\n", PLAN_LABEL_NONE, "", "" },
};
/* clang-format on */

static void test_labels(void)
{
    DomainDefHost host = plain;

    host.security_models = two_drivers;
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autoptr(DomainDef) def = parse(labels[i].wish, "", &host, DOMAIN_DEF_INACTIVE);
        g_autofree char *text = domain_def_format(def, DOMAIN_DEF_INACTIVE);
        const PlanLabel *label = NULL;
        g_autoptr(Plan) plan = NULL;

        g_assert_nonnull(strstr(text, labels[i].printed));
        g_assert_true(domain_def_compile(def, &host, &plan, NULL));
        g_assert_cmpuint(plan->labels.len, ==, 1);
        label = &plan->labels.items[0];
        g_assert_cmpint(label->kind, ==, labels[i].kind);
        g_assert_cmpstr(label->label, ==, labels[i].label);
        g_assert_cmpstr(label->base, ==, labels[i].base);
    }
}

/* A running domain shows which labels it got; its definition does not. It keeps them, whatever
 * drivers the host has by then. */
static void test_live_label(void)
{
    static const char live_label[] = "  <seclabel type='dynamic' model='selinux' relabel='yes'>\n"
                                     "    <label>l</label>\n"
                                     "    <imagelabel>i</imagelabel>\n"
                                     "  </seclabel>\n";
    DomainDefHost host = plain;
    g_autoptr(DomainDef) live = NULL;
    g_autofree char *text = NULL;
    g_autofree char *inactive = NULL;
    g_autoptr(Plan) plan = NULL;

    host.security_models = two_drivers;
    live = parse(live_label, "", &host, DOMAIN_DEF_LIVE);
    text = domain_def_format(live, DOMAIN_DEF_LIVE);
    g_assert_nonnull(strstr(text, live_label));
    inactive = domain_def_format(live, DOMAIN_DEF_INACTIVE);
    g_assert_null(strstr(inactive, "label>"));
    g_assert_true(domain_def_compile(live, &plain, &plan, NULL));
    g_assert_cmpstr(plan->labels.items[0].label, ==, "l");
    g_assert_cmpstr(plan->labels.items[0].image, ==, "i");
}

static void test_foreign_label(void)
{
    DomainDefHost host = plain;
    g_autoptr(DomainDef) def =
        parse("<seclabel type='dynamic' model='smack'/>", "", &host, DOMAIN_DEF_INACTIVE);
    static const char refusal[] =
        "the security driver 'smack' of <seclabel> is not active on this host";

    expect_refusal(def, &host, refusal);
    host.security_models = two_drivers;
    expect_refusal(def, &host, refusal);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void test_password(void)
{
    g_autoptr(DomainDef) def =
        parse("", "<graphics type='vnc' passwd='secret'/><video><model type='vga'/></video>",
              &plain, DOMAIN_DEF_INACTIVE);
    g_autofree char *stored = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    g_autofree char *shown = domain_def_format(def, DOMAIN_DEF_INACTIVE | DOMAIN_DEF_NO_SECRETS);

    g_assert_nonnull(strstr(stored, "passwd='secret'"));
    g_assert_null(strstr(shown, "passwd"));
    g_assert_nonnull(strstr(shown, "<graphics type='vnc'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf-host/wishes", test_wishes);
    g_test_add_func("/conf-host/labels", test_labels);
    g_test_add_func("/conf-host/live-label", test_live_label);
    g_test_add_func("/conf-host/foreign-label", test_foreign_label);
    g_test_add_func("/conf-host/password", test_password);
    return g_test_run();
}
