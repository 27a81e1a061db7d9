// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * DomainDef: what the user wrote, defaults filled in. Made by parsing, never changed afterwards:
 * a change is a copy with the change in it (domain_def_copy, then edit, then publish as const).
 * The live definition of a running domain is such a copy too, with the fields marked "live" filled.
 *
 * All memory is GLib's: replace a string with g_free and g_strdup, grow a list with
 * g_renew of its array. A list holds pointers, so an item keeps its address. NULL strings, and
 * numbers with `set` false, were not given. Enums start at the XML default.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/def-console.h"
#include "conf/def-extension.h"
#include "conf/def-filesystem.h"
#include "conf/def-hostdev.h"
#include "conf/def-interface.h"
#include "conf/def-values.h"

typedef struct DomainDef DomainDef;
typedef struct Plan Plan; /* plan-xdr.h */

/* For parse and format: leave out what only a running domain has (id, aliases, ttys, vnet names).
 */
typedef enum DomainDefFlags {
    DOMAIN_DEF_LIVE = 0,
    DOMAIN_DEF_INACTIVE = 1 << 0,
    DOMAIN_DEF_VALIDATE = 1 << 1, /* the schema is looked at, and an unknown thing is an error */
} DomainDefFlags;

/* Facts about the host that parsing and compiling need, so that both stay pure. */
typedef struct DomainDefHost {
    const char *arch;              /* x86_64 */
    const char *emulator;          /* default <emulator> */
    const char *default_partition; /* "/machine", or a private instance's own */
    struct Schema *schema;         /* libvirt's, for DOMAIN_DEF_VALIDATE; NULL: none */
} DomainDefHost;

/* ---- general metadata and resources ---------------------------------------------------------- */

typedef struct MetadataElement {
    char *uri; /* its namespace */
    char *xml; /* the element, declaring that namespace */
} MetadataElement;

typedef struct MetadataList {
    size_t n;
    MetadataElement **items;
} MetadataList;

typedef struct BlkioDevice {
    char *path;
    OptNumber weight;
    OptNumber read_iops;
    OptNumber write_iops;
    OptNumber read_bytes;
    OptNumber write_bytes;
} BlkioDevice;

typedef struct BlkioDeviceList {
    size_t n;
    BlkioDevice **items;
} BlkioDeviceList;

typedef struct BlkioTune {
    OptNumber weight;
    BlkioDeviceList devices;
} BlkioTune;

/* KiB; not set means unlimited. */
typedef struct MemTune {
    OptNumber hard_limit;
    OptNumber soft_limit;
    OptNumber min_guarantee;
    OptNumber swap_hard_limit; /* memory and swap together */
} MemTune;

typedef enum VcpuPlacement { VCPU_PLACEMENT_STATIC, VCPU_PLACEMENT_AUTO } VcpuPlacement;

typedef struct CpuTune {
    OptNumber shares;
    OptNumber period; /* microseconds */
    OptNumber quota;  /* microseconds; negative: no limit */
    KeptXml rest;
} CpuTune;

typedef enum NumaMode {
    NUMA_MODE_STRICT,
    NUMA_MODE_PREFERRED,
    NUMA_MODE_INTERLEAVE,
    NUMA_MODE_RESTRICTIVE
} NumaMode;

typedef struct NumaTune {
    bool set; /* there is a <memory> in it */
    NumaMode mode;
    char *nodeset;
    int placement; /* 0 not given, 1 static, 2 auto */
    KeptXml memnodes;
} NumaTune;

typedef enum LifecycleAction {
    LIFECYCLE_DESTROY,
    LIFECYCLE_RESTART,
    LIFECYCLE_RENAME_RESTART,
    LIFECYCLE_PRESERVE,
    LIFECYCLE_COREDUMP_DESTROY,
    LIFECYCLE_COREDUMP_RESTART,
} LifecycleAction;

/* ---- os, id map, features -------------------------------------------------------------------- */

typedef struct EnvVar {
    char *name;
    char *value;
} EnvVar;

typedef struct EnvVarList {
    size_t n;
    EnvVar **items;
} EnvVarList;

typedef struct OsDef {
    char *arch;
    char *machine;
    char *type; /* "exe" */
    char *init;
    StringList initargs; /* argv[1] and on */
    EnvVarList initenv;
    char *initdir;
    char *inituser;
    char *initgroup;
    char *cmdline;
    KeptXml rest;
} OsDef;

typedef struct IdMapEntry {
    OptNumber start;  /* first id inside */
    OptNumber target; /* first id on the host */
    OptNumber count;
} IdMapEntry;

typedef struct IdMapList {
    size_t n;
    IdMapEntry **items;
} IdMapList;

/* A user namespace is made when there are entries; both lists are sorted by start. */
typedef struct IdMapDef {
    IdMapList uids;
    IdMapList gids;
} IdMapDef;

typedef enum CapabilityPolicy {
    CAPABILITY_POLICY_DEFAULT,
    CAPABILITY_POLICY_ALLOW,
    CAPABILITY_POLICY_DENY,
} CapabilityPolicy;

#define DOMAIN_CAPABILITY_COUNT 37

typedef struct FeaturesDef {
    bool privnet;
    CapabilityPolicy capability_policy;
    Switch capabilities[DOMAIN_CAPABILITY_COUNT]; /* order of capability_names in features.c */
    KeptXml before;  /* the features that are printed before privnet, */
    KeptXml between; /* between privnet and capabilities, */
    KeptXml after;   /* and after these; without effect */
} FeaturesDef;

/* ---- devices --------------------------------------------------------------------------------- */

