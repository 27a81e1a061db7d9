// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * [Network] of a .nspawn file. The end of a virtual Ethernet link that is inside is always called
 * host0, the other ve-MACHINE, or vb-MACHINE in a bridge; addresses are for networkd on both sides.
 */
#include <net/if.h>
#include <string.h>

#include "base/text.h"
#include "conf/device.h"
#include "conf/nspawn.h"
#include "conf/value.h"

#define NETWORK "Network"
#define GUEST_NAME "host0"
#define ZONE_PREFIX "vz-"
#define MACVLAN_PREFIX "mv-"

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_private(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return nspawn_read_yes(setting, &import->def->features.privnet, err);
}

static Interface *add_interface(NspawnImport *import, InterfaceType type, const char *guest)
{
    Interface *interface = record_new(interface_class.record);

    interface->type = type;
    interface->guest_dev = g_strdup(guest);
    device_add(import->def, &interface_class, interface);
    return interface;
}

/* There is one link of this kind; a bridge says where its other end goes. */
static Interface *get_veth(NspawnImport *import)
{
    if (!import->veth)
        import->veth = add_interface(import, INTERFACE_ETHERNET, GUEST_NAME);
    return import->veth;
}

static bool read_veth(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    bool on = false;

    if (!nspawn_read_yes(setting, &on, err))
        return false;
    if (on)
        (void)get_veth(import); /* makes it */
    return true;
}

static void set_bridge(NspawnImport *import, const char *bridge)
{
    Interface *interface = get_veth(import);

    interface->type = INTERFACE_BRIDGE;
    g_free(interface->bridge);
    interface->bridge = g_strdup(bridge);
}

static bool read_bridge(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    set_bridge(import, setting->value);
    return true;
}

static bool read_zone(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_autofree char *bridge = g_strconcat(ZONE_PREFIX, setting->value, NULL);

    set_bridge(import, bridge);
    native_note(import->result, _("the bridge '%s' is not made when the container starts"), bridge);
    return true;
}

/* HOST[:GUEST] */
static bool read_veth_extra(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(setting->value, ":", 2);
    Interface *interface = NULL;

    if (!*parts || !**parts)
        return nspawn_refuse(setting, err);
    interface = add_interface(import, INTERFACE_ETHERNET, parts[1] ? parts[1] : parts[0]);
    interface->target_dev = g_strdup(parts[0]);
    return true;
}

static bool read_macvlan(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);

    if (!words)
        return nspawn_refuse(setting, err);
    for (char **word = words; *word; word++) {
        g_autofree char *guest = g_strconcat(MACVLAN_PREFIX, *word, NULL);
        Interface *interface = add_interface(import, INTERFACE_DIRECT, guest);

        interface->device = g_strdup(*word);
        interface->macvlan = MACVLAN_BRIDGE;
    }
    return true;
}

/* A device of the host moves in. */
static bool read_interface(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);

    if (!words)
        return nspawn_refuse(setting, err);
    for (char **word = words; *word; word++) {
        Hostdev *hostdev = record_new(hostdev_class.record);

        hostdev->mode = HOSTDEV_CAPABILITIES;
        hostdev->type = HOSTDEV_NET;
        hostdev->interface = g_strdup(*word);
        device_add(import->def, &hostdev_class, hostdev);
    }
    return true;
}

void nspawn_finish_network(NspawnImport *import)
{
    InterfaceList *list = &import->def->interfaces;

    for (size_t i = 0; i < list->n; i++) {
        const char *mac = g_hash_table_lookup(import->macs, list->items[i]->guest_dev);

        if (mac)
            list->items[i]->mac_given = value_parse_mac(mac, list->items[i]->mac);
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_private(NspawnExport *export, const NspawnRow *row)
{
    if (export->plan->namespaces & PLAN_NS_NET)
        nspawn_put(export, row, "yes");
}

/* What becomes the one link: the first in a bridge, or else the first without a name outside. */
static const Interface *main_link(const NspawnExport *export)
{
    const InterfaceList *list = &export->def->interfaces;

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->type == INTERFACE_BRIDGE)
            return list->items[i];
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->type == INTERFACE_ETHERNET && !list->items[i]->target_dev)
            return list->items[i];
    return NULL;
}

