// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See oci.h. A domain has a name, a UUID, a title; a bundle has none, so they travel as
 * annotations, those of the image specification where it has a key. What config.json cannot say is
 * an annotation too: io.virtlxcd.note.1 and on.
 */
#include "conf/oci.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/native-rest.h"
#include "conf/value.h"

#define WRONG ERR(LXC, INVALID_ARG)
#define VERSION "1.0.2"
#define ANNOTATION_NAME "io.virtlxcd.name"
#define ANNOTATION_UUID "io.virtlxcd.uuid"
#define ANNOTATION_SECCOMP "io.virtlxcd.seccomp"
#define ANNOTATION_NOTE "io.virtlxcd.note"
#define ANNOTATION_TITLE "org.opencontainers.image.title"
#define ANNOTATION_DESCRIPTION "org.opencontainers.image.description"
#define ANNOTATION_STOP_SIGNAL "org.opencontainers.image.stopSignal"

/* Nothing in config.json has to say how much memory there is; a domain has to. */
#define MEMORY_DEFAULT_KIB (1024 * 1024)

/* ---- reading: who the container is ----------------------------------------------------------- */

typedef struct Document {
    const char *version;
    const char *hostname;
    const char *domainname;
    JsonNode *annotations;
    JsonNode *process;
    JsonNode *root;
    JsonNode *mounts;
    JsonNode *os_linux;
} Document;

#define FIELD(name) offsetof(Document, name)

/* clang-format off */
static const OciMember document_members[] = {
    { "ociVersion",  OCI_TEXT,  FIELD(version) },
    { "hostname",    OCI_TEXT,  FIELD(hostname) },
    { "domainname",  OCI_TEXT,  FIELD(domainname) },
    { "annotations", OCI_VALUE, FIELD(annotations) },
    { "process",     OCI_VALUE, FIELD(process) },
    { "root",        OCI_VALUE, FIELD(root) },
    { "mounts",      OCI_VALUE, FIELD(mounts) },
    { "linux",       OCI_VALUE, FIELD(os_linux) },
    { NULL },
};
/* clang-format on */

static bool read_uuid(OciImport *import, const OciValue *value, GError **err)
{
    const char *text = NULL;

    if (!oci_string(value, &text, err))
        return false;
    if (!value_parse_uuid(text, import->def->uuid))
        oci_note(import, value);
    return true;
}

/* A profile of the daemon's, by its name or file: linux.seccomp is a list of system calls. */
static bool read_seccomp(OciImport *import, const OciValue *value, GError **err)
{
    ExtensionDef *extension = &import->def->extension;
    const char *text = NULL;

    if (!oci_string(value, &text, err))
        return false;
    for (int profile = SECCOMP_DEFAULT; profile <= SECCOMP_NESTING; profile++)
        if (strcmp(text, seccomp_names[profile]) == 0)
            extension->seccomp = (SeccompProfile)profile;
    if (!extension->seccomp)
        extension->seccomp_file = g_strdup(text);
    return true;
}

/* Offsets are those of the definition. */
/* clang-format off */
static const OciMember annotation_members[] = {
    { ANNOTATION_NAME,        OCI_STRING, offsetof(DomainDef, name) },
    { ANNOTATION_UUID,        OCI_READ,   .read = read_uuid },
    { ANNOTATION_SECCOMP,     OCI_READ,   .read = read_seccomp },
    { ANNOTATION_TITLE,       OCI_STRING, offsetof(DomainDef, title) },
    { ANNOTATION_DESCRIPTION, OCI_STRING, offsetof(DomainDef, description) },
    { ANNOTATION_STOP_SIGNAL, OCI_STRING, offsetof(DomainDef, extension.stop_signal) },
    { NULL },
};
/* clang-format on */

/* What a container of this name has without saying so. */
static bool make_base(OciImport *import, GError **err)
{
    g_autoptr(DomainDef) def = domain_def_new();

    def->name = g_strdup(import->def->name);
    memcpy(def->uuid, import->def->uuid, sizeof(def->uuid));
    def->os.init = g_strdup("/sbin/init");
    def->os.arch = g_strdup(import->host->arch);
    return domain_def_compile(def, import->host, &import->base, err);
}

