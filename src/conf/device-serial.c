// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <serial> and <parallel>: ports that a machine would have. A container's terminals are its
 * consoles; these are kept, and numbered as libvirt does.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define ISA_MAX 4
enum { TARGET_ISA = 1 };

typedef struct Port {
    Chardev source;
    char *tty;  /* live */
    int target; /* serial alone; 0 not given */
    OptNumber port;
    int model; /* serial alone; 0 not given */
    DeviceInfo info;
} Port;

typedef struct PortList {
    size_t n;
    Port **items;
} PortList;

static const char *const target_names[] = {
    "none",          "isa-serial",  "usb-serial", "pci-serial", "spapr-vio-serial",
    "system-serial", "sclp-serial", "isa-debug",  NULL,
};
static const char *const model_names[] = {
    "none",   "isa-serial",  "usb-serial",    "pci-serial",   "spapr-vty", "pl011",
    "16550a", "sclpconsole", "sclplmconsole", "isa-debugcon", NULL,
};

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define FIELD(name) offsetof(Port, name)
#define NUMBER .min = INT32_MIN, .max = INT32_MAX, .bad = ERR(DOMAIN, XML_ERROR)

/* clang-format off */
static const Row serial_rows[] = {
    CHARDEV_TYPE_ROW(FIELD(source)),
    { "@tty",               ROW_STRING, FIELD(tty),    ROW_LIVE },
    CHARDEV_ROWS(FIELD(source)),
    { "target/@type",       ROW_ENUM,   FIELD(target), ROW_HIDE_DEFAULT, .names = target_names, .bad = UNSUPPORTED },
    { "target/@port",       ROW_NUMBER, FIELD(port),   NUMBER },
    { "target/model/@name", ROW_ENUM,   FIELD(model),  ROW_HIDE_DEFAULT, .names = model_names, .bad = UNSUPPORTED },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};

static const Row parallel_rows[] = {
    CHARDEV_TYPE_ROW(FIELD(source)),
    { "@tty", ROW_STRING, FIELD(tty), ROW_LIVE },
    CHARDEV_ROWS(FIELD(source)),
    { "target/@port", ROW_NUMBER, FIELD(port), NUMBER },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

static void init(void *object)
{
    ((Port *)object)->source.type = CHARDEV_PTY;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Port *port = object;

    if (port->port.value == -1)
        port->port = (OptNumber){ .set = false };
    return chardev_check(&port->source, err) && chardev_check_not_spicevmc(&port->source, err);
}

static const Record serial_record = {
    "serial",     sizeof(Port),      serial_rows, .kept = true, .type = &serial_rows[0],
    .init = init, .check = check_one
};
static const Record parallel_record = {
    "parallel",   sizeof(Port),      parallel_rows, .kept = true, .type = &parallel_rows[0],
    .init = init, .check = check_one
};

/* ---- numbers --------------------------------------------------------------------------------- */

static bool take_isa(bool *taken, int64_t number, GError **err)
{
    if (number >= ISA_MAX)
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR), _("there are more than %d ISA serial ports"),
                    ISA_MAX);
    if (number >= 0 && taken[number])
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR),
                    _("two ISA serial ports have the number %" PRId64), number);
    if (number >= 0)
        taken[number] = true;
    return true;
}

/* A machine has four of them; those without a number take what the others leave. */
static bool number_isa(const PortList *list, GError **err)
{
    bool taken[ISA_MAX] = { false };

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->target == TARGET_ISA && list->items[i]->port.set &&
            !take_isa(taken, list->items[i]->port.value, err))
            return false;
    for (size_t i = 0; i < list->n; i++) {
        OptNumber *port = &list->items[i]->port;

        if (list->items[i]->target != TARGET_ISA || port->set)
            continue;
        while (port->value < ISA_MAX && taken[port->value])
            port->value++;
        port->set = true;
        if (!take_isa(taken, port->value, err))
            return false;
    }
    return true;
}

/* A port without a number comes behind `last` and behind those in front of it. */
static bool number_behind(const PortList *list, int64_t last, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        OptNumber *port = &list->items[i]->port;

        if (!port->set && last == INT32_MAX)
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("there is no number left for a port without one"));
        if (!port->set)
            *port = (OptNumber){ .set = true, .value = last + 1 };
        last = MAX(last, port->value);
    }
    return true;
}

static bool check_serial(DomainDef *def, const Reader *reader, GError **err)
{
    const PortList *list = (const PortList *)device_list(def, &serial_class);
    int64_t last = -1;

    if (!number_isa(list, err))
        return false;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->port.set)
            last = MAX(last, list->items[i]->port.value);
    return number_behind(list, last, err);
}

static bool check_parallel(DomainDef *def, const Reader *reader, GError **err)
{
    return number_behind((const PortList *)device_list(def, &parallel_class), -1, err);
}

const DeviceClass serial_class = { .element = "serial",
                                   .record = &serial_record,
                                   .check = check_serial };
const DeviceClass parallel_class = { .element = "parallel",
                                     .record = &parallel_record,
                                     .check = check_parallel };
