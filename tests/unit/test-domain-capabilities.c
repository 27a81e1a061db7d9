// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Domain capabilities are valid by libvirt's schema, are those of what was asked about, and offer
 * what a definition may hold: no more, no less.
 */
#include <string.h>

#include "base/error.h"
#include "conf/domain-capabilities.h"
#include "conf/schema.h"

#define SCHEMA "/usr/share/libvirt/schemas/domaincaps.rng"

static const DomainDefHost host = { "x86_64", "/opt/a&b/controller", "/machine", NULL };

static char *format(const DomainCapabilitiesQuery *query)
{
    g_autoptr(GError) err = NULL;
    char *text = NULL;

    (void)domain_capabilities_format(query, &host, 4, &text, &err); /* looked at next */
    g_assert_no_error(err);
    return text;
}

static void contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("no '%s' in: %s", part, text);
}

static void test_valid(void)
{
    const DomainCapabilitiesQuery usual = { NULL, NULL, NULL, NULL };
    const DomainCapabilitiesQuery same = { host.emulator, "x86_64", NULL, "lxc" };
    const DomainCapabilitiesQuery other = { "/usr/lib/libvirt/libvirt_lxc", "i686", "pc<1>",
                                            "lxc" };
    g_autofree char *text = format(&usual);
    g_autofree char *again = format(&same);
    g_autofree char *partner = format(&other);
    g_autoptr(Schema) schema = schema_new(SCHEMA);
    g_autoptr(GError) err = NULL;

    g_assert_cmpstr(text, ==, again);
    contains(text, "  <path>/opt/a&amp;b/controller</path>\n"
                   "  <domain>lxc</domain>\n"
                   "  <arch>x86_64</arch>\n"
                   "  <vcpu max='4'/>\n");
    contains(partner, "  <path>/usr/lib/libvirt/libvirt_lxc</path>\n"
                      "  <domain>lxc</domain>\n"
                      "  <machine>pc&lt;1&gt;</machine>\n"
                      "  <arch>i686</arch>\n");
    (void)(schema_check_text(schema, text, &err) && schema_check_text(schema, partner, &err));
    g_assert_no_error(err);
}

static void refused(const DomainCapabilitiesQuery *query, const char *message)
{
    g_autoptr(GError) err = NULL;
    char *text = NULL;

    g_assert_false(domain_capabilities_format(query, &host, 4, &text, &err));
    g_assert_cmpint(error_code(err), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(error_from(err), ==, VIR_FROM_LXC);
    g_assert_cmpstr(err->message, ==, message);
}

static void test_refused(void)
{
    refused(&(DomainCapabilitiesQuery){ .type = "kvm" },
            "there are domains of type 'lxc' here, not of type 'kvm'");
    refused(&(DomainCapabilitiesQuery){ .arch = "z80" }, "unknown architecture 'z80'");
    refused(&(DomainCapabilitiesQuery){ .arch = "ppc" },
            "the host, which is x86_64, cannot run containers of architecture 'ppc'");
    refused(&(DomainCapabilitiesQuery){ .emulator = "/usr/bin/qemu-system-x86_64" },
            "the program that runs containers here is '/opt/a&b/controller', not "
            "'/usr/bin/qemu-system-x86_64'");
    refused(&(DomainCapabilitiesQuery){ .emulator = "libvirt_lxc" },
            "the program that runs containers here is '/opt/a&b/controller', not 'libvirt_lxc'");
}

/* Whether a container with this device has a plan. */
static bool can_have(const char *device)
{
    g_autofree char *xml =
        g_strdup_printf("<domain type='lxc'><name>a</name><memory>65536</memory>"
                        "<os><type>exe</type><init>/i</init></os><devices>%s</devices></domain>",
                        device);
    g_autoptr(GError) err = NULL;
    g_autoptr(DomainDef) def = NULL;
    g_autoptr(Plan) plan = NULL;

    return domain_def_parse(xml, DOMAIN_DEF_INACTIVE, &host, &def, &err) &&
           domain_def_compile(def, &host, &plan, &err);
}

typedef struct Offer {
    const char *element;
    const char *word;
    const char *device;
} Offer;

/* Devices of every type there is. */
static const Offer offers[] = {
    {"filesystem",  "mount",
     "<filesystem type='mount'><source dir='/s'/><target dir='/x'/></filesystem>"             },
    { "filesystem", "bind",
     "<filesystem type='bind'><source dir='/s'/><target dir='/x'/></filesystem>"              },
    { "filesystem", "ram",
     "<filesystem type='ram'><source usage='1'/><target dir='/x'/></filesystem>"              },
    { "filesystem", "block",
     "<filesystem type='block'><source dev='/dev/s'/><target dir='/x'/></filesystem>"         },
    { "filesystem", "file",
     "<filesystem type='file'><source file='/s'/><target dir='/x'/></filesystem>"             },
    { "filesystem", "template",
     "<filesystem type='template'><source name='s'/><target dir='/x'/></filesystem>"          },
    { "filesystem", "volume",
     "<filesystem type='volume'><source pool='p' volume='v'/><target dir='/x'/></filesystem>" },
    { "hostdev",    "usb",
     "<hostdev type='usb'><source><vendor id='1'/><product id='2'/></source></hostdev>"       },
    { "hostdev",    "pci",
     "<hostdev type='pci'><source><address domain='0' bus='1' slot='2' function='0'/></source>"
      "</hostdev>"                                                                            },
    { "hostdev",    "storage",
     "<hostdev mode='capabilities' type='storage'><source><block>/dev/s</block></source>"
      "</hostdev>"                                                                            },
    { "hostdev",    "misc",
     "<hostdev mode='capabilities' type='misc'><source><char>/dev/s</char></source></hostdev>"},
    { "hostdev",    "net",
     "<hostdev mode='capabilities' type='net'><source><interface>e0</interface></source>"
      "</hostdev>"                                                                            },
};

/* What is between <ELEMENT ...> and </ELEMENT>. */
static char *section_of(const char *text, const char *element)
{
    g_autofree char *start_tag = g_strdup_printf("<%s supported='yes'>", element);
    g_autofree char *end_tag = g_strdup_printf("</%s>", element);
    const char *start = strstr(text, start_tag);

    g_assert_nonnull(start);
    return g_strndup(start, (size_t)(strstr(start, end_tag) - start));
}

static void test_true(void)
{
    g_autofree char *text = format(&(DomainCapabilitiesQuery){ NULL });

    for (size_t i = 0; i < G_N_ELEMENTS(offers); i++) {
        g_autofree char *section = section_of(text, offers[i].element);
        g_autofree char *value = g_strdup_printf("<value>%s</value>", offers[i].word);

        g_test_message("%s", offers[i].device);
        g_assert_cmpint(strstr(section, value) != NULL, ==, can_have(offers[i].device));
    }
    contains(text, "    <graphics supported='no'/>\n    <video supported='no'/>\n");
    contains(text, "    <tpm supported='no'/>\n    <redirdev supported='no'/>\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain-capabilities/valid", test_valid);
    g_test_add_func("/domain-capabilities/refused", test_refused);
    g_test_add_func("/domain-capabilities/true", test_true);
    return g_test_run();
}
