// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the storage daemon says of a volume becomes part of the live definition and of its plan, and
 * what no container can use is refused by name. Real daemons are asked in volumes.py.
 */
#include "conf/volume.h"

#include <string.h>

#include "base/error.h"
#include "plan-xdr.h"

static const DomainDefHost host = { .arch = "x86_64",
                                    .emulator = "-",
                                    .default_partition = "/machine" };

static DomainDef *domain_with(const char *devices)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='lxc'><name>d</name><uuid>c0ffee00-1234-4abc-8def-0123456789ab</uuid>"
        "<memory>65536</memory><os><type>exe</type><init>/init</init></os><devices>%s</devices>"
        "</domain>",
        devices);
    g_autoptr(GError) err = NULL;
    DomainDef *def = NULL;

    domain_def_parse(xml, DOMAIN_DEF_LIVE, &host, &def, &err);
    g_assert_no_error(err);
    return def;
}

static DomainDef *filesystem(const char *driver)
{
    g_autofree char *text =
        g_strdup_printf("<filesystem type='volume'>%s<source pool='p' volume='v'/>"
                        "<target dir='/'/></filesystem>",
                        driver);

    return domain_with(text);
}

static char *description(const char *type, const char *path, const char *format)
{
    return g_strdup_printf("<volume type='%s'><name>v</name><key>k</key><capacity>1</capacity>"
                           "<target><path>%s</path><format type='%s'/><permissions><mode>0600"
                           "</mode></permissions></target></volume>",
                           type, path, format);
}

/* The plan of what is said; NULL with the error. */
static Plan *found(DomainDef *def, const char *xml, GError **err)
{
    g_autoptr(GArray) uses = domain_def_volumes(def);
    Plan *plan = NULL;

    g_assert_cmpuint(uses->len, ==, 1);
    if (!volume_apply(xml, &g_array_index(uses, VolumeUse, 0), err) ||
        !domain_def_compile(def, &host, &plan, err))
        return NULL;
    return plan;
}

typedef struct KindCase {
    const char *type;
    const char *format;
    PlanMountKind kind;
    PlanImageDriver image;
} KindCase;

static void test_kinds_become_mounts(void)
{
    static const KindCase cases[] = {
        {"dir",    "dir",  PLAN_MOUNT_HOST,  PLAN_IMAGE_NONE},
        { "block", "none", PLAN_MOUNT_BLOCK, PLAN_IMAGE_NONE},
        { "block", "raw",  PLAN_MOUNT_BLOCK, PLAN_IMAGE_NONE},
        { "file",  "raw",  PLAN_MOUNT_IMAGE, PLAN_IMAGE_LOOP},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DomainDef) def = filesystem("");
        g_autofree char *xml = description(cases[i].type, "/pool/v", cases[i].format);
        g_autofree char *text = NULL;
        g_autoptr(GError) err = NULL;
        Plan *plan = found(def, xml, &err);

        g_assert_no_error(err);
        g_assert_cmpint((int)plan->mounts.items[0].kind, ==, (int)cases[i].kind);
        g_assert_cmpint((int)plan->mounts.items[0].image, ==, (int)cases[i].image);
        g_assert_cmpstr(plan->mounts.items[0].source, ==, "/pool/v");
        text = domain_def_format(def, DOMAIN_DEF_LIVE);
        g_assert_nonnull(strstr(text, "path='/pool/v'"));
        domain_def_plan_free(plan);
    }
}

static void test_disks(void)
{
    static const char text[] = "<disk type='volume'><driver format='qcow2'/><source pool='p' "
                               "volume='v'/><target dev='vda'/><readonly/></disk>";
    static const struct {
        const char *type;
        PlanHostNodeKind kind;
    } cases[] = {
        {"file",   PLAN_HOST_NODE_IMAGE},
        { "block", PLAN_HOST_NODE_BLOCK},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DomainDef) def = domain_with(text);
        g_autofree char *xml = description(cases[i].type, "/pool/v", "raw");
        g_autoptr(GError) err = NULL;
        Plan *plan = found(def, xml, &err);

        g_assert_no_error(err);
        g_assert_cmpint((int)plan->host_nodes.items[0].kind, ==, (int)cases[i].kind);
        g_assert_cmpstr(plan->host_nodes.items[0].source, ==, "/pool/v");
        domain_def_plan_free(plan);
    }
}

static void expect_refusal(const char *driver, const char *xml, const char *text)
{
    g_autoptr(DomainDef) def = filesystem(driver);
    g_autoptr(GError) err = NULL;

    g_assert_null(found(def, xml, &err));
    g_assert_nonnull(err);
    if (!strstr(err->message, text))
        g_error("'%s' is not in '%s'", text, err->message);
}

static void test_refusals(void)
{
    static const struct {
        const char *type, *path, *format, *text;
    } cases[] = {
        {"network",  "rbd/v",   "raw",      "'v' of pool 'p' is of type 'network'"        },
        { "netdir",  "gv0/v",   "dir",      "is of type 'netdir'"                         },
        { "ploop",   "/pool/v", "ploop",    "is of type 'ploop'"                          },
        { "file",    "/pool/v", "hologram", "unknown format 'hologram'"                   },
        { "file",    "/pool/v", "qcow2",    "looks like the format 'qcow2': say so"       },
        { "dir",     "pool/v",  "dir",      "at 'pool/v', which is no path of this host"  },
        { "unheard", "/pool/v", "raw",      "cannot understand the volume 'v' of pool 'p'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = description(cases[i].type, cases[i].path, cases[i].format);
        expect_refusal("", xml, cases[i].text);
    }
    expect_refusal("", "<volume type='file'><target/></volume>", "cannot understand the volume");
    expect_refusal("", "<pool/", "cannot understand the volume");
}

static void test_missing(void)
{
    g_autoptr(DomainDef) def =
        domain_with("<filesystem type='volume'><source pool='p' volume='v'/>"
                    "<target dir='/data'/><virtlxcd:mount xmlns:virtlxcd="
                    "'urn:virtlxcd:domain:1.0' optional='yes'/></filesystem>");
    g_autoptr(GArray) uses = domain_def_volumes(def);
    g_autoptr(GError) err = NULL;
    Plan *plan = found(def, "", &err);

    g_assert_no_error(err);
    g_assert_true(g_array_index(uses, VolumeUse, 0).optional);
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        g_assert_cmpstr(plan->mounts.items[i].target, !=, "/data");
    domain_def_plan_free(plan);
}

/* What is said counts, whatever the volume looks like. */
static void test_format_that_is_said(void)
{
    g_autoptr(DomainDef) def = filesystem("<driver type='loop' format='raw'/>");
    g_autofree char *xml = description("file", "/pool/v", "qcow2");
    g_autoptr(GError) err = NULL;
    Plan *plan = found(def, xml, &err);

    g_assert_no_error(err);
    g_assert_cmpint((int)plan->mounts.items[0].image, ==, PLAN_IMAGE_LOOP);
    g_assert_cmpstr(plan->mounts.items[0].format, ==, "raw");
    domain_def_plan_free(plan);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume/kinds", test_kinds_become_mounts);
    g_test_add_func("/volume/disks", test_disks);
    g_test_add_func("/volume/refusals", test_refusals);
    g_test_add_func("/volume/format", test_format_that_is_said);
    g_test_add_func("/volume/missing", test_missing);
    return g_test_run();
}
