// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <hostdev>: a device of the host that the container gets. Of mode subsystem that is a USB device;
 * what else hangs on a bus only a virtual machine can drive. Of mode capabilities it is a node of
 * the host's /dev, or a network device, which moves into the container's network and back.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/interface-address.h"
#include "conf/interface-parts.h"

#define WRONG ERR(DOMAIN, XML_ERROR)
#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define IMPOSSIBLE ERR(LXC, CONFIG_UNSUPPORTED)

static const char *const mode_names[] = { "subsystem", "capabilities", NULL };
static const char *const type_names[] = { NULL,   "usb",     "pci",  "scsi", "scsi_host",
                                          "mdev", "storage", "misc", "net",  NULL };
static const char *const type_reasons[] = {
    [HOSTDEV_PCI] = N_("only a virtual machine has a PCI bus"),
    [HOSTDEV_SCSI] = N_("only a virtual machine has a SCSI controller; <hostdev "
                        "mode='capabilities' type='storage'> gives a block device"),
    [HOSTDEV_SCSI_HOST] = N_("only a virtual machine has a SCSI controller"),
    [HOSTDEV_MDEV] = N_("only a virtual machine can drive a mediated device"),
    [HOSTDEV_NET] = NULL,
};
static const char *const managed_names[] = { "no", "yes", NULL };
static const char *const sgio_names[] = { NULL, "filtered", "unfiltered", NULL };
static const char *const driver_names[] = { NULL, "kvm", "vfio", "xen", NULL };
static const char *const policy_names[] = { NULL, "mandatory", "requisite", "optional", NULL };
static const char *const reset_names[] = { NULL, "off", "uninitialized", "on", NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

#define USB TYPE_BIT(HOSTDEV_USB)
#define PCI TYPE_BIT(HOSTDEV_PCI)
#define SCSI TYPE_BIT(HOSTDEV_SCSI)
#define SCSI_HOST TYPE_BIT(HOSTDEV_SCSI_HOST)
#define MDEV TYPE_BIT(HOSTDEV_MDEV)
#define STORAGE TYPE_BIT(HOSTDEV_STORAGE)
#define MISC TYPE_BIT(HOSTDEV_MISC)
#define NET TYPE_BIT(HOSTDEV_NET)
#define SUBSYSTEM (USB | PCI | SCSI | SCSI_HOST | MDEV)
#define FIELD(name) offsetof(Hostdev, name)
#define UNSIGNED .min = 0, .max = UINT32_MAX

/* clang-format off */
static const Row hostdev_rows[] = {
    { "@mode",    ROW_ENUM,   FIELD(mode),       .names = mode_names, .bad = UNSUPPORTED },
    { "@type",    ROW_ENUM,   FIELD(type),       ROW_TYPE, .names = type_names,
                  .works = USB | STORAGE | MISC | NET, .reasons = type_reasons,
                  .missing = WRONG, .bad = UNSUPPORTED },
    { "@managed", ROW_ENUM,   FIELD(managed),    ROW_KEPT, .types = SUBSYSTEM, .names = managed_names },
    { "@sgio",    ROW_ENUM,   FIELD(sgio),       ROW_KEPT, .types = SCSI, .names = sgio_names },
    { "@rawio",   ROW_ENUM,   FIELD(rawio),      ROW_KEPT, .types = SCSI, .names = choice_names },
    { "@model",   ROW_STRING, FIELD(model),      ROW_KEPT, .types = SCSI_HOST },
    { "@model",   ROW_STRING, FIELD(model),      ROW_KEPT, .types = MDEV, .missing = ERR(XML, XML_ERROR) },
    { "@display", ROW_ENUM,   FIELD(display),    ROW_KEPT, .types = MDEV, .names = switch_names },
    { "@ramfb",   ROW_ENUM,   FIELD(ramfb),      ROW_KEPT, .types = MDEV, .names = switch_names },
    { "source",   ROW_KEEP,   FIELD(source),     .types = SCSI | SCSI_HOST | MDEV, .missing = WRONG },
    { "driver/@name",            ROW_ENUM,   FIELD(driver),          ROW_KEPT, .types = PCI,
                                 .names = driver_names },
    { "source/@startupPolicy",   ROW_ENUM,   FIELD(startup_policy),  .types = USB | PCI,
                                 .names = policy_names },
    { "source/@missing",         ROW_ENUM,   FIELD(missing),         ROW_LIVE, .types = USB,
                                 .names = choice_names },
    { "source/@guestReset",      ROW_ENUM,   FIELD(guest_reset),     ROW_KEPT, .types = USB,
                                 .names = reset_names },
    { "source/@writeFiltering",  ROW_ENUM,   FIELD(write_filtering), ROW_KEPT, .types = PCI,
                                 .names = choice_names },
    { "source/vendor/@id",       ROW_NUMBER, FIELD(vendor),          .types = USB, .digits = 4,
                                 .min = 1, .max = UINT32_MAX },
    { "source/product/@id",      ROW_NUMBER, FIELD(product),         UNSIGNED, .types = USB, .digits = 4 },
    { "source/address/@bus",     ROW_NUMBER, FIELD(bus),             ROW_ANY_BASE, UNSIGNED, .types = USB },
    { "source/address/@device",  ROW_NUMBER, FIELD(device),          ROW_ANY_BASE, UNSIGNED, .types = USB },
    { "source/address/@domain",   ROW_NUMBER, FIELD(pci_domain),     UNSIGNED, .types = PCI, .digits = 4 },
    { "source/address/@bus",      ROW_NUMBER, FIELD(pci_bus),        UNSIGNED, .types = PCI, .digits = 2 },
    { "source/address/@slot",     ROW_NUMBER, FIELD(pci_slot),       UNSIGNED, .types = PCI, .digits = 2 },
    { "source/address/@function", ROW_NUMBER, FIELD(pci_function),   UNSIGNED, .types = PCI, .digits = 1 },
    { "source/block",     ROW_STRING, FIELD(path),       ROW_NOT_EMPTY, .types = STORAGE, .missing = WRONG },
    { "source/char",      ROW_STRING, FIELD(path),       ROW_NOT_EMPTY, .types = MISC, .missing = WRONG },
    { "source/interface", ROW_STRING, FIELD(interface),  ROW_NOT_EMPTY, .types = NET, .missing = WRONG },
    { "ip",               ROW_LIST,   FIELD(ips),        .types = NET, .record = &interface_ip_record },
    { "route",            ROW_LIST,   FIELD(routes),     .types = NET, .record = &interface_route_record },
    { "teaming",          ROW_MAYBE,  FIELD(teaming),    .record = &teaming_record },
    { "readonly",         ROW_FLAG,   FIELD(readonly),   ROW_KEPT, .types = SCSI },
    { "shareable",        ROW_FLAG,   FIELD(shareable),  ROW_KEPT, .types = SCSI },
    { "boot",             ROW_MAYBE,  FIELD(boot),       .record = &boot_record },
    { "alias/@name",      ROW_STRING, FIELD(alias),      ROW_LIVE },
    { "rom",              ROW_MAYBE,  FIELD(rom),        .record = &rom_record },
    { "acpi/@index",      ROW_NUMBER, FIELD(acpi_index), ROW_KEPT, .min = 1, .max = UINT32_MAX },
    { "address",          ROW_MAYBE,  FIELD(address),    .record = &hostdev_address_record },
    { NULL },
};
/* clang-format on */

static bool check_one(void *object, const Reader *reader, GError **err);

static const Record hostdev_record = { "hostdev", sizeof(Hostdev), hostdev_rows,
                                       .type = &hostdev_rows[1], .check = check_one };

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_mode(const Hostdev *hostdev, GError **err)
{
    bool is_subsystem = TYPE_BIT(hostdev->type) & SUBSYSTEM;

    if (is_subsystem == (hostdev->mode == HOSTDEV_SUBSYSTEM))
        return true;
    return fail(err, UNSUPPORTED, _("a <hostdev> of mode '%s' cannot be of type '%s'"),
                mode_names[hostdev->mode], type_names[hostdev->type]);
}

static bool check_usb(const Hostdev *hostdev, GError **err)
{
    if (hostdev->vendor.set != hostdev->product.set)
        return fail(
            err, ERR(DOMAIN, INTERNAL_ERROR),
            _("the source of a USB device has one of <vendor> and <product>, but not both"));
    if (hostdev->bus.set != hostdev->device.set)
        return fail(err, ERR(XML, XML_ERROR),
                    _("the <address> of a USB device has one of bus= and device=, but not both"));
    if (!hostdev->vendor.set && !hostdev->bus.set)
        return fail(err, WRONG,
                    _("the USB device to give has neither an address nor <vendor> and "
                      "<product>"));
    if (hostdev->address && hostdev->address->type != ADDRESS_USB)
        return fail(err, UNSUPPORTED, _("a USB device has an <address> of type 'usb' alone"));
    return true;
}

static bool check_pci(Hostdev *hostdev, GError **err)
{
    if (hostdev->startup_policy)
        return fail(err, UNSUPPORTED, _("only a USB device has a startupPolicy="));
    hostdev->pci_domain.set = hostdev->pci_bus.set = true;
    hostdev->pci_slot.set = hostdev->pci_function.set = true;
    return true;
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Hostdev *hostdev = object;

    if (!check_mode(hostdev, err))
        return false;
    if (hostdev->type == HOSTDEV_USB && !check_usb(hostdev, err))
        return false;
    if (hostdev->type == HOSTDEV_PCI && !check_pci(hostdev, err))
        return false;
    if (hostdev->teaming && hostdev->teaming->type != TEAMING_TRANSIENT)
        return fail(err, UNSUPPORTED, _("a <hostdev> is the transient part of a team alone"));
    return true;
}

/* What of a device says which one of the host's it is. */
static char *identity(const Hostdev *hostdev)
{
    switch (hostdev->type) {
    case HOSTDEV_USB:
        return g_strdup_printf("usb %" PRId64 ":%" PRId64 " %" PRId64 ":%" PRId64,
                               hostdev->bus.value, hostdev->device.value, hostdev->vendor.value,
                               hostdev->product.value);
    case HOSTDEV_PCI:
        return g_strdup_printf("pci %" PRIx64 ":%" PRIx64 ":%" PRIx64 ".%" PRIx64,
                               (uint64_t)hostdev->pci_domain.value,
                               (uint64_t)hostdev->pci_bus.value, (uint64_t)hostdev->pci_slot.value,
                               (uint64_t)hostdev->pci_function.value);
    case HOSTDEV_STORAGE:
    case HOSTDEV_MISC:
        return g_strdup_printf("%s %s", type_names[hostdev->type], hostdev->path);
    case HOSTDEV_NET:
        return g_strdup_printf("net %s", hostdev->interface);
    case HOSTDEV_SCSI:
    case HOSTDEV_SCSI_HOST:
    case HOSTDEV_MDEV:
    case HOSTDEV_ABSENT:
        break;
    }
    return g_strdup(hostdev->source);
}

static bool check(DomainDef *def, const Reader *reader, GError **err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < def->hostdevs.n; i++) {
        char *name = identity(def->hostdevs.items[i]);

        if (!g_hash_table_add(seen, name))
            return fail(err, WRONG, _("the host's device '%s' is given twice"),
                        (const char *)g_hash_table_lookup(seen, name));
    }
    return true;
}

