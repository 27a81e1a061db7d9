// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Network devices are many lines each: lxc.net.N.*, or in the old spelling those between one type
 * and the next. They are gathered while lines are read, and made when all are there. What kind of
 * device it is decides what its keys mean; a device that a domain cannot have is noted with all its
 * lines, and the container keeps a network of its own without it.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/interface-parts.h"
#include "conf/lxc-net.h"
#include "conf/value.h"

static void nic_free(void *data)
{
    LxcNic *nic = data;

    g_ptr_array_unref(nic->lines);
    g_free(nic);
}

/* ---- gathering ------------------------------------------------------------------------------- */

/* By number, whatever the order of the lines. */
static LxcNic *find_nic(LxcImport *in, long number)
{
    LxcNic *nic = NULL;
    guint at = 0;

    if (!in->nics)
        in->nics = g_ptr_array_new_with_free_func(nic_free);
    while (at < in->nics->len && ((const LxcNic *)in->nics->pdata[at])->number < number)
        at++;
    if (at < in->nics->len && ((const LxcNic *)in->nics->pdata[at])->number == number)
        return in->nics->pdata[at];
    nic = g_new0(LxcNic, 1);
    nic->number = number;
    nic->lines = g_ptr_array_new();
    g_ptr_array_insert(in->nics, (gint)at, nic);
    return nic;
}

bool lxc_read_nic(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    if (line->nic == LXC_NO_NIC)
        lxc_note(in, line, _("not a key that is known"));
    else
        g_ptr_array_add(find_nic(in, line->nic)->lines, (void *)line);
    return true;
}

void lxc_net_free(LxcImport *in)
{
    if (in->nics)
        g_ptr_array_unref(in->nics);
}

static void note_all(LxcImport *in, const LxcNic *nic, const char *why)
{
    for (guint i = 0; i < nic->lines->len; i++)
        lxc_note(in, nic->lines->pdata[i], why);
}

/* ---- kinds of devices ------------------------------------------------------------------------ */

static bool make_interface(LxcImport *in, const LxcNic *nic, InterfaceType type, LxcNicKind kind,
                           GError **err)
{
    Interface *interface = record_new(interface_class.record);
    LxcNicTarget target = { in, nic, interface, &interface->ips, &interface->routes };

    device_add(in->def, &interface_class, interface);
    interface->type = type;
    interface->macvlan = MACVLAN_PRIVATE; /* LXC's default */
    return lxc_nic_read(&target, kind, err);
}

static bool refuse_without_link(const LxcNic *nic, unsigned code, GError **err)
{
    const LxcLine *type = lxc_nic_line(nic, "type");

    return fail(err, code, _("line %u: '%s': a device of type '%s' needs a link"), type->number,
                type->written, type->value);
}

static bool make_veth(LxcImport *in, const LxcNic *nic, GError **err)
{
    const char *link = lxc_nic_value(nic, "link");

    if (!make_interface(in, nic, link ? INTERFACE_BRIDGE : INTERFACE_ETHERNET, LXC_NIC_VETH, err))
        return false;
    in->def->interfaces.items[in->def->interfaces.n - 1]->bridge = g_strdup(link);
    return true;
}

static bool make_macvlan(LxcImport *in, const LxcNic *nic, GError **err)
{
    const char *link = lxc_nic_value(nic, "link");

    if (!link)
        return refuse_without_link(nic, LXC_BAD, err);
    if (!make_interface(in, nic, INTERFACE_DIRECT, LXC_NIC_MACVLAN, err))
        return false;
    in->def->interfaces.items[in->def->interfaces.n - 1]->device = g_strdup(link);
    return true;
}

static bool make_host_device(LxcImport *in, const LxcNic *nic, char *name, GError **err)
{
    Hostdev *device = record_new(hostdev_class.record);
    LxcNicTarget target = { in, nic, NULL, &device->ips, &device->routes };

    device_add(in->def, &hostdev_class, device);
    device->mode = HOSTDEV_CAPABILITIES;
    device->type = HOSTDEV_NET;
    device->interface = name;
    return lxc_nic_read(&target, LXC_NIC_HOST, err);
}

static bool make_phys(LxcImport *in, const LxcNic *nic, GError **err)
{
    const char *link = lxc_nic_value(nic, "link");

    if (!link)
        return refuse_without_link(nic, ERR(LXC, CONFIG_UNSUPPORTED), err);
    return make_host_device(in, nic, g_strdup(link), err);
}

/* LXC makes the device; a domain expects it on the host, called as everybody calls it. */
static bool make_vlan(LxcImport *in, const LxcNic *nic, GError **err)
{
    const char *link = lxc_nic_value(nic, "link");
    const LxcLine *id = lxc_nic_line(nic, "vlan.id");

    if (!link)
        return refuse_without_link(nic, ERR(LXC, CONFIG_UNSUPPORTED), err);
    if (id)
        lxc_note(in, id, _("the VLAN device has to be on the host already"));
    return make_host_device(in, nic,
                            id ? g_strdup_printf("%s.%s", link, id->value) : g_strdup(link), err);
}

static bool make_nothing(LxcImport *in, const LxcNic *nic, GError **err)
{
    for (guint i = 0; i < nic->lines->len; i++) {
        const LxcLine *line = nic->lines->pdata[i];
        const char *key = lxc_line_nic_key(line);

        if (strcmp(key, "type") != 0 && strcmp(key, "flags") != 0)
            lxc_note(in, line, NULL);
    }
    return true;
}

static bool make_note(LxcImport *in, const LxcNic *nic, GError **err)
{
    note_all(in, nic, _("a domain has no such network device"));
    return true;
}

typedef struct NicType {
    const char *name;
    bool (*make)(LxcImport *in, const LxcNic *nic, GError **err);
} NicType;

static const NicType nic_types[] = {
    {"veth",     make_veth   },
    { "macvlan", make_macvlan},
    { "phys",    make_phys   },
    { "vlan",    make_vlan   },
    { "empty",   make_nothing},
};

static bool make_nic(LxcImport *in, const LxcNic *nic, GError **err)
{
    const char *type = lxc_nic_value(nic, "type");

    for (size_t i = 0; type && i < G_N_ELEMENTS(nic_types); i++)
        if (strcmp(nic_types[i].name, type) == 0)
            return nic_types[i].make(in, nic, err);
    return make_note(in, nic, err);
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The network is the host's, or another container's. */
static bool is_shared(const LxcImport *in)
{
    if (in->kept & PLAN_NS_NET || in->def->shares.net.source != SHARE_ABSENT)
        return true;
    for (guint i = 0; in->nics && i < in->nics->len; i++)
        if (g_strcmp0(lxc_nic_value(in->nics->pdata[i], "type"), "none") == 0)
            return true;
    return false;
}

static void note_unused(LxcImport *in, const LxcNic *nic)
{
    const char *type = lxc_nic_value(nic, "type");

    if (g_strcmp0(type, "none") == 0 || g_strcmp0(type, "empty") == 0)
        (void)make_nothing(in, nic, NULL); /* cannot fail */
    else
        note_all(in, nic, _("the container's network is not its own"));
}

bool lxc_net_finish(LxcImport *in, GError **err)
{
    bool shared = is_shared(in);

    for (guint i = 0; in->nics && i < in->nics->len; i++) {
        if (shared)
            note_unused(in, in->nics->pdata[i]);
        else if (!make_nic(in, in->nics->pdata[i], err))
            return false;
    }
    in->def->features.privnet =
        !shared && !in->def->interfaces.n && !device_list(in->def, &hostdev_class)->n;
    return true;
}
