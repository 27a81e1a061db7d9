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
#include "conf/def-features.h"
#include "conf/def-filesystem.h"
#include "conf/def-hostdev.h"
#include "conf/def-interface.h"
#include "conf/def-machine.h"
#include "conf/def-resources.h"
#include "conf/def-values.h"

typedef struct DomainDef DomainDef;
typedef struct Plan Plan; /* plan-xdr.h */

/* For parse and format: leave out what only a running domain has (id, aliases, ttys, vnet names).
 */
typedef enum DomainDefFlags {
    DOMAIN_DEF_LIVE = 0,
    DOMAIN_DEF_INACTIVE = 1 << 0,
    DOMAIN_DEF_VALIDATE = 1 << 1,   /* the schema is looked at, and an unknown thing is an error */
    DOMAIN_DEF_NO_SECRETS = 1 << 2, /* passwords are not printed */
} DomainDefFlags;

/* What the host's kernel lacks, as bits of DomainDefHost.lacks. */
typedef enum HostLack {
    HOST_LACKS_USER_NAMESPACES = 1 << 0,
    HOST_LACKS_TIME_NAMESPACES = 1 << 1,
    HOST_LACKS_NBD = 1 << 2,
    HOST_LACKS_MEMORY_CONTROLLER = 1 << 3,
    HOST_LACKS_CPU_CONTROLLER = 1 << 4,
    HOST_LACKS_CPUSET_CONTROLLER = 1 << 5,
    HOST_LACKS_BLKIO_CONTROLLER = 1 << 6,
    HOST_LACKS_PIDS_CONTROLLER = 1 << 7,
    HOST_LACKS_HUGETLB_CONTROLLER = 1 << 8,
} HostLack;

/*
 * Facts about the host that parsing and compiling need, so that both stay pure. What is not known
 * of a host is 0 and not checked.
 */
typedef struct DomainDefHost {
    const char *arch;                   /* x86_64 */
    const char *emulator;               /* default <emulator> */
    const char *default_partition;      /* "/machine", or a private instance's own */
    struct Schema *schema;              /* libvirt's, for DOMAIN_DEF_VALIDATE; NULL: none */
    const char *const *security_models; /* of the active drivers, ends with NULL; NULL: none is */
    unsigned n_cpus;                    /* numbers of CPUs are below this */
    unsigned n_nodes;                   /* numbers of NUMA nodes are below this */
    unsigned lacks;                     /* a set of HostLack */
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
    int smbios;
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

typedef enum SeclabelType {
    SECLABEL_ABSENT, /* only while parsing */
    SECLABEL_DYNAMIC,
    SECLABEL_STATIC,
    SECLABEL_NONE,
} SeclabelType;

typedef struct Seclabel {
    SeclabelType type;
    char *model;
    Choice relabel;
    char *label;       /* static; live also dynamic */
    char *image_label; /* live */
    char *base_label;
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
    Switch memory_dump_core;
    BlkioTune blkiotune;
    MemTune memtune;
    MemoryBacking *memory_backing;
    unsigned vcpus;
    VcpuPlacement vcpu_placement;
    char *cpuset;
    OptNumber vcpu_current;
    OptNumber iothreads;
    IoThreadList iothreadids; /* as many as iothreads when there are any */
    ThreadPool defaultiothread;
    CpuTune cputune;
    NumaTune numatune;
    char *partition; /* NULL: the host's default, filled in at start */
    char *fibrechannel_appid;
    SysinfoList sysinfos;
    char *bootloader;
    char *bootloader_args;
    OsDef os;
    IdMapDef idmap;
    FeaturesDef features;
    CpuDef *cpu; /* NULL: the host's */
    ClockDef clock;
    LifecycleAction on_poweroff;
    LifecycleAction on_reboot;
    LifecycleAction on_crash;
    int on_lockfailure;
    Choice suspend_to_mem;
    Choice suspend_to_disk;
    PerfEventList perf_events;
    char *emulator;
    FilesystemList filesystems;
    InterfaceList interfaces;
    HostdevList hostdevs;
    ConsoleList consoles;
    struct RecordList *others; /* the devices without a list above, by class; may be NULL */
    SeclabelList seclabels;
    SharesDef shares;
    ExtensionDef extension;
    KeyCipherList keywrap;
    LaunchSecurity *launch_security;
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

/*
 * A definition at rest, in one piece of memory that g_free frees: a small part of a DomainDef's,
 * which has room for all that could be said.
 */
typedef struct FoldedDef FoldedDef;
FoldedDef *domain_def_fold(const DomainDef *def);
DomainDef *domain_def_unfold(const FoldedDef *folded);

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

/* A dynamic label of that model, for one that asked for none. */
void domain_def_add_label(DomainDef *def, const char *model);

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
