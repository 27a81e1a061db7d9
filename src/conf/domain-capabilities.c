// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See domain-capabilities.h. Nothing about devices is said here: a device is supported unless its
 * class is refused or kept without effect, and its enums hold the words of its rows that work.
 */
#include "conf/domain-capabilities.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/arch.h"
#include "conf/device.h"
#include "conf/xml.h"

#define STOCK_EMULATOR "libvirt_lxc"
#define ENUMS_MAX 4

/* What an <enum> is called, and the path of the rows with its words. */
typedef struct EnumName {
    const char *name;
    const char *path;
    const char *const *only; /* the words that belong to it, where others have the same path */
} EnumName;

/* The devices that the document speaks of, in its order. */
typedef struct DeviceName {
    const char *element;
    EnumName enums[ENUMS_MAX];
} DeviceName;

/* What the two modes of <hostdev> call types. */
static const char *const subsystem_types[] = { "usb", "pci", "scsi", "scsi_host", "mdev", NULL };
static const char *const capability_types[] = { "storage", "misc", "net", NULL };

/* clang-format off */
static const DeviceName device_names[] = {
    { "disk",       { { "diskDevice", "@device" }, { "type", "@type" } } },
    { "graphics",   { { "type", "@type" } } },
    { "video",      { { "modelType", "model/@type" } } },
    { "hostdev",    { { "mode", "@mode" }, { "startupPolicy", "source/@startupPolicy" },
                      { "subsysType", "@type", subsystem_types },
                      { "capsType", "@type", capability_types } } },
    { "rng",        { { "model", "@model" }, { "backendModel", "backend/@model" } } },
    { "filesystem", { { "driverType", "driver/@type" }, { "type", "@type" } } },
    { "tpm",        { { "model", "@model" }, { "backendModel", "backend/@type" } } },
    { "redirdev",   { { "bus", "@bus" } } },
    { "channel",    { { "type", "@type" } } },
};
/* clang-format on */

static const char before_devices[] = "  <iothreads supported='no'/>\n"
                                     "  <os supported='yes'>\n"
                                     "    <loader supported='no'/>\n"
                                     "  </os>\n"
                                     "  <cpu>\n"
                                     "    <mode name='host-passthrough' supported='no'/>\n"
                                     "    <mode name='maximum' supported='no'/>\n"
                                     "    <mode name='host-model' supported='no'/>\n"
                                     "    <mode name='custom' supported='no'/>\n"
                                     "  </cpu>\n"
                                     "  <memoryBacking supported='no'/>\n";

static const char after_devices[] = "  <features>\n"
                                    "    <gic supported='no'/>\n"
                                    "    <vmcoreinfo supported='no'/>\n"
                                    "    <genid supported='no'/>\n"
                                    "    <backingStoreInput supported='no'/>\n"
                                    "    <backup supported='no'/>\n"
                                    "    <sev supported='no'/>\n"
                                    "    <sgx supported='no'/>\n"
                                    "    <hyperv supported='no'/>\n"
                                    "  </features>\n";

/* ---- devices --------------------------------------------------------------------------------- */

static const Record *find_record(const char *element)
{
    size_t n = 0;
    const DeviceClass *const *classes = device_classes(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(classes[i]->element, element) == 0)
            return classes[i]->record;
    return NULL;
}

/* A default that is not printed is no choice. */
static void add_words(const Row *row, GPtrArray *words)
{
    bool has_default = row->flags & ROW_HIDE_DEFAULT || !row->names[0];

    for (int value = has_default ? 1 : 0; row->names[value]; value++)
        if ((!row->works || row->works & TYPE_BIT(value)) &&
            !g_ptr_array_find_with_equal_func(words, row->names[value], g_str_equal, NULL))
            g_ptr_array_add(words, (char *)row->names[value]);
}

/* The words of all rows with this path, which may lead through nested records. Those without effect
 * are nothing to choose from. */