static void make_live(DomainDef *def)
{
    for (size_t i = 0; i < def->hostdevs.n; i++) {
        g_free(def->hostdevs.items[i]->alias);
        def->hostdevs.items[i]->alias = g_strdup_printf("hostdev%zu", i);
    }
}

/* ---- plan ------------------------------------------------------------------------------------ */

bool hostdev_needs_network(const DomainDef *def)
{
    for (size_t i = 0; i < def->hostdevs.n; i++)
        if (def->hostdevs.items[i]->type == HOSTDEV_NET)
            return true;
    return false;
}

/* The kernel's numbers: 16 bits of vendor and product, three digits in /dev/bus/usb. */
static bool plan_usb(const Hostdev *hostdev, PlanBuilder *builder, GError **err)
{
    if (hostdev->vendor.value > UINT16_MAX || hostdev->product.value > UINT16_MAX)
        return fail(
            err, IMPOSSIBLE,
            _("there is no USB device '%04" PRIx64 ":%04" PRIx64 "': both have four digits"),
            (uint64_t)hostdev->vendor.value, (uint64_t)hostdev->product.value);
    if (hostdev->bus.value > 999 || hostdev->device.value > 999)
        return fail(
            err, IMPOSSIBLE,
            _("there is no USB device %" PRId64 " on bus %" PRId64 ": both have three digits"),
            hostdev->device.value, hostdev->bus.value);
    if (hostdev->bus.set && !hostdev->vendor.set && !(hostdev->bus.value && hostdev->device.value))
        return fail(err, IMPOSSIBLE,
                    _("there is no USB device %" PRId64 " on bus %" PRId64 ": both count from 1"),
                    hostdev->device.value, hostdev->bus.value);
    *PLAN_ADD(&builder->plan->usb) = (PlanUsb){
        .bus = (uint32_t)hostdev->bus.value,
        .device = (uint32_t)hostdev->device.value,
        .vendor = (uint32_t)hostdev->vendor.value,
        .product = (uint32_t)hostdev->product.value,
        .optional = hostdev->startup_policy == STARTUP_OPTIONAL,
    };
    return true;
}