static bool read_identity(OciImport *import, const OciValue *parent, const Document *document,
                          GError **err)
{
    OciValue annotations = { parent, "annotations", 0, document->annotations };
    DomainDef *def = import->def;

    if (!document->version || !g_str_has_prefix(document->version, "1."))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("config.json is of ociVersion '%s'; only 1.x is known"),
                    document->version ? document->version : "");
    if (annotations.node && !oci_members(import, &annotations, annotation_members, def, err))
        return false;
    if (!def->name)
        def->name = g_strdup(document->hostname);
    if (!def->name || !*def->name)
        return fail(err, WRONG,
                    _("config.json does not say what the container is called: it has neither "
                      "'hostname' nor the annotation '%s'"),
                    ANNOTATION_NAME);
    return make_base(import, err);
}

/* The host's own name is not changed: that is what it would be without a namespace. */
static void set_hostname(OciImport *import, const char *hostname)
{
    if (!hostname || !(import->spaces & PLAN_NS_UTS) ||
        strcmp(hostname, import->base->hostname) == 0)
        return;
    if (value_is_hostname(hostname))
        import->def->extension.hostname = g_strdup(hostname);
    else
        native_note(import->result, _("'%s' cannot be a host name"), hostname);
}

/* ---- reading: the whole ---------------------------------------------------------------------- */

bool oci_is_base_mount(const OciImport *import, PlanMountKind kind, const char *target)
{
    for (uint32_t i = 0; i < import->base->mounts.len; i++) {
        const PlanMount *mount = &import->base->mounts.items[i];

        if (mount->kind == kind && strcmp(mount->target, target) == 0)
            return true;
    }
    return false;
}

void oci_add_sysctl(OciImport *import, const char *name, const char *value)
{
    Sysctl *sysctl = g_new0(Sysctl, 1);

    sysctl->name = g_strdup(name);
    sysctl->value = g_strdup(value);
    record_list_append(&import->def->extension.sysctls, sysctl);
}

static void set_memory(OciImport *import)
{
    int64_t limit = import->memory.value;
    uint64_t *kib = &import->def->memory_kib;

    if (limit < 0)
        *kib = MEMORY_UNLIMITED_KIB;
    else if (limit > 0)
        *kib = (uint64_t)(limit / 1024 + (limit % 1024 > 0));
    else
        *kib = MEMORY_DEFAULT_KIB;
    if (!limit)
        native_note(import->result,
                    _("linux.resources.memory.limit is not set; <memory> is %d MiB"),
                    MEMORY_DEFAULT_KIB / 1024);
}

static bool read_document(OciImport *import, const OciValue *value, GError **err)
{
    Document document = { 0 };
    OciValue part = { .parent = value };

    if (!oci_members(import, value, document_members, &document, err) ||
        !read_identity(import, value, &document, err))
        return false;
    if (!document.process)
        return fail(err, WRONG, _("config.json has no '%s'"), "process.args");
    if (!document.root)
        return fail(err, WRONG, _("config.json has no '%s'"), "root.path");
    part.name = "process", part.node = document.process;
    if (!oci_read_process(import, &part, err))
        return false;
    part.name = "root", part.node = document.root;
    if (!oci_read_root(import, &part, err))
        return false;
    part.name = "linux", part.node = document.os_linux;
    if (!oci_read_linux(import, &part, err))
        return false;
    set_memory(import);
    set_hostname(import, document.hostname);
    part.name = "mounts", part.node = document.mounts;
    if (part.node && !oci_each(import, &part, oci_read_mount, err))
        return false;
    if (document.domainname)
        oci_add_sysctl(import, "kernel.domainname", document.domainname);
    return true;
}

static bool import(const char *text, const DomainDefHost *host, NativeResult *result, GError **err)
{
    g_autoptr(JsonNode) document = NULL;
    OciImport import = { .result = result, .def = result->def, .host = host };
    bool done;

    if (!oci_parse(text, &document, err))
        return false;
    done = read_document(&import, &(OciValue){ .node = document }, err);
    if (done)
        device_add(import.def, &console_class, record_new(console_class.record));
    domain_def_plan_free(import.base);
    return done;
}

/* ---- writing --------------------------------------------------------------------------------- */

