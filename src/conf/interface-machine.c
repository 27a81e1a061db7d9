// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What of an interface means something to the emulator of a virtual machine alone: the card's model
 * and its driver, the emulator's back end, forwarded ports, teams of two cards. A container has no
 * card; all of it is checked and given back.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/domain-records.h"
#include "conf/interface-parts.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define UNSIGNED .min = 0, .max = UINT32_MAX

/* ---- models ---------------------------------------------------------------------------------- */

/* clang-format off */
static const char *const models[] = {
    "virtio", "virtio-transitional", "virtio-non-transitional", "e1000", "e1000e", "igb", "rtl8139",
    "netfront", "usb-net", "spapr-vlan", "lan9118", "vlance", "vmxnet", "vmxnet2", "vmxnet3",
    "Am79C970A", "Am79C973", "82540EM", "82545EM", "82543GC",
};
/* clang-format on */

bool interface_normalize_model(const char *text, char **ret_text, GError **err)
{
    for (const char *at = text; *at; at++)
        if (!g_ascii_isalnum(*at) && !strchr("-_", *at))
            return fail(err, ERR(DOMAIN, INVALID_ARG),
                        _("'%s' cannot be the name of a network card's model"), text);
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        if (g_ascii_strcasecmp(models[i], text) == 0) {
            *ret_text = g_strdup(models[i]);
            return true;
        }
    return fail(err, UNSUPPORTED, _("'%s' is not a known model of a network card"), text);
}

static bool is_virtio(const Interface *interface)
{
    return interface->model && g_str_has_prefix(interface->model, "virtio");
}

/* ---- driver and back end --------------------------------------------------------------------- */

struct InterfaceDriver {
    int name;
    int transmit;
    Switch ioeventfd;
    Switch event_idx;
    OptNumber queues;
    OptNumber receive_size;
    OptNumber transmit_size;
    Switch rss;
    Switch rss_hash_report;
    VirtioOptions virtio;
    Switch host[7];  /* csum, gso, tso4, tso6, ecn, ufo, mrg_rxbuf */
    Switch guest[5]; /* csum, tso4, tso6, ecn, ufo */
};

static const char *const driver_names[] = { NULL, "qemu", "vhost", NULL };
static const char *const transmit_names[] = { NULL, "iothread", "timer", NULL };

static bool check_driver(void *object, const Reader *reader, GError **err);

#define FIELD(name) offsetof(InterfaceDriver, name)
#define ON_OFF .names = switch_names

/* clang-format off */
static const Row driver_rows[] = {
    { "@name",            ROW_ENUM,   FIELD(name),           .names = driver_names },
    { "@txmode",          ROW_ENUM,   FIELD(transmit),       .names = transmit_names },
    { "@ioeventfd",       ROW_ENUM,   FIELD(ioeventfd),      ON_OFF },
    { "@event_idx",       ROW_ENUM,   FIELD(event_idx),      ON_OFF },
    { "@queues",          ROW_NUMBER, FIELD(queues),         UNSIGNED },
    { "@rx_queue_size",   ROW_NUMBER, FIELD(receive_size),   UNSIGNED },
    { "@tx_queue_size",   ROW_NUMBER, FIELD(transmit_size),  UNSIGNED },
    { "@rss",             ROW_ENUM,   FIELD(rss),            ON_OFF },
    { "@rss_hash_report", ROW_ENUM,   FIELD(rss_hash_report), ON_OFF },
    { "@iommu",           ROW_ENUM,   FIELD(virtio.iommu),   ON_OFF },
    { "@ats",             ROW_ENUM,   FIELD(virtio.ats),     ON_OFF },
    { "@packed",          ROW_ENUM,   FIELD(virtio.packed),  ON_OFF },
    { "@page_per_vq",     ROW_ENUM,   FIELD(virtio.page_per_vq), ON_OFF },
    { "host/@csum",       ROW_ENUM,   FIELD(host[0]),        ON_OFF },
    { "host/@gso",        ROW_ENUM,   FIELD(host[1]),        ON_OFF },
    { "host/@tso4",       ROW_ENUM,   FIELD(host[2]),        ON_OFF },
    { "host/@tso6",       ROW_ENUM,   FIELD(host[3]),        ON_OFF },
    { "host/@ecn",        ROW_ENUM,   FIELD(host[4]),        ON_OFF },
    { "host/@ufo",        ROW_ENUM,   FIELD(host[5]),        ON_OFF },
    { "host/@mrg_rxbuf",  ROW_ENUM,   FIELD(host[6]),        ON_OFF },
    { "guest/@csum",      ROW_ENUM,   FIELD(guest[0]),       ON_OFF },
    { "guest/@tso4",      ROW_ENUM,   FIELD(guest[1]),       ON_OFF },
    { "guest/@tso6",      ROW_ENUM,   FIELD(guest[2]),       ON_OFF },
    { "guest/@ecn",       ROW_ENUM,   FIELD(guest[3]),       ON_OFF },
    { "guest/@ufo",       ROW_ENUM,   FIELD(guest[4]),       ON_OFF },
    { NULL },
};
/* clang-format on */

const Record interface_driver_record = { "driver", sizeof(InterfaceDriver), driver_rows,
                                         .kept = true, .check = check_driver };

/* One queue is what there is without a word, and a size of 0 is the emulator's choice. */
static bool check_driver(void *object, const Reader *reader, GError **err)
{
    InterfaceDriver *driver = object;

    driver->queues.set = driver->queues.value > 1;
    driver->receive_size.set = driver->receive_size.value > 0;
    driver->transmit_size.set = driver->transmit_size.value > 0;
    return true;
}

struct InterfaceBackend {
    int type;
    char *tap;
    char *vhost;
    char *log_file;
};

