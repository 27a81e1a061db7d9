// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* All device classes, in the order of the output. */
#include "conf/device.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/xml.h"

/* ---- all classes ----------------------------------------------------------------------------- */

/* It needs <maxMemory>, which no container can have. */
static const DeviceClass memory_class = { "memory", .refused = ERR(DOMAIN, CONFIG_UNSUPPORTED) };

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

/* ---- lists ----------------------------------------------------------------------------------- */

static size_t class_index(const DeviceClass *class)
{
    size_t i = 0;

    while (classes[i] != class)
        i++;
    return i;
}

/* The devices of a class; an empty list when there are none. */
static const RecordList *class_const_list(const DeviceClass *class, const DomainDef *def)
{
    static const RecordList none;

    if (class->list)
        return (const RecordList *)((const char *)def + class->list);
    return def->others ? &def->others[class_index(class)] : &none;
}

static RecordList *class_list(const DeviceClass *class, DomainDef *def)
{
    if (class->list)
        return (RecordList *)((char *)def + class->list);
    if (!def->others)
        def->others = g_new0(RecordList, G_N_ELEMENTS(classes));
    return &def->others[class_index(class)];
}

const DeviceClass *const *device_classes(size_t *ret_n)
{
    *ret_n = G_N_ELEMENTS(classes);
    return classes;
}

const RecordList *device_list(const DomainDef *def, const DeviceClass *class)
{
    return class_const_list(class, def);
}

void device_add(DomainDef *def, const DeviceClass *class, void *device)
{
    record_list_append(class_list(class, def), device);
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

static bool refuse(const DeviceClass *class, const xmlNode *node, GError **err)
{
    return fail(err, class->refused, _("device <%s> is not supported in a container (line %u)"),
                xml_name(node), xml_line(node));
}

static bool parse_device(DomainDef *def, const Reader *reader, const xmlNode *node, GError **err)
{
    const DeviceClass *class = find_class(node);
    void *device = NULL;

    if (!class)
        return record_leave_out(reader, node, 0, err);
    if (!class->record)
        return refuse(class, node, err);
    device = record_new(class->record);
    if (!record_parse(class->record, reader, node, device, err) ||
        (class->refused && !refuse(class, node, err))) {
        record_free(class->record, device);
        return false;
    }
    device_add(def, class, device);
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

/* A device that says nothing is there all the same. */
static void format_device(const DeviceClass *class, Writer *writer, const void *device)
{
    if (record_format(class->record, writer, class->element, device))
        return;
    xml_indent(writer->out, writer->indent);
    g_string_append_printf(writer->out, "<%s/>\n", class->element);
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
        const RecordList *list = class_const_list(classes[i], def);

        for (size_t j = 0; j < list->n; j++)
            format_device(classes[i], writer, list->items[j]);
    }
    writer->indent -= 2;
    xml_indent(writer->out, writer->indent);
    g_string_append(writer->out, "</devices>\n");
}

static void clear_devices(void *field)
{
    DomainDef *def = field;

    g_clear_pointer(&def->emulator, g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (class_const_list(classes[i], def)->n)
            record_list_clear(classes[i]->record, class_list(classes[i], def));
    g_clear_pointer(&def->others, g_free);
}

static void copy_devices(const void *from_data, void *to_data)
{
    const DomainDef *from = from_data;
    DomainDef *to = to_data;

    to->emulator = g_strdup(from->emulator);
    to->others = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (class_const_list(classes[i], from)->n)
            record_list_copy(classes[i]->record, class_const_list(classes[i], from),
                             class_list(classes[i], to));
}

static bool equal_devices(const void *a_data, const void *b_data)
{
    const DomainDef *a = a_data;
    const DomainDef *b = b_data;

    if (g_strcmp0(a->emulator, b->emulator) != 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (!record_list_equal(classes[i]->record, class_const_list(classes[i], a),
                               class_const_list(classes[i], b)))
            return false;
    return true;
}

/* The emulator, or nothing; then the number of its class before each device. */
static void fold_devices(const void *field, GByteArray *out)
{
    const DomainDef *def = field;

    fold_text(out, def->emulator ? def->emulator : "");
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        const RecordList *list = class_const_list(classes[i], def);

        for (size_t j = 0; j < list->n; j++) {
            fold_number(out, i);
            record_fold(classes[i]->record, list->items[j], out);
        }
    }
    fold_end(out);
}

static void unfold_devices(const uint8_t **at, void *field)
{
    DomainDef *def = field;
    size_t i;

    def->emulator = unfold_text(at);
    if (!*def->emulator)
        g_clear_pointer(&def->emulator, g_free);
    while (unfold_number(at, &i))
        device_add(def, classes[i], record_unfold_new(classes[i]->record, at));
}

const CustomFunctions devices_functions = {
    .parse = parse_devices,
    .format = format_devices,
    .clear = clear_devices,
    .copy = copy_devices,
    .equal = equal_devices,
    .fold = fold_devices,
    .unfold = unfold_devices,
};

/* ---- all devices ----------------------------------------------------------------------------- */

bool devices_check(DomainDef *def, const Reader *reader, GError **err)
{
    if (!def->emulator || !*def->emulator) {
        g_free(def->emulator);
        def->emulator = g_strdup(reader->host->emulator);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        const DeviceClass *class = classes[i];

        if (class->single && class_const_list(class, def)->n > 1)
            return fail(err, class->single, _("there is more than one <%s>"), class->element);
        if (class->check && !class->check(def, reader, err))
            return false;
    }
    return true;
}

void devices_make_live(DomainDef *def)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
        if (classes[i]->make_live)
            classes[i]->make_live(def);
}

/* "driver/@type" as "driver type". */
static char *path_as_words(const Row *row)
{
    GString *words = g_string_new(row->path);

    g_string_replace(words, "@", "", 0);
    g_string_replace(words, "/", " ", 0);
    return g_string_free(words, FALSE);
}

/* Words that are known and that no container can do anything with. */
static bool check_works(const Record *record, const void *device, GError **err)
{
    for (const Row *row = record->rows; row->path; row++) {
        g_autofree char *words = NULL;
        int value;

        if (!row->works || !row_applies(record, row, device))
            continue;
        value = *(const int *)row_const_field(row, device);
        if (!row->names[value] || row->works & TYPE_BIT(value))
            continue;
        words = path_as_words(row);
        if (row->reasons && row->reasons[value])
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("%s %s '%s' is not supported in a container: %s"), record->element, words,
                        row->names[value], _(row->reasons[value]));
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("%s %s '%s' is not supported in a container"), record->element, words,
                    row->names[value]);
    }
    return true;
}

/* Reading and printing take every word; the plan takes what can be carried out. */
static bool plan_device(const DeviceClass *class, const void *device, PlanBuilder *builder,
                        GError **err)
{
    return check_works(class->record, device, err) &&
           (!class->plan || class->plan(device, builder, err));
}

bool devices_plan(const DomainDef *def, PlanBuilder *builder, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        const DeviceClass *class = classes[i];
        const RecordList *list = class_const_list(class, def);

        for (size_t j = 0; j < list->n; j++)
            if (!plan_device(class, list->items[j], builder, err))
                return false;
    }
    return true;
}
