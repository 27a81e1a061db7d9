// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See device-info.h. What a place leaves open is its bus's first one; a place that says nothing at
 * all (a PCI address of zeros, an ISA address without a port) is one still to be found.
 */
#include "conf/device-info.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/record.h"
#include "conf/value.h"

#define BAD_DEVICE ERR(DEVICE, INTERNAL_ERROR)
#define LOADPARM_MAX 8
#define USB_PORT_DEPTH 4

const char *const switch_names[] = { NULL, "on", "off", NULL };
static const char *const type_names[] = {
    NULL,          "pci", "drive",       "virtio-serial", "ccid", "usb",        "spapr-vio",
    "virtio-s390", "ccw", "virtio-mmio", "isa",           "dimm", "unassigned", NULL,
};

/* ---- addresses ------------------------------------------------------------------------------- */

/* Trailing hubs called 0 are none. */
static char *usb_port_text(const uint32_t ports[USB_PORT_DEPTH])
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < USB_PORT_DEPTH && ports[i]; i++)
        g_string_append_printf(text, "%s%" PRIu32, i ? "." : "", ports[i]);
    return g_string_free(text, text->len == 0);
}

static bool normalize_usb_port(const char *text, char **ret_text, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    uint32_t ports[USB_PORT_DEPTH] = { 0 };
    int64_t port = 0;

    for (size_t i = 0; i == 0 || parts[i]; i++) {
        if (i == USB_PORT_DEPTH || !parts[0] || !value_parse_number(parts[i], &port) || port < 0 ||
            port > UINT32_MAX)
            return fail(err, BAD_DEVICE, _("'%s' is not a USB port such as '1.4.2'"), text);
        ports[i] = (uint32_t)port;
    }
    *ret_text = usb_port_text(ports);
    return true;
}

#define FIELD(name) offsetof(Address, name)
#define IS(type) TYPE_BIT(ADDRESS_##type)
#define UNSIGNED .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row address_rows[] = {
    { "@type",          ROW_ENUM,   FIELD(type),          ROW_TYPE, .names = type_names,
                        .missing = ERR(DOMAIN, INTERNAL_ERROR), .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { "@controller",    ROW_COUNT,  FIELD(controller),    UNSIGNED, .types = IS(DRIVE) | IS(VIRTIO_SERIAL) | IS(CCID) },
    { "@domain",        ROW_NUMBER, FIELD(domain),        UNSIGNED, .types = IS(PCI), .digits = 4 },
    { "@bus",           ROW_COUNT,  FIELD(bus),           UNSIGNED, .types = IS(DRIVE) | IS(VIRTIO_SERIAL) | IS(USB) },
    { "@bus",           ROW_NUMBER, FIELD(pci_bus),       UNSIGNED, .types = IS(PCI), .digits = 2 },
    { "@target",        ROW_COUNT,  FIELD(target),        UNSIGNED, .types = IS(DRIVE) },
    { "@unit",          ROW_COUNT,  FIELD(unit),          UNSIGNED, .types = IS(DRIVE) },
    { "@port",          ROW_COUNT,  FIELD(port),          UNSIGNED, .types = IS(VIRTIO_SERIAL) },
    { "@port",          ROW_STRING, FIELD(usb_port),      .types = IS(USB), .normalize = normalize_usb_port },
    { "@slot",          ROW_NUMBER, FIELD(pci_slot),      UNSIGNED, .types = IS(PCI), .digits = 2 },
    { "@slot",          ROW_COUNT,  FIELD(ccid_slot),     UNSIGNED, .types = IS(CCID) },
    { "@slot",          ROW_NUMBER, FIELD(dimm_slot),     UNSIGNED, .types = IS(DIMM), .missing = ERR(XML, XML_ERROR) },
    { "@base",          ROW_NUMBER, FIELD(base),          ROW_BASE_16, .types = IS(DIMM), .digits = 1 },
    { "@function",      ROW_NUMBER, FIELD(function),      UNSIGNED, .types = IS(PCI), .digits = 1 },
    { "@multifunction", ROW_ENUM,   FIELD(multifunction), .types = IS(PCI), .names = switch_names },
    { "@reg",           ROW_NUMBER, FIELD(reg),           ROW_BASE_16, .types = IS(SPAPR_VIO), .digits = 8 },
    { "@cssid",         ROW_NUMBER, FIELD(cssid),         UNSIGNED, .types = IS(CCW), .digits = 1 },
    { "@ssid",          ROW_NUMBER, FIELD(ssid),          UNSIGNED, .types = IS(CCW), .digits = 1 },
    { "@devno",         ROW_NUMBER, FIELD(devno),         UNSIGNED, .types = IS(CCW), .digits = 4 },
    { "@iobase",        ROW_NUMBER, FIELD(iobase),        ROW_BASE_16, UNSIGNED, .types = IS(ISA), .digits = 1 },
    { "@irq",           ROW_NUMBER, FIELD(irq),           ROW_BASE_16, UNSIGNED, .types = IS(ISA), .digits = 1 },
    { "zpci/@uid",      ROW_NUMBER, FIELD(zpci_uid),      UNSIGNED, .types = IS(PCI), .digits = 4 },
    { "zpci/@fid",      ROW_NUMBER, FIELD(zpci_fid),      UNSIGNED, .types = IS(PCI), .digits = 8 },
    { NULL },
};
/* clang-format on */

