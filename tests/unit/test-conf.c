// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the golden cases of the domain XML cannot show: the calls for metadata, values made up at
 * random, documents made to hurt (which have to be refused, or read, in a time that grows with
 * their size), and definitions edited on the way to a running domain.
 */
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "conf/domain-def.h"
#include "conf/value.h"
#include "plan-xdr.h"

/* Microseconds of this process: what others do on the machine does not count. */
static gint64 cpu_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* it is there */
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static const DomainDefHost host = { "x86_64", "/usr/libexec/libvirt_lxc", "/machine" };

#define SECONDS (G_USEC_PER_SEC)

static char *domain_xml(const char *head, const char *devices)
{
    return g_strdup_printf("<domain type='lxc'><name>t</name><memory>65536</memory>%s"
                           "<os><type>exe</type><init>/sbin/init</init></os>"
                           "<devices>%s</devices></domain>",
                           head, devices);
}

static DomainDef *parse(const char *head, const char *devices)
{
    g_autofree char *xml = domain_xml(head, devices);
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, &err);
    g_assert_no_error(err);
    return def;
}

static void refuse(const char *xml, int code)
{
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    g_assert_false(domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, &err));
    g_assert_cmpint(error_code(err), ==, code);
    g_assert_null(def);
}

/* ---- metadata ----------------------------------------------------------------------------------
 */

static void set(DomainDef *def, int type, const char *text, const char *uri)
{
    MetadataChange change = { .type = type, .text = text, .key = uri ? "k" : NULL, .uri = uri };
    g_autoptr(GError) err = NULL;

    domain_def_metadata_set(def, &change, &err);
    g_assert_no_error(err);
}

static void refuse_set(DomainDef *def, const MetadataChange *change, int code)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(domain_def_metadata_set(def, change, &err));
    g_assert_cmpint(error_code(err), ==, code);
}

