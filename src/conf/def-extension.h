// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What libvirt cannot say yet: <virtlxcd:container> and the virtlxcd: children of <filesystem>, in
 * the namespace urn:virtlxcd:domain:1.0. extension.c and device-filesystem.c have the rows.
 */
#pragma once

#include "conf/def-values.h"

typedef enum RlimitName {
    RLIMIT_NAME_ABSENT,
    RLIMIT_NAME_AS,
    RLIMIT_NAME_CORE,
    RLIMIT_NAME_CPU,
    RLIMIT_NAME_DATA,
    RLIMIT_NAME_FSIZE,
    RLIMIT_NAME_LOCKS,
    RLIMIT_NAME_MEMLOCK,
    RLIMIT_NAME_MSGQUEUE,
    RLIMIT_NAME_NICE,
    RLIMIT_NAME_NOFILE,
    RLIMIT_NAME_NPROC,
    RLIMIT_NAME_RSS,
    RLIMIT_NAME_RTPRIO,
    RLIMIT_NAME_RTTIME,
    RLIMIT_NAME_SIGPENDING,
    RLIMIT_NAME_STACK,
} RlimitName;

typedef struct Rlimit {
    RlimitName resource;
    OptNumber soft; /* the limit's own unit; -1: unlimited */
    OptNumber hard;
} Rlimit;

typedef struct RlimitList {
    size_t n;
    Rlimit **items;
} RlimitList;

typedef struct Sysctl {
    char *name; /* net.ipv4.ip_forward */
    char *value;
} Sysctl;

typedef struct SysctlList {
    size_t n;
    Sysctl **items;
} SysctlList;

typedef struct PathItem {
    char *path;
} PathItem;

typedef struct PathList {
    size_t n;
    PathItem **items;
} PathList;

/* One more thing that the container's group of devices lets through. */
typedef struct DeviceAllow {
    int type;        /* 0 char, 1 block, 2 all */
    OptNumber major; /* not set: every */
    OptNumber minor;
    char *access; /* some of "rwm" */
} DeviceAllow;

typedef struct DeviceAllowList {
    size_t n;
    DeviceAllow **items;
} DeviceAllowList;

/* Handed to init as a file. The value is a secret. */
typedef struct Credential {
    char *name;
    char *value;
} Credential;

typedef struct CredentialList {
    size_t n;
    Credential **items;
} CredentialList;

/* What <vcpu>'s number of processors means. */
typedef enum VcpusLimit {
    VCPUS_LIMIT_ABSENT, /* nothing */
    VCPUS_LIMIT_QUOTA,  /* the time of so many, on any */
    VCPUS_LIMIT_CPUSET, /* so many of those that are allowed */
} VcpusLimit;

/* How many huge pages of one size may be used. */
typedef struct HugepageLimit {
    OptNumber size; /* KiB */
    char *unit;
    OptNumber limit; /* pages */
} HugepageLimit;

typedef struct HugepageLimitList {
    size_t n;
    HugepageLimit **items;
} HugepageLimitList;

typedef enum SeccompProfile {
    SECCOMP_ABSENT, /* the default profile */
    SECCOMP_DEFAULT,
    SECCOMP_NONE,
    SECCOMP_NESTING,
} SeccompProfile;

typedef struct ExtensionDef {
    char *hostname; /* another than the domain's name */
    VcpusLimit vcpus_limit;
    OptNumber pids_limit; /* processes and threads */
    Choice oom_group;     /* out of memory kills all of the container, not one process */
    OptNumber oom_score;  /* -1000 to 1000, for init and what it starts */
    HugepageLimitList hugepages;
    RlimitList rlimits;
    SysctlList sysctls;
    SeccompProfile seccomp;
    char *seccomp_file;
    Choice no_new_privileges;
    OptNumber boottime; /* seconds added to the clock; a time namespace is made */
    OptNumber monotonic;
    Choice generate_hostname; /* /etc/hostname, */
    Choice generate_hosts;    /* /etc/hosts and */
    Choice generate_resolv;   /* /etc/resolv.conf are mounted over */
    PathList masks;           /* hidden, and */
    PathList readonly;        /* made read-only */
    char *scope;              /* live: systemd's scope, as a control group */
    Choice system;            /* init is that of a whole system; absent: by its name */
    bool ready;               /* live: it has said that the system is started */
    CredentialList credentials;
    char *stop_signal;      /* SIGTERM, SIGRTMIN+3, ... or a number */
    OptNumber stop_timeout; /* seconds */
    Choice idmap_auto;      /* ranges of the daemon's choice */
    OptNumber idmap_count;  /* ids in them */
    Choice view_sysinfo;    /* sysinfo(2) and */
    Choice view_affinity;   /* sched_getaffinity(2) say what /proc says */
    DeviceAllowList devices;
    Choice tun; /* nodes of devices of the host, which everybody inside may use */
    Choice fuse;
    Choice kvm;
} ExtensionDef;

/* ---- <filesystem> ---------------------------------------------------------------------------- */

typedef enum Propagation {
    PROPAGATION_ABSENT, /* private */
    PROPAGATION_PRIVATE,
    PROPAGATION_SLAVE,
    PROPAGATION_SHARED,
    PROPAGATION_UNBINDABLE,
} Propagation;

typedef struct FilesystemMount {
    Propagation propagation;
    Choice recursive; /* with what is mounted below the source; absent: yes */
    Choice idmapped;  /* absent: the root is, others as accessmode says */
    bool nosuid;
    bool nodev;
    bool noexec;
    bool noatime;
    bool optional; /* left out when the source is not there */
} FilesystemMount;

/* The filesystem's source is the topmost lower directory; these lie below it, topmost first. */
typedef struct FilesystemOverlay {
    PathList lowers;
    char *upper;
    char *work;
    Choice ephemeral; /* what is written lives in memory until the container stops */
} FilesystemOverlay;

static inline bool overlay_is_given(const FilesystemOverlay *overlay)
{
    return overlay->lowers.n || overlay->upper || overlay->work || overlay->ephemeral;
}