/* The name below the container's /dev: as below the host's, or all of another path. */
static char *node_name(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    GString *name = g_string_new(NULL);
    bool first = true;

    for (char **part = parts; *part; part++) {
        if (!**part || strcmp(*part, ".") == 0)
            continue;
        if (!first || strcmp(*part, "dev") != 0)
            g_string_append_printf(name, "%s%s", name->len ? "/" : "", *part);
        first = false;
    }
    return g_string_free(name, FALSE);
}

static bool plan_node(const Hostdev *hostdev, PlanBuilder *builder, GError **err)
{
    PlanHostNode *node = NULL;

    if (*hostdev->path != '/')
        return fail(err, IMPOSSIBLE, _("the host's device '%s' is not an absolute path"),
                    hostdev->path);
    node = PLAN_ADD(&builder->plan->host_nodes);
    node->path = node_name(hostdev->path);
    node->kind = hostdev->type == HOSTDEV_STORAGE ? PLAN_HOST_NODE_BLOCK : PLAN_HOST_NODE_CHAR;
    node->source = g_strdup(hostdev->path);
    node->access = PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD;
    node->mode = 0700;
    return true;
}

/* It keeps its name and, without addresses of its own, its state: down. */
static bool plan_net(const Hostdev *hostdev, PlanBuilder *builder, GError **err)
{
    PlanLink *link = NULL;

    if (!interface_check_name(hostdev->interface, err))
        return false;
    link = PLAN_ADD(&builder->plan->links);
    link->kind = PLAN_LINK_HOST;
    link->device = g_strdup(hostdev->interface);
    link->guest_name = g_strdup(hostdev->interface);
    link->up = hostdev->ips.n > 0;
    interface_plan_addresses(&hostdev->ips, &hostdev->routes, link, LINK_INSIDE);
    return true;
}

static bool plan(const void *device, PlanBuilder *builder, GError **err)
{
    const Hostdev *hostdev = device;

    if (hostdev->type == HOSTDEV_USB)
        return plan_usb(hostdev, builder, err);
    if (hostdev->type == HOSTDEV_NET)
        return plan_net(hostdev, builder, err);
    return plan_node(hostdev, builder, err);
}

const DeviceClass hostdev_class = {
    .element = "hostdev",
    .record = &hostdev_record,
    .list = offsetof(DomainDef, hostdevs),
    .check = check,
    .make_live = make_live,
    .plan = plan,
};