static const char *const backend_names[] = { NULL, "passt", NULL };

/* Without empty parts, as libvirt prints it. */
static bool normalize_path(const char *text, char **ret_text, GError **err)
{
    GString *path = g_string_new(NULL);

    for (; *text; text++)
        if (*text != '/' || path->len == 0 || (path->str[path->len - 1] != '/' && text[1]))
            g_string_append_c(path, *text);
    *ret_text = g_string_free(path, FALSE);
    return true;
}

/* clang-format off */
static const Row backend_rows[] = {
    { "@type",    ROW_ENUM,   offsetof(InterfaceBackend, type),     .names = backend_names },
    { "@tap",     ROW_STRING, offsetof(InterfaceBackend, tap),      ROW_NOT_EMPTY,
                  .normalize = normalize_path },
    { "@vhost",   ROW_STRING, offsetof(InterfaceBackend, vhost),    ROW_NOT_EMPTY,
                  .normalize = normalize_path },
    { "@logFile", ROW_STRING, offsetof(InterfaceBackend, log_file), ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

const Record interface_backend_record = { "backend", sizeof(InterfaceBackend), backend_rows,
                                          .kept = true };

/* ---- forwarded ports ------------------------------------------------------------------------- */

typedef struct PortRange {
    OptNumber start;
    OptNumber end;
    OptNumber to;
    Choice exclude;
} PortRange;

typedef struct PortRangeList {
    size_t n;
    PortRange **items;
} PortRangeList;

struct PortForward {
    int protocol;
    char *address;
    char *device;
    PortRangeList ranges;
};

static const char *const protocol_names[] = { NULL, "tcp", "udp", NULL };

static bool normalize_address(const char *text, char **ret_text, GError **err)
{
    uint8_t address[16];
    int family;

    if (!value_parse_address(text, address, &family))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' is not an IP address"), text);
    *ret_text = value_format_address(address, family);
    return true;
}

static bool check_forward(void *object, const Reader *reader, GError **err);

#define PORT .min = 1, .max = UINT32_MAX

/* clang-format off */
static const Row range_rows[] = {
    { "@start",   ROW_NUMBER, offsetof(PortRange, start),   PORT },
    { "@end",     ROW_NUMBER, offsetof(PortRange, end),     PORT },
    { "@to",      ROW_NUMBER, offsetof(PortRange, to),      PORT },
    { "@exclude", ROW_ENUM,   offsetof(PortRange, exclude), .names = choice_names },
    { NULL },
};

static const Record range_record = { "range", sizeof(PortRange), range_rows };

static const Row forward_rows[] = {
    { "@proto",   ROW_ENUM,   offsetof(PortForward, protocol), .names = protocol_names,
                  .missing = ERR(XML, XML_ERROR) },
    { "@address", ROW_STRING, offsetof(PortForward, address),  .normalize = normalize_address },
    { "@dev",     ROW_STRING, offsetof(PortForward, device),   ROW_NOT_EMPTY },
    { "range",    ROW_LIST,   offsetof(PortForward, ranges),   .record = &range_record },
    { NULL },
};
/* clang-format on */

const Record port_forward_record = { "portForward", sizeof(PortForward), forward_rows, .kept = true,
                                     .check = check_forward };

/* A range without a number is none. */
static bool check_forward(void *object, const Reader *reader, GError **err)
{
    static const PortRange none;
    PortRangeList *ranges = &((PortForward *)object)->ranges;
    size_t n = 0;

    for (size_t i = 0; i < ranges->n; i++)
        if (record_equal(&range_record, ranges->items[i], &none))
            record_free(&range_record, ranges->items[i]);
        else
            ranges->items[n++] = ranges->items[i];
    ranges->n = n;
    return true;
}

/* ---- teams ----------------------------------------------------------------------------------- */

static bool check_teaming(void *object, const Reader *reader, GError **err);

static const char *const teaming_names[] = { NULL, "persistent", "transient", NULL };

/* clang-format off */
static const Row teaming_rows[] = {
    { "@type",       ROW_ENUM,   offsetof(Teaming, type),       .names = teaming_names,
                     .bad = UNSUPPORTED },
    { "@persistent", ROW_STRING, offsetof(Teaming, persistent), ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

const Record teaming_record = { "teaming", sizeof(Teaming), teaming_rows, .kept = true,
                                .check = check_teaming };

static bool check_teaming(void *object, const Reader *reader, GError **err)
{
    const Teaming *teaming = object;

    if (!teaming->type)
        return !teaming->persistent ||
               fail(err, UNSUPPORTED, _("<teaming> has persistent=, but no type="));
    if (teaming->type == TEAMING_TRANSIENT && !teaming->persistent)
        return fail(err, UNSUPPORTED, _("<teaming type='transient'> lacks persistent="));
    if (teaming->type == TEAMING_PERSISTENT && teaming->persistent)
        return fail(err, UNSUPPORTED, _("<teaming type='persistent'> cannot have persistent="));
    return true;
}

/* ---- what depends on the interface ----------------------------------------------------------- */

bool interface_machine_check(const Interface *interface, GError **err)
{
    const InterfaceDriver *driver = interface->driver;
    bool has_options = driver && (driver->virtio.iommu || driver->virtio.ats ||
                                  driver->virtio.packed || driver->virtio.page_per_vq);

    if (has_options && !is_virtio(interface))
        return fail(err, UNSUPPORTED,
                    _("only a network card of model 'virtio' has the driver's options iommu=, "
                      "ats=, packed= and page_per_vq="));
    if (interface->type == INTERFACE_VHOSTUSER && !is_virtio(interface))
        return fail(err, ERR(DOMAIN, INTERNAL_ERROR),
                    _("an interface of type 'vhostuser' needs a network card of model 'virtio'"));
    return true;
}
