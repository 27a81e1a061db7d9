// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * All device classes, in the order of the output. A class with a record is understood; one without
 * is printed back as it came, since libvirt does so for containers too, or refused.
 */
#include "conf/device.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/xml.h"

#define NOT_YET .refused = ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define NEVER .refused = ERR(DOMAIN, INTERNAL_ERROR)

static const DeviceClass disk_class = { "disk", NOT_YET };
static const DeviceClass controller_class = { "controller" };
static const DeviceClass lease_class = { "lease" };
static const DeviceClass smartcard_class = { "smartcard" };
static const DeviceClass serial_class = { "serial" };
static const DeviceClass parallel_class = { "parallel" };
static const DeviceClass channel_class = { "channel" };
static const DeviceClass input_class = { "input", NEVER };
static const DeviceClass tpm_class = { "tpm" };
static const DeviceClass graphics_class = { "graphics", NEVER };
static const DeviceClass sound_class = { "sound" };
static const DeviceClass audio_class = { "audio" };
static const DeviceClass video_class = { "video" };
static const DeviceClass hostdev_class = { "hostdev", NOT_YET };
static const DeviceClass redirdev_class = { "redirdev" };
static const DeviceClass redirfilter_class = { "redirfilter" };
static const DeviceClass hub_class = { "hub" };
static const DeviceClass watchdog_class = { "watchdog" };
static const DeviceClass memballoon_class = { "memballoon" };
static const DeviceClass rng_class = { "rng" };
static const DeviceClass nvram_class = { "nvram" };
static const DeviceClass panic_class = { "panic" };
static const DeviceClass shmem_class = { "shmem" };
static const DeviceClass memory_class = { "memory", NOT_YET };
static const DeviceClass crypto_class = { "crypto" };
static const DeviceClass iommu_class = { "iommu" };
static const DeviceClass vsock_class = { "vsock" };
static const DeviceClass pstore_class = { "pstore" };

static const DeviceClass *const classes[] = {
    &disk_class,      &controller_class, &lease_class,    &filesystem_class,  &interface_class,
    &smartcard_class, &serial_class,     &parallel_class, &console_class,     &channel_class,
    &input_class,     &tpm_class,        &graphics_class, &sound_class,       &audio_class,
    &video_class,     &hostdev_class,    &redirdev_class, &redirfilter_class, &hub_class,
    &watchdog_class,  &memballoon_class, &rng_class,      &nvram_class,       &panic_class,
    &shmem_class,     &memory_class,     &crypto_class,   &iommu_class,       &vsock_class,
    &pstore_class,
};

static const DeviceClass *find_class(const xmlNode *node)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (xml_is(node, classes[i]->element))
            return classes[i];
    return NULL;
}

static RecordList *class_list(const DeviceClass *class, DomainDef *def)
{
    return (RecordList *)((char *)def + class->list);
}

static const RecordList *class_const_list(const DeviceClass *class, const DomainDef *def)
{
    return (const RecordList *)((const char *)def + class->list);
}

/* ---- kept devices ---------------------------------------------------------------------------- */

/* clang-format off */
static const Row kept_rows[] = {
    { "element", ROW_STRING, offsetof(KeptDevice, element) },
    { "xml",     ROW_STRING, offsetof(KeptDevice, xml) },
    { NULL },
};
/* clang-format on */

static const Record kept_record = { "device", sizeof(KeptDevice), kept_rows };

/* Only a running domain has aliases. */
static void drop_alias(xmlNode *device)
{
    xmlNode *next = NULL;

    for (xmlNode *child = device->children; child; child = next) {
        next = child->next;
        if (!xml_is(child, "alias"))
            continue;
        xmlUnlinkNode(child);
        xmlFreeNode(child);
    }
}

static void keep_device(DomainDef *def, const Reader *reader, const xmlNode *node)
{
    KeptDevice *device = g_new0(KeptDevice, 1);

    if (reader->flags & DOMAIN_DEF_INACTIVE)
        drop_alias((xmlNode *)node); /* the document is ours */
    device->element = g_strdup(xml_name(node));
    device->xml = xml_keep(node, '\'');
    record_list_append(&def->kept_devices, device);
}

static void format_kept(const DomainDef *def, Writer *writer, const char *element)
{
    for (size_t i = 0; i < def->kept_devices.n; i++)
        if (strcmp(def->kept_devices.items[i]->element, element) == 0)
            xml_write_kept(writer->out, def->kept_devices.items[i]->xml, writer->indent);
}

