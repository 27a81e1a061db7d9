// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The domain document: the rows of <domain> itself, and the calls that read, print, copy and
 * compare a whole definition. The order of the rows is the order of the output.
 */
#include "conf/domain-def.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/cpu-list.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/schema.h"
#include "conf/value.h"
#include "conf/xml.h"

/* NAME.xml and NAME.libvirt-lxc have to be possible names of files, with some room to write aside.
 */
#define NAME_SIZE_MAX 230

/* ---- values that are neither text nor number ------------------------------------------------- */

static bool parse_uuid(const char *text, void *field, GError **err)
{
    if (!value_parse_uuid(text, field))
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("malformed UUID '%s'"), text);
    return true;
}

static char *format_uuid(const void *field)
{
    return value_format_uuid(field);
}

static bool parse_id(const char *text, void *field, GError **err)
{
    int64_t id;

    if (!value_parse_number(text, &id) || id < -1 || id > INT32_MAX)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("malformed domain id '%s'"), text);
    *(int *)field = (int)id;
    return true;
}

static char *format_id(const void *field)
{
    int id = *(const int *)field;

    return id < 0 ? NULL : g_strdup_printf("%d", id);
}

static void random_uuid(uint8_t uuid[16])
{
    g_autofree char *text = g_uuid_string_random();

    (void)value_parse_uuid(text, uuid); /* it is one */
}

/* An empty <genid/> asks for a random one. */
static bool normalize_genid(const char *text, char **ret_text, GError **err)
{
    uint8_t uuid[16];

    if (!*text)
        random_uuid(uuid);
    else if (!value_parse_uuid(text, uuid))
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("malformed generation id '%s'"), text);
    *ret_text = value_format_uuid(uuid);
    return true;
}

static const TextFunctions uuid_text = { parse_uuid, format_uuid };
static const TextFunctions id_text = { parse_id, format_id };

/* ---- the rows -------------------------------------------------------------------------------- */

static const char *const domain_type[] = { "lxc" };
static const char *const placement_names[] = { "static", "auto", NULL };
static const char *const lifecycle_names[] = { "destroy", "restart", "rename-restart", "preserve",
                                               NULL };
static const char *const crash_names[] = { "destroy",  "restart",          "rename-restart",
                                           "preserve", "coredump-destroy", "coredump-restart",
                                           NULL };

static const char *const lockfailure_names[] = { "default", "poweroff", "restart",
                                                 "pause",   "ignore",   NULL };

/* More of them mean a slip of the pen. */
#define VCPUS_MAX INT32_MAX
#define IOTHREADS_MAX UINT16_MAX

#define FIELD(name) offsetof(DomainDef, name)