void oci_export_note(OciExport *export, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    record_list_append(&export->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

static void put_if(OciExport *export, const char *name, const char *value)
{
    if (value)
        oci_put_string(&export->json, name, value);
}

static const char *seccomp_text(const ExtensionDef *extension)
{
    return extension->seccomp_file ? extension->seccomp_file : seccomp_names[extension->seccomp];
}

#define EXTENSION "virtlxcd:container/virtlxcd:"
#define FILESYSTEM "devices/filesystem/"
#define CONSOLE "devices/console/"

/* The parts of a domain that a bundle says, for native_rest. */
/* clang-format off */
static const char *const said[] = {
    "title description",
    "memory memtune/hard_limit",
    "memtune/soft_limit memtune/soft_limit/@unit",
    "memtune/swap_hard_limit memtune/swap_hard_limit/@unit",
    "blkiotune/...",
    "vcpu/@cpuset cputune/shares cputune/period cputune/quota",
    "numatune/memory/@mode=strict numatune/memory/@nodeset",
    "resource/partition",
    "os/type/@arch os/init os/initarg os/initenv os/initenv/@name os/cmdline",
    "os/initdir os/inituser os/initgroup",
    "idmap/... features/privnet features/capabilities/... lxc:namespace/...",
    FILESYSTEM "@type " FILESYSTEM "@accessmode " FILESYSTEM "source/@dir",
    FILESYSTEM "source/@usage " FILESYSTEM "source/@units " FILESYSTEM "target/@dir",
    FILESYSTEM "readonly " FILESYSTEM "virtlxcd:mount/... " FILESYSTEM "virtlxcd:overlay/...",
    CONSOLE "@type=pty " CONSOLE "target/@type=lxc " CONSOLE "target/@port=0",
    EXTENSION "hostname/... " EXTENSION "pids/... " EXTENSION "oom/@score " EXTENSION "hugepages/...",
    EXTENSION "rlimit/... " EXTENSION "sysctl/... " EXTENSION "seccomp/...",
    EXTENSION "privileges/... " EXTENSION "time/... " EXTENSION "generate/@resolvConf",
    EXTENSION "mask/... " EXTENSION "readonly/... " EXTENSION "device/...",
    EXTENSION "stop/@signal",
    "seclabel/@type=static seclabel/@relabel=no seclabel/label",
    "seclabel/@model=apparmor seclabel/@model=selinux",
};
/* clang-format on */

static void note_part(const char *path, const char *value, void *data)
{
    oci_export_note(data, "%s%s%s", path, *value ? " = " : "", value);
}

static void note_the_rest(OciExport *export)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
        g_ptr_array_add(list, (char *)said[i]);
    native_rest(export->def, list, note_part, export);
}

static void write_annotations(OciExport *export)
{
    const DomainDef *def = export->def;
    OciWriter *json = &export->json;
    g_autofree char *uuid = value_format_uuid(def->uuid);

    note_the_rest(export);
    oci_put_open(json, "annotations", '{');
    oci_put_string(json, ANNOTATION_NAME, def->name);
    oci_put_string(json, ANNOTATION_UUID, uuid);
    put_if(export, ANNOTATION_SECCOMP, seccomp_text(&def->extension));
    put_if(export, ANNOTATION_TITLE, def->title);
    put_if(export, ANNOTATION_DESCRIPTION, def->description);
    put_if(export, ANNOTATION_STOP_SIGNAL, def->extension.stop_signal);
    for (size_t i = 0; i < export->notes.n; i++) {
        g_autofree char *name = g_strdup_printf(ANNOTATION_NOTE ".%zu", i + 1);

        oci_put_string(json, name, export->notes.items[i]);
    }
    oci_put_close(json, '}');
}

/* Annotations come last: all that is written before may add a note. */
static bool write_document(OciExport *export, GError **err)
{
    OciWriter *json = &export->json;

    oci_put_open(json, NULL, '{');
    oci_put_string(json, "ociVersion", VERSION);
    if (!oci_write_process(export, err) || !oci_write_root(export, err))
        return false;
    if (export->plan->namespaces & PLAN_NS_UTS)
        oci_put_string(json, "hostname", export->plan->hostname);
    oci_write_mounts(export);
    if (!oci_write_linux(export, err))
        return false;
    write_annotations(export);
    oci_put_close(json, '}');
    return true;
}

static bool export(const DomainDef *def, const DomainDefHost *host, char **ret_text, GError **err)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    OciExport export = { .def = def, .json = { .out = text } };
    bool done;

    if (!domain_def_compile(def, host, &plan, err))
        return false;
    export.plan = plan;
    done = write_document(&export, err);
    record_strings_clear(&export.notes);
    if (done)
        *ret_text = g_strdup(text->str);
    return done;
}

const NativeFormat oci_format = { "oci", import, export };