/* One line for an interface, and what it is called inside then. */
typedef struct Line {
    const char *key; /* NULL: there is none */
    char *value;
    char *guest;
} Line;

static void line_clear(Line *line)
{
    g_free(line->value);
    g_free(line->guest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

static Line describe(const NspawnExport *export, size_t index)
{
    const Interface *interface = export->def->interfaces.items[index];
    const char *guest = export->plan->links.items[index].guest_name;

    if (interface == main_link(export) && interface->type == INTERFACE_BRIDGE)
        return (Line){ "Bridge", g_strdup(interface->bridge), g_strdup(GUEST_NAME) };
    if (interface == main_link(export))
        return (Line){ "VirtualEthernet", g_strdup("yes"), g_strdup(GUEST_NAME) };
    if (interface->type == INTERFACE_ETHERNET && interface->target_dev)
        return (Line){ "VirtualEthernetExtra", g_strconcat(interface->target_dev, ":", guest, NULL),
                       g_strdup(guest) };
    if (interface->type == INTERFACE_DIRECT)
        return (Line){ "MACVLAN", g_strdup(interface->device),
                       g_strconcat(MACVLAN_PREFIX, interface->device, NULL) };
    return (Line){ 0 };
}

char *nspawn_guest_name(const NspawnExport *export, size_t index)
{
    g_auto(Line) line = describe(export, index);

    return g_steal_pointer(&line.guest);
}

/* In the order of the definition, whatever their keys are. */
static void write_links(NspawnExport *export, const NspawnRow *row)
{
    for (size_t i = 0; i < export->def->interfaces.n; i++) {
        g_auto(Line) line = describe(export, i);

        if (line.key)
            nspawn_put(export, &(NspawnRow){ .section = NETWORK, .key = line.key }, line.value);
    }
}

static void write_interface(NspawnExport *export, const NspawnRow *row)
{
    const HostdevList *list = &export->def->hostdevs;

    for (size_t i = 0; i < list->n; i++)
        if (list->items[i]->type == HOSTDEV_NET)
            nspawn_put(export, row, list->items[i]->interface);
}

#define PART "devices/interface/"

static const char interfaces_said[] =
    PART "@type " PART "source/@bridge " PART "source/@dev " PART "source/@mode=bridge " PART
         "target/@dev " PART "guest/@dev";
static const char hostdevs_said[] =
    "devices/hostdev/@mode devices/hostdev/@type=net devices/hostdev/source/interface";

/* clang-format off */
const NspawnRow nspawn_network_rows[] = {
    { NETWORK, "Private",              read_private,    write_private,   "features/privnet" },
    { NETWORK, "VirtualEthernet",      read_veth,       write_links,     interfaces_said },
    { NETWORK, "VirtualEthernetExtra", read_veth_extra, NULL },
    { NETWORK, "Bridge",               read_bridge,     NULL },
    { NETWORK, "Zone",                 read_zone,       NULL },
    { NETWORK, "MACVLAN",              read_macvlan,    NULL },
    { NETWORK, "Interface",            read_interface,  write_interface, hostdevs_said },
    { NULL },
};
/* clang-format on */

void nspawn_note_network(NspawnExport *export)
{
    for (size_t i = 0; i < export->def->interfaces.n; i++) {
        const char *guest = export->plan->links.items[i].guest_name;
        g_auto(Line) line = describe(export, i);

        if (!line.key)
            nspawn_export_note(export, _("the interface '%s' is not written"), guest);
        else if (strcmp(guest, line.guest) != 0)
            nspawn_export_note(export, _("the interface '%s' is called '%s'"), guest, line.guest);
    }
}
