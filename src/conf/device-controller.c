// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <controller>: the buses that a machine would have. A container has none; they are kept, numbered
 * and checked, since other devices name them, and those that other devices need are added as
 * libvirt does.
 *
 * Controllers of one type stand together, in the order of their numbers; types stand in the order
 * in which they first come.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/disk.h"

/* More of them mean a slip of the pen; they would be searched for every device. */
#define CONTROLLERS_MAX 1024

typedef enum ControllerType {
    CONTROLLER_IDE,
    CONTROLLER_FDC,
    CONTROLLER_SCSI,
    CONTROLLER_SATA,
    CONTROLLER_VIRTIO_SERIAL,
    CONTROLLER_CCID,
    CONTROLLER_USB,
    CONTROLLER_PCI,
    CONTROLLER_XENBUS,
    CONTROLLER_ISA,
} ControllerType;

typedef struct Controller {
    ControllerType type;
    OptNumber index;
    int model; /* by type, 0 not given */
    OptNumber ports, vectors;
    OptNumber grant_frames, event_channels;
    int pci_model;
    OptNumber chassis_nr, chassis, port, bus_nr, target_index, node;
    Switch hotplug;
    OptNumber startport; /* of a USB companion: which ports of its master are its own */
    OptNumber queues, commands, sectors, iothread;
    Switch ioeventfd;
    VirtioOptions virtio;
    DeviceInfo info;
    OptNumber pcihole64;
} Controller;

typedef struct ControllerList {
    size_t n;
    Controller **items;
} ControllerList;

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const type_names[] = { "ide",           "fdc",  "scsi", "sata",
                                          "virtio-serial", "ccid", "usb",  "pci",
                                          "xenbus",        "isa",  NULL };
static const char *const ide_models[] = { NULL, "piix3", "piix4", "ich6", NULL };
static const char *const scsi_models[] = {
    NULL,
    "auto",
    "buslogic",
    "lsilogic",
    "lsisas1068",
    "vmpvscsi",
    "ibmvscsi",
    "virtio-scsi",
    "lsisas1078",
    "virtio-transitional",
    "virtio-non-transitional",
    "ncr53c90",
    "dc390",
    "am53c974",
    NULL,
};
static const char *const serial_models[] = { NULL, "virtio", "virtio-transitional",
                                             "virtio-non-transitional", NULL };
enum { USB_ICH9_UHCI1 = 5, USB_ICH9_UHCI3 = 7, USB_NONE = 11 };
static const char *const usb_models[] = {
    NULL,         "piix3-uhci", "piix4-uhci",     "ehci",     "ich9-ehci1", "ich9-uhci1",
    "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci", "pci-ohci", "nec-xhci",   "none",
    "qusb1",      "qusb2",      "qemu-xhci",      NULL,
};
enum { PCI_ROOT = 1, PCIE_ROOT = 2 };
static const char *const pci_models[] = {
    NULL,
    "pci-root",
    "pcie-root",
    "pci-bridge",
    "dmi-to-pci-bridge",
    "pcie-to-pci-bridge",
    "pcie-root-port",
    "pcie-switch-upstream-port",
    "pcie-switch-downstream-port",
    "pci-expander-bus",
    "pcie-expander-bus",
    NULL,
};
static const char *const pci_names[] = {
    NULL,
    "pci-bridge",
    "i82801b11-bridge",
    "ioh3420",
    "x3130-upstream",
    "xio3130-downstream",
    "pxb",
    "pxb-pcie",
    "pcie-root-port",
    "spapr-pci-host-bridge",
    "pcie-pci-bridge",
    NULL,
};

#define IDE TYPE_BIT(CONTROLLER_IDE)
#define SCSI TYPE_BIT(CONTROLLER_SCSI)
#define SERIAL TYPE_BIT(CONTROLLER_VIRTIO_SERIAL)
#define USB TYPE_BIT(CONTROLLER_USB)
#define PCI TYPE_BIT(CONTROLLER_PCI)
#define XENBUS TYPE_BIT(CONTROLLER_XENBUS)
#define PLAIN                                                                                      \
    (TYPE_BIT(CONTROLLER_FDC) | TYPE_BIT(CONTROLLER_SATA) | TYPE_BIT(CONTROLLER_CCID) | XENBUS |   \
     TYPE_BIT(CONTROLLER_ISA))
#define FIELD(name) offsetof(Controller, name)
#define INT .min = 0, .max = INT32_MAX
#define UINT .min = 0, .max = UINT32_MAX
#define MODEL(which) .names = which, .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED)