static void find_words(const Record *record, const char *path, GPtrArray *words)
{
    for (const Row *row = record->rows; row->path; row++) {
        size_t length = strlen(row->path);

        if (row->flags & ROW_KEPT)
            continue;
        if (row->kind == ROW_ENUM && strcmp(row->path, path) == 0)
            add_words(row, words);
        else if (row->kind == ROW_RECORD && strncmp(path, row->path, length) == 0 &&
                 path[length] == '/')
            find_words(row->record, path + length + 1, words);
    }
}

static void append_enum(GString *out, const Record *record, const EnumName *name)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    find_words(record, name->path, words);
    if (words->len == 0)
        return;
    g_string_append_printf(out, "      <enum name='%s'>\n", name->name);
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);

        if (!name->only || g_strv_contains(name->only, word))
            g_string_append_printf(out, "        <value>%s</value>\n", word);
    }
    g_string_append(out, "      </enum>\n");
}

static void append_device(GString *out, const DeviceName *device)
{
    const Record *record = find_record(device->element);

    if (!record || record->kept) {
        g_string_append_printf(out, "    <%s supported='no'/>\n", device->element);
        return;
    }
    g_string_append_printf(out, "    <%s supported='yes'>\n", device->element);
    for (size_t i = 0; i < ENUMS_MAX && device->enums[i].name; i++)
        append_enum(out, record, &device->enums[i]);
    g_string_append_printf(out, "    </%s>\n", device->element);
}

/* ---- the query ------------------------------------------------------------------------------- */

/* A definition made for the stock driver names the stock program, and runs here all the same. */
static bool is_emulator(const char *path, const DomainDefHost *host)
{
    g_autofree char *name = g_path_get_basename(path);

    return strcmp(path, host->emulator) == 0 || (*path == '/' && strcmp(name, STOCK_EMULATOR) == 0);
}

static bool check_query(const DomainCapabilitiesQuery *query, const DomainDefHost *host,
                        GError **err)
{
    if (query->type && strcmp(query->type, "lxc") != 0)
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("there are domains of type 'lxc' here, not of type '%s'"), query->type);
    if (query->arch && !arch_is_known(query->arch))
        return fail(err, ERR(LXC, INVALID_ARG), _("unknown architecture '%s'"), query->arch);
    if (query->arch && !arch_runs(host->arch, query->arch))
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("the host, which is %s, cannot run containers of architecture '%s'"),
                    host->arch, query->arch);
    if (query->emulator && !is_emulator(query->emulator, host))
        return fail(err, ERR(LXC, INVALID_ARG),
                    _("the program that runs containers here is '%s', not '%s'"), host->emulator,
                    query->emulator);
    return true;
}

static void append_text(GString *out, const char *element, const char *text)
{
    g_string_append_printf(out, "  <%s>", element);
    xml_escape_text(out, text);
    g_string_append_printf(out, "</%s>\n", element);
}

bool domain_capabilities_format(const DomainCapabilitiesQuery *query, const DomainDefHost *host,
                                unsigned max_vcpus, char **ret_xml, GError **err)
{
    GString *out = NULL;

    if (!check_query(query, host, err))
        return false;
    out = g_string_new("<domainCapabilities>\n");
    append_text(out, "path", query->emulator ? query->emulator : host->emulator);
    append_text(out, "domain", "lxc");
    if (query->machine)
        append_text(out, "machine", query->machine);
    append_text(out, "arch", query->arch ? query->arch : host->arch);
    g_string_append_printf(out, "  <vcpu max='%u'/>\n%s  <devices>\n", max_vcpus, before_devices);
    for (size_t i = 0; i < G_N_ELEMENTS(device_names); i++)
        append_device(out, &device_names[i]);
    g_string_append_printf(out, "  </devices>\n%s</domainCapabilities>\n", after_devices);
    *ret_xml = g_string_free(out, FALSE);
    return true;
}
