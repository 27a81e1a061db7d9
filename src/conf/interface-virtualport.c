// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <virtualport>: what the switch on the other side of an interface wants to know about it. Each
 * type of port has its own parameters; libvirt makes up ids that were not given. An interface of a
 * libvirt network may leave the type and any parameter to the network.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/interface-parts.h"
#include "conf/value.h"

#define WRONG ERR(NONE, XML_ERROR)
#define PROFILE_MAX 39

static const char *const type_names[] = { NULL,          "802.1Qbg", "802.1Qbh",
                                          "openvswitch", "midonet",  NULL };

/* ---- rows ------------------------------------------------------------------------------------ */

static bool normalize_id(const char *text, char **ret_text, GError **err)
{
    uint8_t uuid[16];

    if (!value_parse_uuid(text, uuid))
        return fail(err, WRONG, _("'%s' is not the UUID of a virtual port"), text);
    *ret_text = value_format_uuid(uuid);
    return true;
}

static bool normalize_profile(const char *text, char **ret_text, GError **err)
{
    if (strlen(text) > PROFILE_MAX)
        return fail(err, WRONG, _("the port profile '%s' is longer than %d bytes"), text,
                    PROFILE_MAX);
    *ret_text = g_strdup(text);
    return true;
}

#define FIELD(name) offsetof(VirtualPort, name)
#define UP_TO(limit) ROW_ANY_BASE, .min = 0, .max = (limit), .bad = WRONG

/* clang-format off */
static const Row virtualport_rows[] = {
    { "@type",                     ROW_ENUM,   FIELD(type),         .names = type_names,
                                   .bad = ERR(NONE, CONFIG_UNSUPPORTED) },
    { "parameters/@managerid",     ROW_NUMBER, FIELD(manager_id),   UP_TO(0xff) },
    { "parameters/@typeid",        ROW_NUMBER, FIELD(type_id),      UP_TO(0xffffff) },
    { "parameters/@typeidversion", ROW_NUMBER, FIELD(type_version), UP_TO(0xff) },
    { "parameters/@instanceid",    ROW_STRING, FIELD(instance_id),  .normalize = normalize_id },
    { "parameters/@interfaceid",   ROW_STRING, FIELD(interface_id), .normalize = normalize_id },
    { "parameters/@profileid",     ROW_STRING, FIELD(profile_id),   ROW_NOT_EMPTY,
                                   .normalize = normalize_profile },
    { NULL },
};
/* clang-format on */

const Record virtualport_record = { "virtualport", sizeof(VirtualPort), virtualport_rows };

/* ---- checks ---------------------------------------------------------------------------------- */

/* The parameters, as bits. */
enum {
    MANAGER = 1 << 0,
    TYPE = 1 << 1,
    VERSION = 1 << 2,
    INSTANCE = 1 << 3,
    INTERFACE = 1 << 4,
    PROFILE = 1 << 5,
};

static const char *const parameter_names[] = { "managerid",  "typeid",      "typeidversion",
                                               "instanceid", "interfaceid", "profileid" };

typedef struct PortRules {
    unsigned made_up; /* when not given */
    unsigned required;
    unsigned allowed;
} PortRules;

/* In the order of VirtualPortType. */
static const PortRules port_rules[] = {
    [VIRTUALPORT_ABSENT] = {INSTANCE | INTERFACE, 0,                        ~0U                },
    [VIRTUALPORT_8021QBG] = { INSTANCE,            MANAGER | TYPE | VERSION,
                            MANAGER | TYPE | VERSION | INSTANCE                                },
    [VIRTUALPORT_8021QBH] = { 0,                   PROFILE,                  PROFILE            },
    [VIRTUALPORT_OPENVSWITCH] = { INTERFACE,           INTERFACE,                INTERFACE | PROFILE},
    [VIRTUALPORT_MIDONET] = { 0,                   INTERFACE,                INTERFACE          },
};

static unsigned given(const VirtualPort *port)
{
    return (port->manager_id.set ? MANAGER : 0) | (port->type_id.set ? TYPE : 0) |
           (port->type_version.set ? VERSION : 0) | (port->instance_id ? INSTANCE : 0) |
           (port->interface_id ? INTERFACE : 0) | (port->profile_id ? PROFILE : 0);
}

static const char *first_name(unsigned parameters)
{
    return parameter_names[g_bit_nth_lsf(parameters, -1)];
}

bool virtualport_check(const Interface *interface, GError **err)
{
    VirtualPort *port = interface->virtualport;
    const PortRules *rules = port ? &port_rules[port->type] : NULL;
    unsigned missing, extra;

    if (!port)
        return true;
    if (!port->type && interface->type != INTERFACE_NETWORK)
        return fail(err, WRONG, _("<virtualport> of an interface of type '%s' has no type"),
                    interface_type_name(interface->type));
    if (rules->made_up & INSTANCE && !port->instance_id)
        port->instance_id = g_uuid_string_random();
    if (rules->made_up & INTERFACE && !port->interface_id)
        port->interface_id = g_uuid_string_random();
    missing = interface->type == INTERFACE_NETWORK ? 0 : rules->required & ~given(port);
    extra = given(port) & ~rules->allowed;
    if (missing)
        return fail(err, ERR(NET, XML_ERROR), _("<virtualport type='%s'> lacks %s="),
                    type_names[port->type], first_name(missing));
    if (extra)
        return fail(err, ERR(NET, XML_ERROR), _("<virtualport type='%s'> cannot have %s="),
                    type_names[port->type], first_name(extra));
    return true;
}

/* ---- plan ------------------------------------------------------------------------------------ */

static void add_text(PlanLink *link, const char *name, const char *value)
{
    PlanParameter *parameter = NULL;

    if (!value)
        return;
    parameter = PLAN_ADD(&link->port_parameters);
    parameter->name = g_strdup(name);
    parameter->value = g_strdup(value);
}

static void add_number(PlanLink *link, const char *name, const OptNumber *number)
{
    g_autofree char *text = number->set ? g_strdup_printf("%" PRId64, number->value) : NULL;

    add_text(link, name, text);
}

/* Whether a container's device can be plugged into such a port; a network decides for itself. */
static bool check_pluggable(const Interface *interface, GError **err)
{
    const char *type = type_names[interface->virtualport->type];
    g_autofree char *title = interface_title(interface);

    if (!type || interface_actual_type(interface) == INTERFACE_NETWORK)
        return true;
    if (interface_actual_type(interface) == INTERFACE_DIRECT)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("%s of type 'direct' cannot have a virtual port, here '%s'"), title, type);
    if (interface->virtualport->type == VIRTUALPORT_OPENVSWITCH)
        return true;
    return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("%s cannot be plugged into a virtual port of type '%s'"), title, type);
}

bool virtualport_plan(const Interface *interface, PlanLink *link, GError **err)
{
    const VirtualPort *port = interface->virtualport;

    if (!port)
        return true;
    if (!check_pluggable(interface, err))
        return false;
    link->port_type = g_strdup(type_names[port->type]);
    add_number(link, "managerid", &port->manager_id);
    add_number(link, "typeid", &port->type_id);
    add_number(link, "typeidversion", &port->type_version);
    add_text(link, "instanceid", port->instance_id);
    add_text(link, "interfaceid", port->interface_id);
    add_text(link, "profileid", port->profile_id);
    return true;
}