/* clang-format off */
static const Row controller_rows[] = {
    { "@type",               ROW_ENUM,   FIELD(type),           ROW_TYPE, .names = type_names },
    { "@index",              ROW_NUMBER, FIELD(index),          INT },
    { "@model",              ROW_ENUM,   FIELD(model),          .types = IDE,    MODEL(ide_models) },
    { "@model",              ROW_ENUM,   FIELD(model),          .types = SCSI,   MODEL(scsi_models) },
    { "@model",              ROW_ENUM,   FIELD(model),          .types = SERIAL, MODEL(serial_models) },
    { "@model",              ROW_ENUM,   FIELD(model),          .types = USB,    MODEL(usb_models) },
    { "@model",              ROW_ENUM,   FIELD(model),          .types = PCI,    MODEL(pci_models) },
    { "@model",              ROW_REFUSED,                       .types = PLAIN,  .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "@ports",              ROW_NUMBER, FIELD(ports),          .types = SERIAL | USB, INT },
    { "@vectors",            ROW_NUMBER, FIELD(vectors),        .types = SERIAL, INT },
    { "@maxGrantFrames",     ROW_NUMBER, FIELD(grant_frames),   .types = XENBUS, INT },
    { "@maxEventChannels",   ROW_NUMBER, FIELD(event_channels), .types = XENBUS, INT },
    { "model/@name",         ROW_ENUM,   FIELD(pci_model),      .types = PCI, .names = pci_names },
    { "target/@chassisNr",   ROW_NUMBER, FIELD(chassis_nr),     ROW_ANY_BASE, .types = PCI, INT },
    { "target/@chassis",     ROW_NUMBER, FIELD(chassis),        ROW_ANY_BASE, .types = PCI, INT },
    { "target/@port",        ROW_NUMBER, FIELD(port),           .digits = 1,     .types = PCI, INT },
    { "target/@busNr",       ROW_NUMBER, FIELD(bus_nr),         ROW_ANY_BASE, .types = PCI, INT },
    { "target/@index",       ROW_NUMBER, FIELD(target_index),   ROW_ANY_BASE, .types = PCI, INT },
    { "target/@hotplug",     ROW_ENUM,   FIELD(hotplug),        .types = PCI, .names = switch_names },
    { "target/node",         ROW_NUMBER, FIELD(node),           .types = PCI, INT,
                             .bad = ERR(DOMAIN, XML_ERROR) },
    { "master/@startport",   ROW_NUMBER, FIELD(startport),      .types = USB, UINT },
    { "driver/@queues",      ROW_NUMBER, FIELD(queues),         UINT },
    { "driver/@cmd_per_lun", ROW_NUMBER, FIELD(commands),       UINT },
    { "driver/@max_sectors", ROW_NUMBER, FIELD(sectors),        UINT },
    { "driver/@ioeventfd",   ROW_ENUM,   FIELD(ioeventfd),      .names = switch_names },
    { "driver/@iothread",    ROW_NUMBER, FIELD(iothread),       UINT },
    VIRTIO_ROWS(FIELD(virtio)),
    DEVICE_INFO_ROWS(FIELD(info)),
    { "pcihole64",           ROW_SIZE,   FIELD(pcihole64),      .types = PCI, .scale = 1024 },
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record controller_record = { "controller",    sizeof(Controller),
                                          controller_rows, .type = &controller_rows[0],
                                          .kept = true,    .check = check_one };

/* ---- one controller -------------------------------------------------------------------------- */

static bool in_range(const OptNumber *number, const char *what, const int64_t range[2],
                     GError **err)
{
    if (!number->set || (number->value >= range[0] && number->value <= range[1]))
        return true;
    return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                _("%s='%" PRId64 "' of a PCI controller is not between %" PRId64 " and %" PRId64),
                what, number->value, range[0], range[1]);
}

static bool check_pci(Controller *controller, GError **err)
{
    bool root = controller->model == PCI_ROOT || controller->model == PCIE_ROOT;

    if (!in_range(&controller->chassis_nr, "chassisNr", (int64_t[]){ 1, 255 }, err) ||
        !in_range(&controller->chassis, "chassis", (int64_t[]){ 0, 255 }, err) ||
        !in_range(&controller->port, "port", (int64_t[]){ 0, 255 }, err) ||
        !in_range(&controller->bus_nr, "busNr", (int64_t[]){ 1, 254 }, err) ||
        !in_range(&controller->target_index, "index", (int64_t[]){ 0, 30 }, err))
        return false;
    if (root && controller->info.address.type)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a PCI controller of model '%s' cannot have an address"),
                    pci_models[controller->model]);
    controller->pcihole64.set = controller->pcihole64.set && root;
    return true;
}

static void forget_zero(OptNumber *number)
{
    number->set = number->set && number->value != 0;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Controller *controller = object;

    forget_zero(&controller->queues);
    forget_zero(&controller->commands);
    forget_zero(&controller->sectors);
    forget_zero(&controller->iothread);
    if (controller->type == CONTROLLER_USB && controller->model >= USB_ICH9_UHCI1 &&
        controller->model <= USB_ICH9_UHCI3 && !controller->startport.set)
        controller->startport =
            (OptNumber){ .set = true, .value = (controller->model - USB_ICH9_UHCI1) * 2 };
    return controller->type != CONTROLLER_PCI || check_pci(controller, err);
}

