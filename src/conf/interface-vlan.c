// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <vlan>: the tags that an interface's packets carry outside of the container. More than one make
 * a trunk; of a trunk one tag may be native, that of the packets without a tag.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/interface-parts.h"

#define WRONG ERR(NONE, XML_ERROR)

static const char *const native_names[] = { NULL, "tagged", "untagged", NULL };

/* clang-format off */
static const Row tag_rows[] = {
    { "@id",         ROW_NUMBER, offsetof(VlanTag, id),     .min = 0, .max = 4095,
                     .missing = ERR(XML, XML_ERROR), .bad = WRONG },
    { "@nativeMode", ROW_ENUM,   offsetof(VlanTag, native), .names = native_names },
    { NULL },
};

static const Record tag_record = { "tag", sizeof(VlanTag), tag_rows };

static const Row vlan_rows[] = {
    { "@trunk", ROW_ENUM, offsetof(Vlan, trunk), .names = choice_names, .bad = WRONG },
    { "tag",    ROW_LIST, offsetof(Vlan, tags),  .record = &tag_record, .missing = WRONG },
    { NULL },
};
/* clang-format on */

static size_t count_native(const Vlan *vlan)
{
    size_t n = 0;

    for (size_t i = 0; i < vlan->tags.n; i++)
        n += vlan->tags.items[i]->native != 0;
    return n;
}

static bool check_vlan(void *object, const Reader *reader, GError **err)
{
    Vlan *vlan = object;
    size_t native = count_native(vlan);

    if (native > 1)
        return fail(err, WRONG, _("<vlan> has %zu native tags, and one at most can be"), native);
    if (vlan->trunk == CHOICE_NO && vlan->tags.n > 1)
        return fail(err, WRONG, _("<vlan trunk='no'> has %zu tags, which only a trunk can have"),
                    vlan->tags.n);
    if (vlan->trunk == CHOICE_NO && native)
        return fail(err, WRONG,
                    _("<vlan trunk='no'> has a native tag, which only a trunk can have"));
    vlan->trunk = vlan->trunk == CHOICE_YES || vlan->tags.n > 1 ? CHOICE_YES : CHOICE_ABSENT;
    return true;
}

const Record vlan_record = { "vlan", sizeof(Vlan), vlan_rows, .check = check_vlan };

/* ---- plan ------------------------------------------------------------------------------------ */

/* A Linux or Open vSwitch bridge sorts by tags, and so does a card whose function is passed
 * through. What a network can do is known when it is asked. */
static bool carries_tags(const Interface *interface)
{
    InterfaceType type = interface_actual_type(interface);

    return type == INTERFACE_BRIDGE || type == INTERFACE_NETWORK ||
           (type == INTERFACE_DIRECT && interface->macvlan == MACVLAN_PASSTHROUGH);
}

static bool check_carrier(const Interface *interface, const Vlan *vlan, GError **err)
{
    bool is_direct = interface_actual_type(interface) == INTERFACE_DIRECT;
    g_autofree char *title = interface_title(interface);

    if (!carries_tags(interface))
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    is_direct ? _("%s of type '%s' cannot carry VLAN %" PRId64
                                  ": only mode 'passthrough' can")
                              : _("%s of type '%s' cannot carry VLAN %" PRId64
                                  ": only bridges, networks and passed-through devices can"),
                    title, interface_type_name(interface->type), vlan->tags.items[0]->id.value);
    if (is_direct && vlan->trunk == CHOICE_YES)
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("%s of type '%s' cannot carry a trunk: one VLAN of a device can be passed "
                      "through"),
                    title, interface_type_name(interface->type));
    return true;
}

bool vlan_plan(const Interface *interface, PlanLink *link, GError **err)
{
    static const PlanNativeVlan native[] = { PLAN_NATIVE_VLAN_NO, PLAN_NATIVE_VLAN_TAGGED,
                                             PLAN_NATIVE_VLAN_UNTAGGED };
    const Vlan *vlan = interface->vlan;

    if (!vlan)
        return true;
    if (!check_carrier(interface, vlan, err))
        return false;
    link->trunk = vlan->trunk == CHOICE_YES;
    for (size_t i = 0; i < vlan->tags.n; i++)
        *PLAN_ADD(&link->vlans) = (PlanVlanTag){
            .id = (uint32_t)vlan->tags.items[i]->id.value,
            .native = native[vlan->tags.items[i]->native],
        };
    return true;
}
