// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The lines of one network device, whatever it becomes: a row for each key. */
#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/interface-parts.h"
#include "conf/lxc-net.h"
#include "conf/value.h"

const LxcLine *lxc_nic_line(const LxcNic *nic, const char *key)
{
    for (guint i = nic->lines->len; i > 0; i--)
        if (strcmp(lxc_line_nic_key(nic->lines->pdata[i - 1]), key) == 0)
            return nic->lines->pdata[i - 1];
    return NULL;
}

const char *lxc_nic_value(const LxcNic *nic, const char *key)
{
    const LxcLine *line = lxc_nic_line(nic, key);

    return line ? line->value : NULL;
}

static bool read_name(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    g_free(target->interface->guest_dev);
    target->interface->guest_dev = g_strdup(line->value);
    return true;
}

static bool read_pair(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    g_free(target->interface->target_dev);
    target->interface->target_dev = g_strdup(line->value);
    return true;
}

/* Each 'x' is a random digit. */
static bool read_mac(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    g_autofree char *text = g_strdup(line->value);

    for (char *digit = text; *digit; digit++)
        if (*digit == 'x' || *digit == 'X')
            *digit = "0123456789abcdef"[g_random_int() % 16];
    if (!value_parse_mac(text, target->interface->mac))
        return fail(err, LXC_BAD_VALUE, _("'%s' is not a MAC address"), line->value);
    return true;
}

static bool read_mtu(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    OptNumber *mtu = &target->interface->mtu;

    mtu->set = lxc_parse_number(line->value, 1, UINT16_MAX, &mtu->value, err);
    return mtu->set;
}

static bool read_flags(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    if (strcmp(line->value, "up") == 0)
        target->interface->link = LINK_STATE_UP;
    else
        lxc_note(target->in, line, _("the only flag is 'up'"));
    return true;
}

/* "10.0.0.2/24 10.0.0.255": the kernel makes up the broadcast address, as LXC does without it. */
static bool read_address(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line->value, " ", 2);
    g_auto(GStrv) parts = g_strsplit(words[0], "/", 2);
    bool ipv4 = g_str_has_prefix(lxc_line_nic_key(line), "ipv4");
    OptNumber prefix = { .set = parts[1] != NULL };
    uint8_t bytes[16];
    int family = 0;
    InterfaceIp *ip = NULL;

    if (!value_parse_address(parts[0], bytes, &family) || (family == AF_INET) != ipv4 ||
        (prefix.set && !lxc_parse_number(parts[1], 0, ipv4 ? 32 : 128, &prefix.value, NULL)))
        return fail(err, ERR(LXC, INVALID_ARG),
                    ipv4 ? _("'%s' is not an IPv4 address with a prefix")
                         : _("'%s' is not an IPv6 address with a prefix"),
                    line->value);
    if (words[1])
        lxc_note(target->in, line, _("the broadcast address is the usual one"));
    ip = g_new0(InterfaceIp, 1);
    ip->address = g_strdup(parts[0]);
    ip->prefix = prefix;
    record_list_append(target->ips, ip);
    return true;
}

static bool read_gateway(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    bool ipv4 = g_str_has_prefix(lxc_line_nic_key(line), "ipv4");
    uint8_t bytes[16];
    int family = 0;
    InterfaceRoute *route = NULL;

    if (strcmp(line->value, "auto") == 0 || strcmp(line->value, "dev") == 0) {
        lxc_note(target->in, line, _("a gateway is an address"));
        return true;
    }
    if (!value_parse_address(line->value, bytes, &family) || (family == AF_INET) != ipv4)
        return fail(err, ERR(NETWORK, XML_ERROR), _("'%s' is not the address of a gateway"),
                    line->value);
    route = g_new0(InterfaceRoute, 1);
    route->family = g_strdup(ipv4 ? "ipv4" : "ipv6");
    route->address = g_strdup(ipv4 ? "0.0.0.0" : "::");
    route->gateway = g_strdup(line->value);
    record_list_append(target->routes, route);
    return true;
}

static bool read_mode(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    if (strcmp(line->value, "bridge") != 0)
        lxc_note(target->in, line, _("a veth device is in a bridge or left to itself"));
    return true;
}

static void add_tag(LxcNicTarget *target, int64_t id, int native)
{
    Interface *interface = target->interface;
    VlanTag *tag = g_new0(VlanTag, 1);

    if (!interface->vlan)
        interface->vlan = g_new0(Vlan, 1);
    tag->id = (OptNumber){ true, id };
    tag->native = native;
    record_list_append(&interface->vlan->tags, tag);
}