/* clang-format off */
static const Row domain_rows[] = {
    { "@type",                      ROW_FIXED,  .names = domain_type },
    { "@id",                        ROW_TEXT,   FIELD(id),                      ROW_LIVE,
                                    .text = &id_text, .size = sizeof(int) },
    { "name",                       ROW_STRING, FIELD(name),                    ROW_NOT_EMPTY,
                                    .missing = ERR(DOMAIN, NO_NAME) },
    { "uuid",                       ROW_TEXT,   FIELD(uuid),                    .text = &uuid_text,
                                    .size = 16 },
    { "genid",                      ROW_STRING, FIELD(genid),                   ROW_KEPT,
                                    .normalize = normalize_genid },
    { "title",                      ROW_STRING, FIELD(title),                   ROW_NOT_EMPTY | ROW_KEPT,
                                    .normalize = metadata_check_title },
    { "description",                ROW_STRING, FIELD(description),             ROW_NOT_EMPTY | ROW_KEPT },
    { "metadata/*",                 ROW_LIST,   FIELD(metadata),                ROW_KEPT,
                                    .record = &metadata_record },
    { "maxMemory",                  ROW_REFUSED },
    { "memory/@dumpCore",           ROW_ENUM,   FIELD(memory_dump_core),        ROW_KEPT,
                                    .names = switch_names },
    { "memory",                     ROW_MEMORY, FIELD(memory_kib) },
    { "currentMemory",              ROW_MEMORY, FIELD(current_memory_kib) },
    { "blkiotune",                  ROW_RECORD, FIELD(blkiotune),               .record = &blkiotune_record },
    { "memtune",                    ROW_RECORD, FIELD(memtune),                 .record = &memtune_record },
    { "memoryBacking",              ROW_MAYBE,  FIELD(memory_backing),
                                    .record = &memory_backing_record },
    { "vcpu/@placement",            ROW_ENUM,   FIELD(vcpu_placement),          .names = placement_names,
                                    .works = TYPE_BIT(VCPU_PLACEMENT_STATIC) },
    { "vcpu/@cpuset",               ROW_STRING, FIELD(cpuset),                  .normalize = cpu_list_normalize },
    { "vcpu/@current",              ROW_NUMBER, FIELD(vcpu_current),            .min = 0,
                                    .max = UINT32_MAX },
    { "vcpu",                       ROW_COUNT,  FIELD(vcpus),                   .min = 0,
                                    .max = VCPUS_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "vcpus/vcpu",                 ROW_REFUSED },
    { "iothreads",                  ROW_NUMBER, FIELD(iothreads),               ROW_KEPT, .min = 0,
                                    .max = IOTHREADS_MAX, .bad = ERR(DOMAIN, XML_ERROR) },
    { "iothreadids/iothread",       ROW_LIST,   FIELD(iothreadids),             .record = &iothread_record },
    { "defaultiothread",            ROW_RECORD, FIELD(defaultiothread),
                                    .record = &defaultiothread_record },
    { "cputune",                    ROW_RECORD, FIELD(cputune),                 .record = &cputune_record },
    { "numatune",                   ROW_RECORD, FIELD(numatune),                .record = &numatune_record },
    { "resource",                   ROW_RECORD, 0,                              .record = &resource_record },
    { "sysinfo",                    ROW_LIST,   FIELD(sysinfos),                .record = &sysinfo_record },
    { "bootloader",                 ROW_STRING, FIELD(bootloader),              ROW_NOT_EMPTY | ROW_KEPT },
    { "bootloader_args",            ROW_STRING, FIELD(bootloader_args),         ROW_NOT_EMPTY | ROW_KEPT },
    { "os",                         ROW_RECORD, FIELD(os),                      .record = &os_record },
    { "idmap",                      ROW_RECORD, FIELD(idmap),                   .record = &idmap_record },
    { "features",                   ROW_RECORD, FIELD(features),                .record = &features_record },
    { "cpu",                        ROW_MAYBE,  FIELD(cpu),                     .record = &cpu_record },
    { "clock",                      ROW_RECORD, FIELD(clock),                   .record = &clock_record },
    { "on_poweroff",                ROW_ENUM,   FIELD(on_poweroff),             .names = lifecycle_names,
                                    .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "on_reboot",                  ROW_ENUM,   FIELD(on_reboot),               .names = lifecycle_names,
                                    .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "on_crash",                   ROW_ENUM,   FIELD(on_crash),                .names = crash_names,
                                    .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "on_lockfailure",             ROW_ENUM,   FIELD(on_lockfailure),          ROW_KEPT | ROW_HIDE_DEFAULT,
                                    .names = lockfailure_names,
                                    .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "pm/suspend-to-mem/@enabled", ROW_ENUM,   FIELD(suspend_to_mem),          ROW_KEPT,
                                    .names = choice_names },
    { "pm/suspend-to-disk/@enabled",
                                    ROW_ENUM,   FIELD(suspend_to_disk),         ROW_KEPT,
                                    .names = choice_names },
    { "perf/event",                 ROW_LIST,   FIELD(perf_events),             .record = &perf_event_record },
    { "devices",                    ROW_CUSTOM, 0,                              .functions = &devices_functions },
    { "seclabel",                   ROW_LIST,   FIELD(seclabels),               .record = &seclabel_record },
    { "keywrap/cipher",             ROW_LIST,   FIELD(keywrap),                 .record = &key_cipher_record },
    { "launchSecurity",             ROW_MAYBE,  FIELD(launch_security),
                                    .record = &launch_security_record },
    { "lxc:namespace",              ROW_RECORD, FIELD(shares),                  .record = &shares_record },
    { "virtlxcd:container",         ROW_RECORD, FIELD(extension),               .record = &extension_record },
    { "+",                          ROW_KEEP,   FIELD(foreign) },
    { NULL },
};
/* clang-format on */

static void init_domain(void *object)
{
    DomainDef *def = object;

    def->id = -1;
    def->vcpus = 1;
    def->on_reboot = LIFECYCLE_RESTART;
}

static bool check_domain(void *object, const Reader *reader, GError **err);

const Record domain_record = { "domain", sizeof(DomainDef), domain_rows, .init = init_domain,
                               .check = check_domain };

/* ---- checks of the whole --------------------------------------------------------------------- */