static void expect(const DomainDef *def, int type, const char *uri, const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *found = NULL;

    if (!text) {
        g_assert_false(domain_def_metadata_get(def, type, uri, &found, &err));
        g_assert_cmpint(error_code(err), ==, VIR_ERR_NO_DOMAIN_METADATA);
        return;
    }
    domain_def_metadata_get(def, type, uri, &found, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(found, ==, text);
}

static void test_title_and_description(void)
{
    g_autoptr(DomainDef) def = parse("", "");

    expect(def, METADATA_TITLE, NULL, NULL);
    set(def, METADATA_TITLE, "a <title>", NULL);
    set(def, METADATA_DESCRIPTION, "two\nlines", NULL);
    expect(def, METADATA_TITLE, NULL, "a <title>");
    expect(def, METADATA_DESCRIPTION, NULL, "two\nlines");
    set(def, METADATA_TITLE, "", NULL);
    set(def, METADATA_DESCRIPTION, NULL, NULL);
    expect(def, METADATA_TITLE, NULL, NULL);
    expect(def, METADATA_DESCRIPTION, NULL, NULL);
}

static void test_element(void)
{
    g_autoptr(DomainDef) def = parse("", "");
    g_autofree char *text = NULL;

    expect(def, METADATA_ELEMENT, "u", NULL);
    set(def, METADATA_ELEMENT, "<a x='1'><b>t\nu</b><c/></a>", "u");
    set(def, METADATA_ELEMENT, "<other/>", "v");
    expect(def, METADATA_ELEMENT, "u", "<a x=\"1\">\n  <b>t\nu</b>\n  <c/>\n</a>");
    text = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    g_assert_nonnull(strstr(text, "    <k:a xmlns:k=\"u\" x=\"1\">\n"
                                  "      <k:b>t\nu</k:b>\n"
                                  "      <k:c/>\n"
                                  "    </k:a>\n"
                                  "    <k:other xmlns:k=\"v\"/>\n"));
    set(def, METADATA_ELEMENT, "<a/>", "u");
    expect(def, METADATA_ELEMENT, "u", "<a/>");
    set(def, METADATA_ELEMENT, NULL, "u");
    expect(def, METADATA_ELEMENT, "u", NULL);
    expect(def, METADATA_ELEMENT, "v", "<other/>");
}

static void test_metadata_refused(void)
{
    g_autoptr(DomainDef) def = parse("", "");
    MetadataChange bad_title = { METADATA_TITLE, "a\nb", NULL, NULL };
    MetadataChange title_with_key = { METADATA_TITLE, "a", "k", "u" };
    MetadataChange control = { METADATA_DESCRIPTION, "bell \a", NULL, NULL };
    MetadataChange no_uri = { METADATA_ELEMENT, "<a/>", "k", NULL };
    MetadataChange no_key = { METADATA_ELEMENT, "<a/>", NULL, "u" };
    MetadataChange bad_key = { METADATA_ELEMENT, "<a/>", "a b", "u" };
    MetadataChange malformed = { METADATA_ELEMENT, "<a>", "k", "u" };
    MetadataChange two_roots = { METADATA_ELEMENT, "<a/><b/>", "k", "u" };
    MetadataChange taken_prefix = { METADATA_ELEMENT, "<a xmlns:k='z'/>", "k", "u" };
    MetadataChange elsewhere = { METADATA_ELEMENT, "<a xmlns='z'/>", "k", "u" };
    MetadataChange unknown = { 7, "x", NULL, NULL };

    refuse_set(def, &bad_title, VIR_ERR_INVALID_ARG);
    refuse_set(def, &title_with_key, VIR_ERR_INVALID_ARG);
    refuse_set(def, &control, VIR_ERR_INVALID_ARG);
    refuse_set(def, &no_uri, VIR_ERR_INVALID_ARG);
    refuse_set(def, &no_key, VIR_ERR_INVALID_ARG);
    refuse_set(def, &bad_key, VIR_ERR_INVALID_ARG);
    refuse_set(def, &malformed, VIR_ERR_XML_DETAIL);
    refuse_set(def, &two_roots, VIR_ERR_XML_DETAIL);
    refuse_set(def, &taken_prefix, VIR_ERR_INVALID_ARG);
    refuse_set(def, &elsewhere, VIR_ERR_INVALID_ARG);
    refuse_set(def, &unknown, VIR_ERR_INVALID_ARG);
    g_assert_cmpuint(def->metadata.n, ==, 0);
}

/* ---- made up -----------------------------------------------------------------------------------
 */

static void test_random_identity(void)
{
    g_autoptr(DomainDef) one =
        parse("", "<interface type='bridge'><source bridge='b'/></interface>"
                  "<interface type='bridge'><source bridge='b'/></interface>");
    g_autoptr(DomainDef) other = parse("<genid/>", "");
    const uint8_t *mac = one->interfaces.items[0]->mac;

    g_assert_cmpint(memcmp(one->uuid, other->uuid, sizeof(one->uuid)), !=, 0);
    g_assert_cmpint(memcmp(mac, (uint8_t[]){ 0x52, 0x54, 0x00 }, 3), ==, 0);
    g_assert_cmpint(memcmp(mac, one->interfaces.items[1]->mac, 6), !=, 0);
    g_assert_nonnull(other->genid);
    g_assert_cmpuint(strlen(other->genid), ==, 36);
}

/* The same random bits come twice, so that the second address is one that is given already. */
static void test_random_mac_is_nobody_elses(void)
{
    g_autoptr(DomainDef) first = NULL;
    g_autoptr(DomainDef) second = NULL;
    g_autofree char *mac = NULL;
    g_autofree char *devices = NULL;

    g_random_set_seed(4711);
    first = parse("", "<interface type='bridge'><source bridge='b'/></interface>");
    mac = value_format_mac(first->interfaces.items[0]->mac);
    devices = g_strdup_printf("<interface type='bridge'><source bridge='b'/></interface>"
                              "<interface type='bridge'><mac address='%s'/><source bridge='b'/>"
                              "</interface>",
                              mac);
    g_random_set_seed(4711);
    second = parse("", devices);
    g_assert_cmpint(memcmp(second->interfaces.items[1]->mac, first->interfaces.items[0]->mac, 6),
                    ==, 0);
    g_assert_cmpint(memcmp(second->interfaces.items[0]->mac, first->interfaces.items[0]->mac, 6),
                    !=, 0);
}

/* A null MAC, which imported configurations have, is none. */
static void test_null_mac(void)
{
    g_autoptr(DomainDef) def = parse("", "<interface type='ethernet'>"
                                         "<mac address='00:00:00:00:00:00'/></interface>");

    g_assert_cmpint(memcmp(def->interfaces.items[0]->mac, (uint8_t[]){ 0x52, 0x54, 0x00 }, 3), ==,
                    0);
}

/* Which ids of a virtual port are made up, by the type of port and of interface. */
static void test_port_ids(void)
{
    static const struct {
        const char *device;
        bool instance, interface;
    } ports[] = {
        {"<interface type='bridge'><source bridge='b'/><virtualport type='openvswitch'/>", false,
         true                                                                                         },
        { "<interface type='network'><source network='n'/><virtualport/>",                 true,  true},
        { "<interface type='network'><source network='n'/><virtualport type='802.1Qbg'/>", true,
         false                                                                                        },
        { "<interface type='network'><source network='n'/><virtualport type='midonet'/>",  false,
         false                                                                                        },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        g_autofree char *device = g_strconcat(ports[i].device, "</interface>", NULL);
        g_autoptr(DomainDef) def = parse("", device);
        g_autofree char *xml = domain_def_format(def, DOMAIN_DEF_INACTIVE);

        g_assert_cmpint(strstr(xml, " instanceid='") != NULL, ==, ports[i].instance);
        g_assert_cmpint(strstr(xml, " interfaceid='") != NULL, ==, ports[i].interface);
    }
}

/* ---- live --------------------------------------------------------------------------------------
 */

static void assert_shows(const DomainDef *def, DomainDefFlags flags, const char *text, bool shown)
{
    g_autofree char *xml = domain_def_format(def, flags);

    if (shown != (strstr(xml, text) != NULL))
        g_error("'%s' is %s in\n%s", text, shown ? "missing" : "present", xml);
}

static const char *const live_only[] = {
    " id='42'",
    "tty='/dev/pts/7'",
    "<source path='/dev/pts/7'/>",
    "dev='vnet3'",
    "portid='p1'",
    "bridge='virbr0'",
    "<alias name='net0'/>",
    "<alias name='console0'/>",
    "<alias name='fs0'/>",
};

static void test_live_fields(void)
{
    g_autoptr(DomainDef) config =
        parse("", "<console/><interface type='network'><source network='default'/></interface>");
    g_autoptr(DomainDef) live = domain_def_copy(config);
    g_autoptr(DomainDef) again = NULL;
    g_autofree char *text = NULL;

    live->id = 42;
    domain_def_make_live(live, &host);
    live->consoles.items[0]->tty = g_strdup("/dev/pts/7");
    live->consoles.items[0]->source.path = g_strdup("/dev/pts/7");
    live->interfaces.items[0]->target_dev = g_strdup("vnet3");
    live->interfaces.items[0]->portid = g_strdup("p1");
    live->interfaces.items[0]->bridge = g_strdup("virbr0");
    for (size_t i = 0; i < G_N_ELEMENTS(live_only); i++) {
        assert_shows(live, DOMAIN_DEF_LIVE, live_only[i], true);
        assert_shows(live, DOMAIN_DEF_INACTIVE, live_only[i], false);
        assert_shows(config, DOMAIN_DEF_LIVE, live_only[i], false);
    }
    text = domain_def_format_indented(live, DOMAIN_DEF_LIVE, 2);
    g_assert_true(domain_def_parse(text, DOMAIN_DEF_LIVE, &host, &again, NULL));
    g_assert_true(domain_def_equal(live, again));
}

/* A network that is a bridge is shown as the bridge it is, and is a network again afterwards. */
static void test_actual_bridge(void)
{
    g_autoptr(DomainDef) live =
        parse("", "<interface type='network'><source network='lan'/></interface>");
    g_autoptr(DomainDef) again = NULL;
    g_autofree char *text = NULL;

    live->interfaces.items[0]->actual_type = INTERFACE_BRIDGE;
    live->interfaces.items[0]->bridge = g_strdup("br7");
    assert_shows(live, DOMAIN_DEF_LIVE, "<interface type='bridge'>", true);
    assert_shows(live, DOMAIN_DEF_LIVE, "<source network='lan' bridge='br7'/>", true);
    assert_shows(live, DOMAIN_DEF_INACTIVE, "<interface type='network'>", true);
    text = domain_def_format(live, DOMAIN_DEF_LIVE);
    g_assert_true(domain_def_parse(text, DOMAIN_DEF_LIVE, &host, &again, NULL));
    g_assert_cmpint(again->interfaces.items[0]->type, ==, INTERFACE_NETWORK);
    g_assert_cmpint(again->interfaces.items[0]->actual_type, ==, INTERFACE_BRIDGE);
}

/* So is one that is a macvlan. */
static void test_actual_direct(void)
{
    g_autoptr(DomainDef) live =
        parse("", "<interface type='network'><source network='lan'/></interface>");
    g_autoptr(DomainDef) again = NULL;
    g_autofree char *text = NULL;

    live->interfaces.items[0]->actual_type = INTERFACE_DIRECT;
    live->interfaces.items[0]->device = g_strdup("eth7");
    live->interfaces.items[0]->macvlan = MACVLAN_PRIVATE;
    assert_shows(live, DOMAIN_DEF_LIVE, "<interface type='direct'>", true);
    assert_shows(live, DOMAIN_DEF_LIVE, "<source network='lan' dev='eth7' mode='private'/>", true);
    assert_shows(live, DOMAIN_DEF_INACTIVE, "<source network='lan'/>", true);
    text = domain_def_format(live, DOMAIN_DEF_LIVE);
    g_assert_true(domain_def_parse(text, DOMAIN_DEF_LIVE, &host, &again, NULL));
    g_assert_true(domain_def_equal(live, again));
}

/* A definition and the live one made of it have the same plan but for what live fills in. */
static void test_live_plan(void)
{
    g_autoptr(DomainDef) config =
        parse("", "<console/><interface type='network'><source network='default'/></interface>");
    g_autoptr(DomainDef) live = domain_def_copy(config);
    g_autoptr(Plan) from_config = NULL;
    g_autoptr(Plan) from_live = NULL;

    live->id = 42;
    domain_def_make_live(live, &host);
    g_assert_true(domain_def_compile(config, &host, &from_config, NULL));
    g_assert_true(domain_def_compile(live, &host, &from_live, NULL));
    g_assert_true(xdr_equal(&plan_xdr, from_config, from_live));
}

static void test_equal(void)
{
    g_autoptr(DomainDef) def = parse("", "<console/>");
    g_autoptr(DomainDef) copy = domain_def_copy(def);

    g_assert_true(domain_def_equal(def, copy));
    g_free(copy->os.init);
    copy->os.init = g_strdup("/bin/other");
    g_assert_false(domain_def_equal(def, copy));
}

/* A host may have thousands of definitions, so one at rest takes little more than its words. */
static void test_folded_size(void)
{
    g_autoptr(DomainDef) def =
        parse("<features><privnet/></features>",
              "<filesystem><source dir='/srv/tree'/><target dir='/'/></filesystem><console/>");
    g_autofree FoldedDef *folded = domain_def_fold(def);

    g_assert_cmpuint(malloc_usable_size(folded), <=, 256);
}

/* ---- documents made to hurt --------------------------------------------------------------------
 */

static void test_entity_bomb(void)
{
    GString *xml = g_string_new("<!DOCTYPE d [<!ENTITY a0 'ha'>");
    gint64 start = cpu_time();

    for (int i = 1; i < 40; i++)
        g_string_append_printf(xml, "<!ENTITY a%d '&a%d;&a%d;'>", i, i - 1, i - 1);
    g_string_append(xml, "]><domain type='lxc'><name>&a39;</name></domain>");
    refuse(xml->str, VIR_ERR_XML_DETAIL);
    g_assert_cmpint(cpu_time() - start, <, SECONDS);
    g_string_free(xml, TRUE);
}

/* Reading what is named would never end. */
static void test_external_entity(void)
{
    refuse("<!DOCTYPE d SYSTEM '/dev/zero'><domain/>", VIR_ERR_XML_DETAIL);
    refuse("<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///dev/zero'>]><domain><name>&e;</name></domain>",
           VIR_ERR_XML_DETAIL);
    refuse("<!DOCTYPE d [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]><domain/>",
           VIR_ERR_XML_DETAIL);
}

static void test_huge_text(void)
{
    g_autofree char *text = g_strnfill(30u << 20, 'x');
    g_autofree char *xml = g_strconcat("<domain type='lxc'><name>", text, "</name></domain>", NULL);
    g_autofree char *cut = g_strndup(xml, 11u << 20);

    refuse(xml, VIR_ERR_XML_DETAIL);
    refuse(cut, VIR_ERR_XML_DETAIL);
}

static void test_deep_nesting(void)
{
    GString *xml = g_string_new("<domain type='lxc'>");

    for (int i = 0; i < 1000000; i++)
        g_string_append(xml, "<a>");
    refuse(xml->str, VIR_ERR_XML_DETAIL);
    g_string_free(xml, TRUE);
}

static void test_many_attributes(void)
{
    GString *xml = g_string_new("<domain type='lxc'");
    gint64 start = cpu_time();

    for (int i = 0; i < 20000; i++)
        g_string_append_printf(xml, " a%d='x'", i);
    g_string_append(xml, "/>");
    refuse(xml->str, VIR_ERR_XML_DETAIL);
    g_assert_cmpint(cpu_time() - start, <, 10 * SECONDS);
    g_string_free(xml, TRUE);
}

/* More than a container can be made of, but not more than can be read, printed and refused. */
static void many(const char *before, const char *after)
{
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;
    GString *devices = g_string_new(NULL);
    gint64 start = cpu_time();

    for (unsigned i = 0; i < 100000; i++)
        g_string_append_printf(devices, "%s%u%s", before, i, after);
    def = parse("", devices->str);
    domain_def_make_live(def, &host);
    g_free(domain_def_format(def, DOMAIN_DEF_LIVE));
    g_assert_false(domain_def_compile(def, &host, &plan, &err));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_cmpint(cpu_time() - start, <, 20 * SECONDS);
    g_string_free(devices, TRUE);
}

static void test_many_devices(void)
{
    many("<filesystem><source dir='/x'/><target dir='/", "'/></filesystem>");
    many("<disk><source file='/x'/><target dev='vda", "'/></disk>");
    many("<console><target port='", "'/></console>");
    many("<interface type='bridge'><source bridge='b'/><target dev='h", "'/></interface>");
}

static void test_not_text(void)
{
    refuse("<domain type='lxc'><name>a&#0;b</name></domain>", VIR_ERR_XML_DETAIL);
    refuse("<domain type='lxc'><name>a\001b</name></domain>", VIR_ERR_XML_DETAIL);
    refuse("<domain type='lxc'><name>\xc0\xaf</name></domain>", VIR_ERR_XML_DETAIL);
    refuse("<?xml version='1.0' encoding='klingon'?><domain/>", VIR_ERR_XML_DETAIL);
    refuse("", VIR_ERR_XML_DETAIL);
    refuse(" ", VIR_ERR_XML_DETAIL);
}

/* The message shows the line and a caret below the place. */
static void test_caret(void)
{
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    g_assert_false(domain_def_parse("<domain>\n  <name>x</nome>\n</domain>", DOMAIN_DEF_INACTIVE,
                                    &host, &def, &err));
    g_assert_cmpstr(err->message, ==,
                    "(domain_definition):2: Opening and ending tag mismatch: name line 2 and nome\n"
                    "  <name>x</nome>\n"
                    "----------------^");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/metadata/title-and-description", test_title_and_description);
    g_test_add_func("/conf/metadata/element", test_element);
    g_test_add_func("/conf/metadata/refused", test_metadata_refused);
    g_test_add_func("/conf/random-identity", test_random_identity);
    g_test_add_func("/conf/random-mac", test_random_mac_is_nobody_elses);
    g_test_add_func("/conf/null-mac", test_null_mac);
    g_test_add_func("/conf/port-ids", test_port_ids);
    g_test_add_func("/conf/live/fields", test_live_fields);
    g_test_add_func("/conf/live/actual-bridge", test_actual_bridge);
    g_test_add_func("/conf/live/actual-direct", test_actual_direct);
    g_test_add_func("/conf/live/plan", test_live_plan);
    g_test_add_func("/conf/equal", test_equal);
    g_test_add_func("/conf/folded-size", test_folded_size);
    g_test_add_func("/conf/hostile/entity-bomb", test_entity_bomb);
    g_test_add_func("/conf/hostile/external-entity", test_external_entity);
    g_test_add_func("/conf/hostile/huge-text", test_huge_text);
    g_test_add_func("/conf/hostile/deep-nesting", test_deep_nesting);
    g_test_add_func("/conf/hostile/many-attributes", test_many_attributes);
    g_test_add_func("/conf/hostile/many-devices", test_many_devices);
    g_test_add_func("/conf/hostile/not-text", test_not_text);
    g_test_add_func("/conf/hostile/caret", test_caret);
    return g_test_run();
}