/* ---- <devices> ------------------------------------------------------------------------------- */

static bool parse_emulator(DomainDef *def, const xmlNode *node, GError **err)
{
    if (def->emulator)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("<emulator> is given more than once (line %u)"),
                    xml_line(node));
    def->emulator = xml_text(node);
    return true;
}

static bool parse_device(DomainDef *def, const Reader *reader, const xmlNode *node, GError **err)
{
    const DeviceClass *class = find_class(node);
    void *device = NULL;

    if (!class || class->refused)
        return fail(err, class ? class->refused : ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("device <%s> is not supported in a container (line %u)"), xml_name(node),
                    xml_line(node));
    if (!class->record) {
        keep_device(def, reader, node);
        return true;
    }
    device = record_new(class->record);
    if (!record_parse(class->record, reader, node, device, err)) {
        record_free(class->record, device);
        return false;
    }
    record_list_append(class_list(class, def), device);
    return true;
}

static bool parse_devices(const Reader *reader, const xmlNode *node, void *field, GError **err)
{
    DomainDef *def = field;

    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (xml_is(child, "emulator") ? !parse_emulator(def, child, err)
                                      : !parse_device(def, reader, child, err))
            return false;
    }
    return true;
}

static void format_devices(Writer *writer, const void *field)
{
    const DomainDef *def = field;

    xml_indent(writer->out, writer->indent);
    g_string_append(writer->out, "<devices>\n");
    writer->indent += 2;
    if (def->emulator) {
        xml_indent(writer->out, writer->indent);
        g_string_append(writer->out, "<emulator>");
        xml_escape_text(writer->out, def->emulator);
        g_string_append(writer->out, "</emulator>\n");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        const DeviceClass *class = classes[i];
        const RecordList *list = class->record ? class_const_list(class, def) : NULL;

        if (!list)
            format_kept(def, writer, class->element);
        for (size_t j = 0; list && j < list->n; j++)
            (void)record_format(class->record, writer, class->element, list->items[j]);
    }
    writer->indent -= 2;
    xml_indent(writer->out, writer->indent);
    g_string_append(writer->out, "</devices>\n");
}

static void clear_devices(void *field)
{
    DomainDef *def = field;

    g_clear_pointer(&def->emulator, g_free);
    record_list_clear(&kept_record, &def->kept_devices);
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->record)
            record_list_clear(classes[i]->record, class_list(classes[i], def));
}

static void copy_devices(const void *from_data, void *to_data)
{
    const DomainDef *from = from_data;
    DomainDef *to = to_data;

    to->emulator = g_strdup(from->emulator);
    record_list_copy(&kept_record, &from->kept_devices, &to->kept_devices);
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->record)
            record_list_copy(classes[i]->record, class_const_list(classes[i], from),
                             class_list(classes[i], to));
}

static bool equal_devices(const void *a_data, const void *b_data)
{
    const DomainDef *a = a_data;
    const DomainDef *b = b_data;

    if (g_strcmp0(a->emulator, b->emulator) != 0 ||
        !record_list_equal(&kept_record, &a->kept_devices, &b->kept_devices))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->record &&
            !record_list_equal(classes[i]->record, class_const_list(classes[i], a),
                               class_const_list(classes[i], b)))
            return false;
    return true;
}

const CustomFunctions devices_functions = {
    .parse = parse_devices,
    .format = format_devices,
    .clear = clear_devices,
    .copy = copy_devices,
    .equal = equal_devices,
};

/* ---- all classes ----------------------------------------------------------------------------- */

bool devices_check(DomainDef *def, const Reader *reader, GError **err)
{
    if (!def->emulator || !*def->emulator) {
        g_free(def->emulator);
        def->emulator = g_strdup(reader->host->emulator);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->check && !classes[i]->check(def, reader, err))
            return false;
    return true;
}

void devices_make_live(DomainDef *def)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->make_live)
            classes[i]->make_live(def);
}

bool devices_plan(const DomainDef *def, PlanBuilder *builder, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        const DeviceClass *class = classes[i];
        const RecordList *list = class->plan ? class_const_list(class, def) : NULL;

        for (size_t j = 0; list && j < list->n; j++)
            if (!class->plan(list->items[j], builder, err))
                return false;
    }
    return true;
}
