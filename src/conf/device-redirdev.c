// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <redirdev>, a USB device of whoever looks at a virtual machine from afar, and <redirfilter>,
 * which of them may come. Kept.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/value.h"

/* ---- redirdev -------------------------------------------------------------------------------- */

typedef struct Redirdev {
    int bus;
    Chardev source;
    BootOrder boot;
    DeviceInfo info;
} Redirdev;

static const char *const bus_names[] = { "usb", NULL };

#define FIELD(name) offsetof(Redirdev, name)

/* clang-format off */
static const Row redirdev_rows[] = {
    { "@bus", ROW_ENUM, FIELD(bus), .names = bus_names, .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    CHARDEV_TYPE_ROW(FIELD(source), .missing = ERR(DOMAIN, INTERNAL_ERROR)),
    CHARDEV_ROWS(FIELD(source)),
    BOOT_ROW(FIELD(boot)),
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Redirdev *device = object;

    if (device->info.address.type && device->info.address.type != ADDRESS_USB)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("a redirected USB device can only have an address of type 'usb'"));
    return chardev_check(&device->source, err);
}

static const Record redirdev_record = {
    "redirdev",   sizeof(Redirdev),   redirdev_rows,
    .kept = true, .check = check_one, .type = &redirdev_rows[1]
};

static bool check_redirdevs(DomainDef *def, const Reader *reader, GError **err)
{
    if (device_list(def, &redirdev_class)->n && !device_has_usb(def))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("a USB device cannot be redirected to a domain without a USB controller"));
    return true;
}

const DeviceClass redirdev_class = { .element = "redirdev",
                                     .record = &redirdev_record,
                                     .check = check_redirdevs };

/* ---- redirfilter ----------------------------------------------------------------------------- */

typedef struct UsbRule {
    OptNumber class; /* not set: any */
    OptNumber vendor;
    OptNumber product;
    char *version; /* "2.05" */
    Choice allow;
} UsbRule;

typedef struct UsbRuleList {
    size_t n;
    UsbRule **items;
} UsbRuleList;

typedef struct Redirfilter {
    UsbRuleList rules;
} Redirfilter;

/* -1 stands for any. The field is compared as bytes, so what it does not say is zero. */
static bool parse_id(const char *text, void *field, GError **err)
{
    OptNumber *id = field;
    int64_t number = 0;

    if (!value_parse_bits(*text == '-' ? text + 1 : text, 0, &number) || number < 0 ||
        number > INT32_MAX)
        return fail(err, ERR(XML, XML_ERROR), _("'%s' is not an id of USB devices"), text);
    id->set = *text != '-';
    id->value = id->set ? number : 0;
    return true;
}

static bool parse_class(const char *text, void *field, GError **err)
{
    const OptNumber *class = field;

    if (!parse_id(text, field, err))
        return false;
    if (class->value > 0xff || (!class->set && strcmp(text, "-1") != 0))
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("'%s' is not a class of USB devices"),
                    text);
    return true;
}

static char *format_id(const void *field)
{
    const OptNumber *id = field;

    return id->set ? g_strdup_printf("0x%04" PRIX64, (uint64_t)id->value) : NULL;
}

static char *format_class(const void *field)
{
    const OptNumber *class = field;

    return class->set ? g_strdup_printf("0x%02" PRIX64, (uint64_t) class->value) : NULL;
}

static const TextFunctions id_text = { parse_id, format_id };
static const TextFunctions class_text = { parse_class, format_class };

/* "2.5" is "2.50": these are decimal digits of a version that has four of them. */
static bool normalize_version(const char *text, char **ret_text, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    size_t lengths[2] = { 0 };

    if (strcmp(text, "-1") == 0) {
        *ret_text = NULL;
        return true;
    }
    for (size_t i = 0; i < 2 && g_strv_length(parts) == 2; i++)
        lengths[i] = strspn(parts[i], "0123456789") == strlen(parts[i]) ? strlen(parts[i]) : 0;
    if (lengths[0] < 1 || lengths[0] > 2 || lengths[1] < 1 || lengths[1] > 2)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' is not a USB version such as '2.05'"),
                    text);
    *ret_text = g_strdup_printf("%d.%s%s", atoi(parts[0]), parts[1], lengths[1] == 1 ? "0" : "");
    return true;
}

/* clang-format off */
static const Row rule_rows[] = {
    { "@class",   ROW_TEXT,   offsetof(UsbRule, class),   .text = &class_text, .size = sizeof(OptNumber) },
    { "@vendor",  ROW_TEXT,   offsetof(UsbRule, vendor),  .text = &id_text,    .size = sizeof(OptNumber) },
    { "@product", ROW_TEXT,   offsetof(UsbRule, product), .text = &id_text,    .size = sizeof(OptNumber) },
    { "@version", ROW_STRING, offsetof(UsbRule, version), .normalize = normalize_version },
    { "@allow",   ROW_ENUM,   offsetof(UsbRule, allow),   .names = choice_names, .missing = ERR(XML, XML_ERROR) },
    { NULL },
};

static const Record rule_record = { "usbdev", sizeof(UsbRule), rule_rows, .kept = true };

static const Row redirfilter_rows[] = {
    { "usbdev", ROW_LIST, offsetof(Redirfilter, rules), .record = &rule_record },
    { NULL },
};
/* clang-format on */

static const Record redirfilter_record = { "redirfilter", sizeof(Redirfilter), redirfilter_rows,
                                           .kept = true };

const DeviceClass redirfilter_class = { .element = "redirfilter",
                                        .record = &redirfilter_record,
                                        .single = ERR(DOMAIN, INTERNAL_ERROR) };