static bool check_at_most(const OptNumber *number, const char *name, int64_t max, GError **err)
{
    if (number->value > max)
        return fail(err, ERR(NONE, XML_ERROR),
                    _("the PCI address has %s='%" PRId64 "', which is above %" PRId64), name,
                    number->value, max);
    return true;
}

static bool check_pci(Address *address, GError **err)
{
    bool given = address->domain.value || address->pci_bus.value || address->pci_slot.value ||
                 address->function.value;
    bool has_zpci = address->zpci_uid.set || address->zpci_fid.set;

    address->domain.set = address->pci_bus.set = given;
    address->pci_slot.set = address->function.set = given;
    address->zpci_uid.set = address->zpci_fid.set = has_zpci;
    return check_at_most(&address->pci_bus, "bus", 0xff, err) &&
           check_at_most(&address->pci_slot, "slot", 0x1f, err) &&
           check_at_most(&address->function, "function", 7, err);
}

static bool check_ccw(Address *address, GError **err)
{
    int given = address->cssid.set + address->ssid.set + address->devno.set;

    if (given != 0 && given != 3)
        return fail(err, BAD_DEVICE,
                    _("the CCW address has some of cssid=, ssid= and devno=, but not all"));
    if (address->cssid.value > 0xfe || address->ssid.value > 3 || address->devno.value > 0xffff)
        return fail(
            err, BAD_DEVICE,
            _("the CCW address 0x%" PRIx64 ".0x%" PRIx64 ".0x%" PRIx64 " is above 0xfe.0x3.0xffff"),
            address->cssid.value, address->ssid.value, address->devno.value);
    address->cssid.set = address->ssid.set = address->devno.set = true;
    return true;
}

static bool check_isa(Address *address, GError **err)
{
    address->iobase.set = address->iobase.value != 0;
    address->irq.set = address->irq.value != 0;
    return true;
}

static bool check_dimm(Address *address, GError **err)
{
    address->base.set = address->base.value != 0;
    return true;
}

static bool refuse_s390(Address *address, GError **err)
{
    return fail(err, ERR(DOMAIN, XML_ERROR), _("a device on the virtio-s390 bus has no address"));
}

static bool (*const checks[])(Address *, GError **) = {
    [ADDRESS_PCI] = check_pci, [ADDRESS_VIRTIO_S390] = refuse_s390, [ADDRESS_CCW] = check_ccw,
    [ADDRESS_ISA] = check_isa, [ADDRESS_DIMM] = check_dimm,         [ADDRESS_UNASSIGNED] = NULL,
};

static bool check_address(void *object, const Reader *reader, GError **err)
{
    Address *address = object;

    return !checks[address->type] || checks[address->type](address, err);
}

static bool check_assigned(void *object, const Reader *reader, GError **err)
{
    if (((const Address *)object)->type == ADDRESS_UNASSIGNED)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("only a <hostdev> can have an address of type 'unassigned'"));
    return check_address(object, reader, err);
}

const Record address_record = { "address",    sizeof(Address),          address_rows,
                                .kept = true, .type = &address_rows[0], .check = check_assigned };
const Record hostdev_address_record = {
    "address",    sizeof(Address),          address_rows,
    .kept = true, .type = &address_rows[0], .check = check_address
};

unsigned address_controller(const Address *address, AddressType type)
{
    return address->type == type ? address->controller : 0;
}

/* ---- booting --------------------------------------------------------------------------------- */

static bool normalize_loadparm(const char *text, char **ret_text, GError **err)
{
    size_t length = strlen(text);
    g_autofree char *upper = g_ascii_strup(text, -1);

    if (length == 0 || length > LOADPARM_MAX)
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR),
                    _("the boot parameter '%s' has not between 1 and 8 characters"), text);
    if (strspn(upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789. ") != length)
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR),
                    _("the boot parameter '%s' has other characters than letters, digits, '.' and "
                      "blanks"),
                    text);
    *ret_text = g_steal_pointer(&upper);
    return true;
}

/* clang-format off */
static const Row boot_rows[] = {
    { "@order",    ROW_NUMBER, offsetof(BootOrder, order),    .min = 1, .max = UINT32_MAX,
                   .missing = ERR(XML, XML_ERROR) },
    { "@loadparm", ROW_STRING, offsetof(BootOrder, loadparm), .normalize = normalize_loadparm },
    { NULL },
};
/* clang-format on */

const Record boot_record = { "boot", sizeof(BootOrder), boot_rows, .kept = true };

/* clang-format off */
static const Row rom_rows[] = {
    { "@enabled", ROW_ENUM,   offsetof(Rom, enabled), .names = choice_names },
    { "@bar",     ROW_ENUM,   offsetof(Rom, bar),     .names = switch_names },
    { "@file",    ROW_STRING, offsetof(Rom, file) },
    { NULL },
};
/* clang-format on */

static bool check_rom(void *object, const Reader *reader, GError **err)
{
    const Rom *rom = object;

    if (rom->enabled == CHOICE_NO && (rom->bar || rom->file))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a <rom> that is not enabled has neither bar= nor file="));
    return true;
}

const Record rom_record = { "rom", sizeof(Rom), rom_rows, .kept = true, .check = check_rom };