/* The name becomes part of file names. */
static bool check_name(const char *name, GError **err)
{
    if (strchr(name, '\n'))
        return fail(err, ERR(XML, XML_DETAIL), _("the domain name '%s' contains a newline"), name);
    if (strchr(name, '/'))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("the domain name '%s' contains '/'"), name);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("a domain cannot be called '%s'"), name);
    if (strlen(name) > NAME_SIZE_MAX)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the domain name '%.20s...' is longer than %d bytes"), name, NAME_SIZE_MAX);
    return true;
}

static bool check_domain(void *object, const Reader *reader, GError **err)
{
    static const uint8_t no_uuid[16];
    DomainDef *def = object;

    if (!sysinfo_check(def, err))
        return false;
    if (memcmp(def->uuid, no_uuid, sizeof(no_uuid)) == 0)
        random_uuid(def->uuid);
    return check_name(def->name, err) && metadata_check(def, err) &&
           resources_check(def, reader, err) && os_check(def, reader, err) &&
           perf_check(def, err) && keywrap_check(def, err) && devices_check(def, reader, err) &&
           seclabels_check(def, reader, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Words for the type that libvirt knows: other drivers'. */
static const char *const other_drivers[] = { "qemu",   "kqemu",  "kvm",  "xen",
                                             "uml",    "openvz", "test", "vmware",
                                             "hyperv", "vbox",   "phyp", "parallels",
                                             "bhyve",  "vz",     "hvf",  NULL };

static bool check_root(const xmlNode *root, GError **err)
{
    g_autofree char *type = NULL;

    if (!xml_is(root, "domain"))
        return fail(err, ERR(XML, XML_ERROR), _("the root element is <%s>, not <domain>"),
                    xml_name(root));
    type = xml_attribute(root, "type");
    if (!type)
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("<domain> lacks the attribute 'type'"));
    if (g_strv_contains(other_drivers, type))
        return fail(err, ERR(CAPABILITIES, INVALID_ARG),
                    _("could not find capabilities for domaintype=%s: only 'lxc' is here"), type);
    if (strcmp(type, "lxc") != 0)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED), _("unknown domain type '%s'"), type);
    return true;
}

DomainDef *domain_def_new(void)
{
    return record_new(&domain_record);
}

bool domain_def_parse(const char *xml, DomainDefFlags flags, const DomainDefHost *host,
                      DomainDef **ret_def, GError **err)
{
    Reader reader = { .flags = flags, .host = host };
    g_autoptr(xmlDoc) doc = xml_read(xml, "domain_definition", err);
    g_autoptr(DomainDef) def = NULL;

    if (!doc || !check_root(xmlDocGetRootElement(doc), err))
        return false;
    if (flags & DOMAIN_DEF_VALIDATE && host->schema && !schema_check_domain(host->schema, doc, err))
        return false;
    def = domain_def_new();
    reader.left_out = &def->left_out;
    if (!record_parse(&domain_record, &reader, xmlDocGetRootElement(doc), def, err))
        return false;
    *ret_def = g_steal_pointer(&def);
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

char *domain_def_format_indented(const DomainDef *def, DomainDefFlags flags, unsigned indent)
{
    Writer writer = { .out = g_string_sized_new(2048), .indent = indent, .flags = flags };

    (void)record_format(&domain_record, &writer, "domain", def); /* never empty */
    xml_declare_prefixes(writer.out, 0);
    return g_string_free(writer.out, FALSE);
}

char *domain_def_format(const DomainDef *def, DomainDefFlags flags)
{
    return domain_def_format_indented(def, flags, 0);
}

DomainDef *domain_def_copy(const DomainDef *def)
{
    DomainDef *copy = domain_def_new();

    record_copy(&domain_record, def, copy);
    record_strings_copy(&def->left_out, &copy->left_out);
    return copy;
}

FoldedDef *domain_def_fold(const DomainDef *def)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    record_fold(&domain_record, def, out);
    for (size_t i = 0; i < def->left_out.n; i++)
        fold_text(out, def->left_out.items[i]);
    fold_text(out, "");
    return g_memdup2(out->data, out->len);
}

DomainDef *domain_def_unfold(const FoldedDef *folded)
{
    const uint8_t *at = (const uint8_t *)folded;
    DomainDef *def = record_unfold_new(&domain_record, &at);

    while (*at)
        record_list_append(&def->left_out, unfold_text(&at));
    return def;
}

bool domain_def_equal(const DomainDef *a, const DomainDef *b)
{
    return record_equal(&domain_record, a, b);
}

void domain_def_free(DomainDef *def)
{
    if (def)
        record_strings_clear(&def->left_out);
    record_free(&domain_record, def);
}

void domain_def_make_live(DomainDef *def, const DomainDefHost *host)
{
    if (!def->partition)
        def->partition = g_strdup(host->default_partition);
    devices_make_live(def);
}