/* ---- all controllers ------------------------------------------------------------------------- */

static ControllerList *controllers(DomainDef *def)
{
    return (ControllerList *)device_list(def, &controller_class);
}

static const Controller *find(const ControllerList *list, ControllerType type, int64_t index)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->type == type && list->items[i]->index.set &&
            list->items[i]->index.value == index)
            return list->items[i];
    return NULL;
}

/* Of the same type; a companion stands behind its master. */
static bool stands_behind(const Controller *a, const Controller *b)
{
    if (a->index.value != b->index.value)
        return a->index.value > b->index.value;
    return a->startport.set && !b->startport.set;
}

/* Moves the last of the list to its place. */
static void settle_last(ControllerList *list)
{
    Controller *last = list->items[list->n - 1];
    size_t at = list->n - 1;

    for (size_t i = 0; i < list->n - 1; i++)
        if (list->items[i]->type == last->type) {
            at = i + 1;
            if (stands_behind(list->items[i], last)) {
                at = i;
                break;
            }
        }
    memmove(&list->items[at + 1], &list->items[at], (list->n - 1 - at) * sizeof(last));
    list->items[at] = last;
}

static void settle_all(ControllerList *list)
{
    ControllerList growing = *list;

    for (growing.n = 1; growing.n <= list->n; growing.n++)
        settle_last(&growing);
}

/* The first number of its type that is free; below `next` none is. */
static void number_all(ControllerList *list)
{
    int64_t next[CONTROLLER_ISA + 1] = { 0 };

    for (size_t i = 0; i < list->n; i++) {
        Controller *controller = list->items[i];
        int64_t *index = &next[controller->type];

        if (controller->index.set)
            continue;
        while (find(list, controller->type, *index))
            (*index)++;
        controller->index = (OptNumber){ .set = true, .value = *index };
    }
}

static bool check_unique(const ControllerList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        const Controller *one = list->items[i];

        if (one->type != CONTROLLER_USB && find(list, one->type, one->index.value) != one)
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("there are two controllers of type '%s' with the index %" PRId64),
                        type_names[one->type], one->index.value);
    }
    return true;
}

static bool check_target_index(const ControllerList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        const Controller *one = list->items[i];

        if (one->target_index.set && (one->target_index.value == 0) != (one->index.value == 0))
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("the PCI controller with index 0 has target index 0, and no other has"));
    }
    return true;
}

/* A USB companion needs some master, and a domain without USB has no USB controllers. */
static bool check_usb(const ControllerList *list, GError **err)
{
    unsigned all = 0, companions = 0, none = 0;

    for (size_t i = 0; i < list->n; i++) {
        const Controller *one = list->items[i];

        if (one->type != CONTROLLER_USB)
            continue;
        all++;
        companions += one->startport.set;
        none += one->model == USB_NONE;
    }
    if (companions && companions == all)
        return fail(err, ERR(DOMAIN, XML_DETAIL),
                    _("all USB controllers are companions of a master, and there is none"));
    if (none && all > 1)
        return fail(err, ERR(DOMAIN, XML_DETAIL),
                    _("there cannot be a USB controller next to one of model 'none'"));
    return true;
}

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    ControllerList *list = controllers(def);

    if (list->n > CONTROLLERS_MAX)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("there are more than %d controllers"),
                    CONTROLLERS_MAX);
    number_all(list);
    settle_all(list);
    return check_unique(list, err) && check_target_index(list, err) && check_usb(list, err) &&
           disk_bus_need_controllers(def, err);
}

bool device_need_controller(DomainDef *def, const char *type, unsigned index, GError **err)
{
    ControllerList *list = controllers(def);
    Controller *controller = NULL;
    int number = 0;

    while (strcmp(type_names[number], type) != 0)
        number++;
    if (find(list, (ControllerType)number, index))
        return true;
    if (list->n >= CONTROLLERS_MAX)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("there are more than %d controllers"),
                    CONTROLLERS_MAX);
    controller = record_new(&controller_record);
    controller->type = (ControllerType)number;
    controller->index = (OptNumber){ .set = true, .value = index };
    device_add(def, &controller_class, controller);
    settle_last(controllers(def));
    return true;
}

bool device_has_usb(const DomainDef *def)
{
    const RecordList *list = device_list(def, &controller_class);

    for (size_t i = 0; i < list->n; i++) {
        const Controller *controller = list->items[i];

        if (controller->type == CONTROLLER_USB && controller->model != USB_NONE)
            return true;
    }
    return false;
}

const DeviceClass controller_class = {
    .element = "controller",
    .record = &controller_record,
    .check = check,
};