static bool read_vlan(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    bool others = lxc_nic_line(target->nic, "veth.vlan.tagged.id") != NULL;
    int64_t id = 0;

    if (strcmp(line->value, "none") == 0) {
        lxc_note(target->in, line, NULL);
        return true;
    }
    if (!lxc_parse_number(line->value, 0, 4095, &id, err))
        return false;
    add_tag(target, id, others ? VLAN_NATIVE_UNTAGGED : VLAN_NATIVE_ABSENT);
    return true;
}

static bool read_tagged_vlan(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    int64_t id = 0;

    if (!lxc_parse_number(line->value, 0, 4095, &id, err))
        return false;
    add_tag(target, id, VLAN_NATIVE_ABSENT);
    target->interface->vlan->trunk = CHOICE_YES;
    return true;
}

static const char *const macvlan_modes[] = {
    [MACVLAN_VEPA] = "vepa",
    [MACVLAN_BRIDGE] = "bridge",
    [MACVLAN_PRIVATE] = "private",
    [MACVLAN_PASSTHROUGH] = "passthru",
};

const char *lxc_macvlan_mode(MacvlanMode mode)
{
    return macvlan_modes[mode];
}

static bool read_macvlan_mode(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(macvlan_modes); i++)
        if (strcmp(macvlan_modes[i], line->value) == 0) {
            target->interface->macvlan = (MacvlanMode)i;
            return true;
        }
    return fail(err, LXC_BAD_VALUE, _("there is no such mode of a macvlan device"));
}

/* A device of the host keeps its name, */
static bool read_host_name(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    if (g_strcmp0(lxc_nic_value(target->nic, "link"), line->value) != 0)
        lxc_note(target->in, line, _("a device of the host keeps its name"));
    return true;
}

/* and comes up when it has an address. */
static bool read_host_flags(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    if (!lxc_nic_line(target->nic, "ipv4.address") && !lxc_nic_line(target->nic, "ipv6.address"))
        lxc_note(target->in, line, _("a device of the host comes up when it has an address"));
    return true;
}

/* Said by what the device is. */
static bool read_known(LxcNicTarget *target, const LxcLine *line, GError **err)
{
    return true;
}

#define VETH TYPE_BIT(LXC_NIC_VETH)
#define MACVLAN TYPE_BIT(LXC_NIC_MACVLAN)
#define INTERFACE (VETH | MACVLAN)
#define ANY (INTERFACE | TYPE_BIT(LXC_NIC_HOST))

typedef struct NicKey {
    const char *key;
    unsigned kinds; /* of devices that have it */
    bool (*read)(LxcNicTarget *target, const LxcLine *line, GError **err);
} NicKey;

static const NicKey nic_keys[] = {
    {"type",                 ANY,                    read_known       },
    { "link",                ANY,                    read_known       },
    { "vlan.id",             TYPE_BIT(LXC_NIC_HOST), read_known       },
    { "name",                INTERFACE,              read_name        },
    { "hwaddr",              INTERFACE,              read_mac         },
    { "name",                TYPE_BIT(LXC_NIC_HOST), read_host_name   },
    { "flags",               TYPE_BIT(LXC_NIC_HOST), read_host_flags  },
    { "mtu",                 INTERFACE,              read_mtu         },
    { "flags",               INTERFACE,              read_flags       },
    { "ipv4.address",        ANY,                    read_address     },
    { "ipv6.address",        ANY,                    read_address     },
    { "ipv4.gateway",        ANY,                    read_gateway     },
    { "ipv6.gateway",        ANY,                    read_gateway     },
    { "veth.pair",           VETH,                   read_pair        },
    { "veth.mode",           VETH,                   read_mode        },
    { "veth.vlan.id",        VETH,                   read_vlan        },
    { "veth.vlan.tagged.id", VETH,                   read_tagged_vlan },
    { "macvlan.mode",        MACVLAN,                read_macvlan_mode},
};

static const NicKey *find_key(const char *name, LxcNicKind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nic_keys); i++)
        if (strcmp(nic_keys[i].key, name) == 0 && nic_keys[i].kinds & TYPE_BIT(kind))
            return &nic_keys[i];
    return NULL;
}

bool lxc_nic_read(LxcNicTarget *target, LxcNicKind kind, GError **err)
{
    for (guint i = 0; i < target->nic->lines->len; i++) {
        const LxcLine *line = target->nic->lines->pdata[i];
        const NicKey *key = find_key(lxc_line_nic_key(line), kind);

        if (!key)
            lxc_note(target->in, line, _("not known of such a network device"));
        else if (!key->read(target, line, err))
            return fail_while(err, _("line %u: '%s'"), line->number, line->written);
    }
    return true;
}