/* <lxc:namespace>: a namespace that is another's instead of a new one. */
typedef enum ShareSource {
    SHARE_ABSENT,
    SHARE_NONE,
    SHARE_NAME,
    SHARE_PID,
    SHARE_NETNS,
} ShareSource;

typedef struct Share {
    ShareSource source;
    char *value; /* a domain's name, a pid, or a name below /run/netns */
} Share;

typedef struct SharesDef {
    Share net;
    Share ipc;
    Share uts;
} SharesDef;

typedef enum SeclabelType { SECLABEL_DYNAMIC, SECLABEL_STATIC, SECLABEL_NONE } SeclabelType;

/* Only type none, so far. */
typedef struct Seclabel {
    int type;
    char *model;
    int relabel; /* 0 not given, 1 yes, 2 no */
} Seclabel;

typedef struct SeclabelList {
    size_t n;
    Seclabel **items;
} SeclabelList;

/* ---- the whole ------------------------------------------------------------------------------- */

struct DomainDef {
    int id; /* live: init's pid; -1 */
    char *name;
    uint8_t uuid[16];
    char *genid;
    char *title;
    char *description;
    MetadataList metadata;
    uint64_t memory_kib;
    uint64_t current_memory_kib;
    char *memory_dump_core;
    BlkioTune blkiotune;
    MemTune memtune;
    KeptXml memory_backing;
    unsigned vcpus;
    VcpuPlacement vcpu_placement;
    char *cpuset;
    OptNumber vcpu_current;
    KeptXml vcpu_rest; /* vcpus, iothreads, iothreadids, defaultiothread */
    CpuTune cputune;
    NumaTune numatune;
    char *partition; /* <resource>; NULL: the host's default, filled in at start */
    KeptXml resource_rest;
    KeptXml sysinfo; /* sysinfo, bootloader, bootloader_args */
    OsDef os;
    IdMapDef idmap;
    FeaturesDef features;
    KeptXml cpu;
    KeptXml clock;
    LifecycleAction on_poweroff;
    LifecycleAction on_reboot;
    LifecycleAction on_crash;
    KeptXml lifecycle_rest; /* on_lockfailure, pm, perf */
    char *emulator;
    FilesystemList filesystems;
    InterfaceList interfaces;
    HostdevList hostdevs;
    ConsoleList consoles;
    struct RecordList *others; /* the devices without a list above, by class; may be NULL */
    SeclabelList seclabels;
    SharesDef shares;
    ExtensionDef extension;
    KeptXml rest;        /* keywrap, launchSecurity */
    KeptXml foreign;     /* elements in the namespaces of other drivers */
    StringList left_out; /* what parsing did not know, one sentence each; never printed */
};

/* An empty definition with its defaults, for those who fill it by hand; not checked. */
DomainDef *domain_def_new(void);

/*
 * Parses and checks one <domain type='lxc'> document. Without DOMAIN_DEF_INACTIVE the live fields
 * are read too (a status file). A missing UUID and missing MACs are made up.
 */
bool domain_def_parse(const char *xml, DomainDefFlags flags, const DomainDefHost *host,
                      DomainDef **ret_def, GError **err);
char *domain_def_format(const DomainDef *def, DomainDefFlags flags);
/* The same, every line indented by `indent` spaces: for a status file that contains a domain. */
char *domain_def_format_indented(const DomainDef *def, DomainDefFlags flags, unsigned indent);

DomainDef *domain_def_copy(const DomainDef *def);
bool domain_def_equal(const DomainDef *a, const DomainDef *b);
void domain_def_free(DomainDef *def);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDef, domain_def_free)

/*
 * Makes the Plan of a definition; pure. Whatever cannot be carried out is refused here, so calling
 * it at define time tells the user early. Free with domain_def_plan_free.
 */
bool domain_def_compile(const DomainDef *def, const DomainDefHost *host, Plan **ret_plan,
                        GError **err);
char *domain_def_plan_print(const Plan *plan);
void domain_def_plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, domain_def_plan_free)

/*
 * Fills in what compile would assume and live XML shows: partition, the root filesystem when there
 * is none, aliases console0, fs0, net0, guest names eth0, ... Runtime names (tty, vnetN, portid,
 * bridge) are the caller's to fill.
 */
void domain_def_make_live(DomainDef *def, const DomainDefHost *host);

/* Root and `count` ids of the container are those from `target` on of the host: an automatic map.
 */
void domain_def_set_id_range(DomainDef *def, uint32_t target, uint32_t count);
/* How many ids an automatic map is to have; 0: none is asked for, or there is one. */
uint32_t domain_def_wants_ids(const DomainDef *def);

/* ---- metadata (virDomainSetMetadata, virDomainGetMetadata) ----------------------------------- */

/* The numbers of virDomainMetadataType. */
typedef enum MetadataType {
    METADATA_DESCRIPTION,
    METADATA_TITLE,
    METADATA_ELEMENT,
} MetadataType;

typedef struct MetadataChange {
    int type;         /* a MetadataType; others are an error */
    const char *text; /* NULL or "" removes */
    const char *key;  /* for ELEMENT: the prefix */
    const char *uri;  /* for ELEMENT: the namespace */
} MetadataChange;

bool domain_def_metadata_set(DomainDef *def, const MetadataChange *change, GError **err);
/* Gives title, description or the element with namespace `uri` taken off. */
bool domain_def_metadata_get(const DomainDef *def, int type, const char *uri, char **ret_text,
                             GError **err);

const char *domain_def_lifecycle_name(LifecycleAction action);
