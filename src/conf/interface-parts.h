// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The parts of an <interface> that have a file of their own: a struct, its record, what depends on
 * the rest of the interface, and what becomes of it in the plan. device-interface.c puts them
 * together, interface-plan.c compiles them.
 */
#pragma once

#include "conf/compile.h"
#include "conf/record.h"

/* ---- interface-vlan.c ------------------------------------------------------------------------ */

typedef struct VlanTag {
    OptNumber id;
    int native; /* 0 not given, 1 tagged, 2 untagged */
} VlanTag;

typedef struct VlanTagList {
    size_t n;
    VlanTag **items;
} VlanTagList;

struct Vlan {
    Choice trunk;
    VlanTagList tags;
};

extern const Record vlan_record;
bool vlan_plan(const Interface *interface, PlanLink *link, GError **err);

/* ---- interface-virtualport.c ----------------------------------------------------------------- */

typedef enum VirtualPortType {
    VIRTUALPORT_ABSENT, /* the network knows it */
    VIRTUALPORT_8021QBG,
    VIRTUALPORT_8021QBH,
    VIRTUALPORT_OPENVSWITCH,
    VIRTUALPORT_MIDONET,
} VirtualPortType;

struct VirtualPort {
    VirtualPortType type;
    OptNumber manager_id;
    OptNumber type_id;
    OptNumber type_version;
    char *instance_id;
    char *interface_id;
    char *profile_id;
};

extern const Record virtualport_record;
/* What a port of its type must have and can have; makes up the ids that libvirt makes up. */
bool virtualport_check(const Interface *interface, GError **err);
bool virtualport_plan(const Interface *interface, PlanLink *link, GError **err);

/* ---- interface-bandwidth.c ------------------------------------------------------------------- */

/* Kilobytes a second, and kilobytes. */
typedef struct BandwidthRate {
    OptNumber average;
    OptNumber peak;
    OptNumber floor;
    OptNumber burst;
} BandwidthRate;

struct Bandwidth {
    BandwidthRate *inbound;
    BandwidthRate *outbound;
};

extern const Record bandwidth_record;
extern const Record port_bandwidth_record; /* in the port of a network */
bool bandwidth_check(const Interface *interface, GError **err);
bool bandwidth_plan(const Interface *interface, PlanLink *link, GError **err);

/* ---- interface-filterref.c ------------------------------------------------------------------- */

typedef struct FilterParameter {
    char *name;
    char *value;
} FilterParameter;

typedef struct FilterParameterList {
    size_t n;
    FilterParameter **items;
} FilterParameterList;

struct FilterRef {
    char *filter;
    FilterParameterList parameters; /* sorted by name */
};

extern const Record filterref_record;
bool filterref_plan(const Interface *interface, PlanLink *link, GError **err);

/* ---- interface-machine.c --------------------------------------------------------------------- */

typedef enum TeamingType { TEAMING_ABSENT, TEAMING_PERSISTENT, TEAMING_TRANSIENT } TeamingType;

struct Teaming {
    TeamingType type;
    char *persistent;
};

extern const Record interface_driver_record;
extern const Record interface_backend_record;
extern const Record port_forward_record;
extern const Record teaming_record;
bool interface_normalize_model(const char *text, char **ret_text, GError **err);
bool interface_machine_check(const Interface *interface, GError **err);

/* ---- interface-plan.c ------------------------------------------------------------------------ */

extern const char *const macvlan_mode_names[]; /* of a MacvlanMode */
/* How messages call an interface. */
char *interface_title(const Interface *interface);
const char *interface_type_name(InterfaceType type);
/* What it is after all: the answer of its network, if there is one. */
InterfaceType interface_actual_type(const Interface *interface);
/* The names that users gave to devices inside; the keys are borrowed. */
GHashTable *interface_guest_names(const DomainDef *def);
/* eth0, eth1, ... counting the interfaces without a name of their own. */
char *interface_next_name(GHashTable *taken, unsigned *next);
/* Whether Linux lets a network device have the name; NULL is one for another to choose. */
bool interface_check_name(const char *name, GError **err);
bool interface_plan(const void *device, PlanBuilder *builder, GError **err);
