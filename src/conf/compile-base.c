// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What every container has, as tables: its own views of the kernel with the dangerous parts hidden,
 * a small /dev, and init's environment. The order of the mounts is the order of the kernel calls.
 */
#include "conf/compile-base.h"

#include <string.h>

#include "conf/domain-records.h"
#include "conf/value.h"

/* ---- mounts ---------------------------------------------------------------------------------- */

/* When a mount is wanted; all bits of it have to hold. */
typedef enum Need {
    NEED_NETNS = 1 << 0,       /* the container has a network namespace of its own, */
    NEED_SHARED_ROOT = 1 << 1, /* has the host's root tree as its own, */
    NEED_PROCESSORS = 1 << 2,  /* may not use all processors, */
    NEED_HOST_ROOT = 1 << 3,   /* has the host's root: no id map, or one with it. */
} Need;

typedef struct BaseMount {
    const char *target;
    PlanMountKind kind;
    const char *source;
    const char *options;
    unsigned flags;
    unsigned need;
} BaseMount;

#define NOSUID PLAN_MOUNT_F_NOSUID
#define NODEV PLAN_MOUNT_F_NODEV
#define NOEXEC PLAN_MOUNT_F_NOEXEC
#define OPTIONAL PLAN_MOUNT_F_OPTIONAL
#define REFUSED (OPTIONAL | PLAN_MOUNT_F_REFUSED)
#define LOCKED (NOSUID | NODEV | NOEXEC)
#define LOCKED_READONLY (LOCKED | PLAN_MOUNT_F_READONLY)
#define VIEW (LOCKED_READONLY | OPTIONAL)
#define PTS_OPTIONS "newinstance,ptmxmode=0666,mode=0620,gid=5"

/*
 * What only the host's root may read or write in /proc needs no cover where root inside is another.
 */
static const BaseMount mounts[] = {
    {"/proc",                          PLAN_MOUNT_NEW,      "proc",   "",          LOCKED,          0               },
    { "/proc/sys",                     PLAN_MOUNT_READONLY, "",       "",          0,               0               },
    { "/proc/sys/net",                 PLAN_MOUNT_WRITABLE, "",       "",          OPTIONAL,        NEED_NETNS      },
    { "/proc/bus",                     PLAN_MOUNT_READONLY, "",       "",          OPTIONAL,        0               },
    { "/proc/fs",                      PLAN_MOUNT_READONLY, "",       "",          OPTIONAL,        0               },
    { "/proc/irq",                     PLAN_MOUNT_READONLY, "",       "",          OPTIONAL,        0               },
    { "/proc/sysrq-trigger",           PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/kcore",                   PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/keys",                    PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/latency_stats",           PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/timer_list",              PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/timer_stats",             PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/sched_debug",             PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/scsi",                    PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/acpi",                    PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/asound",                  PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/proc/kmsg",                    PLAN_MOUNT_MASK,     "",       "",          REFUSED,         NEED_HOST_ROOT  },
    { "/proc/kallsyms",                PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/proc/kpagecgroup",             PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/proc/kpagecount",              PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/proc/kpageflags",              PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/proc/mtrr",                    PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/proc/dynamic_debug",           PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_HOST_ROOT  },
    { "/sys",                          PLAN_MOUNT_NEW,      "sysfs",  "",          LOCKED_READONLY, 0               },
    { "/sys/firmware",                 PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/sys/devices/virtual/powercap", PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/sys/fs/selinux",               PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        0               },
    { "/sys/fs/cgroup",                PLAN_MOUNT_CGROUP,   "",       "",          0,               0               },
    { "/dev",                          PLAN_MOUNT_DEV,      "",       "",          NOSUID,          0               },
    { "/dev/pts",                      PLAN_MOUNT_NEW,      "devpts", PTS_OPTIONS, NOSUID | NOEXEC, 0               },
    { "/dev/shm",                      PLAN_MOUNT_NEW,      "tmpfs",  "mode=1777", NOSUID | NODEV,  0               },
    { "/dev/mqueue",                   PLAN_MOUNT_NEW,      "mqueue", "",          LOCKED,          0               },
    { "/proc/meminfo",                 PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/vmstat",                  PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/swaps",                   PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/stat",                    PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/uptime",                  PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/loadavg",                 PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/diskstats",               PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/pressure",                PLAN_MOUNT_VIEW,     "",       "",          VIEW,            0               },
    { "/proc/cpuinfo",                 PLAN_MOUNT_VIEW,     "",       "",          VIEW,            NEED_PROCESSORS },
    { "/sys/devices/system/cpu",       PLAN_MOUNT_VIEW,     "",       "",          VIEW,            NEED_PROCESSORS },
    { "/run/libvirt",                  PLAN_MOUNT_MASK,     "",       "",          OPTIONAL,        NEED_SHARED_ROOT},
};

static bool limits_processors(const DomainDef *def)
{
    return def->cpuset || def->cputune.quota.value > 0;
}

bool plan_has_host_root(const Plan *plan)
{
    bool has = !(plan->namespaces & PLAN_NS_USER);

    for (uint32_t i = 0; i < plan->uid_map.len; i++)
        has |= plan->uid_map.items[i].outside == 0;
    return has;
}

static unsigned needs(const PlanBuilder *builder)
{
    unsigned spaces = builder->plan->namespaces;
    bool netns = spaces & PLAN_NS_NET;
    bool shared_root = !builder->root || strcmp(builder->root->source, "/") == 0;

    return (plan_has_host_root(builder->plan) ? NEED_HOST_ROOT : 0) | (netns ? NEED_NETNS : 0) |
           (shared_root ? NEED_SHARED_ROOT : 0) |
           (limits_processors(builder->def) ? NEED_PROCESSORS : 0);
}

/* tmpfs counts as the container's memory; without a size it could fill all of it. */
uint64_t base_tmpfs_kib(const DomainDef *def)
{
    return MAX(def->memory_kib / 2, 64);
}

static char *with_size(const char *options, const DomainDef *def)
{
    return g_strdup_printf("%s,size=%" G_GUINT64_FORMAT "k", options, base_tmpfs_kib(def));
}

void base_plan_mounts(PlanBuilder *builder)
{
    unsigned have = needs(builder);

    for (size_t i = 0; i < G_N_ELEMENTS(mounts); i++) {
        const BaseMount *mount = &mounts[i];
        g_autofree char *sized = NULL;
        const char *options = mount->options;

        if ((mount->need & have) != mount->need)
            continue;
        if (strcmp(mount->source, "tmpfs") == 0)
            options = sized = with_size(options, builder->def);
        plan_add_mount(builder,
                       &(PlanMount){ mount->kind, (char *)mount->source, (char *)mount->target,
                                     (char *)options, mount->flags });
    }
}

/* ---- /dev ------------------------------------------------------------------------------------ */

#define EVERY (PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD)
#define ANY (-1)

static const PlanNode nodes[] = {
    {(char *)"null",     'c', 1, 3, 0666},
    { (char *)"zero",    'c', 1, 5, 0666},
    { (char *)"full",    'c', 1, 7, 0666},
    { (char *)"random",  'c', 1, 8, 0666},
    { (char *)"urandom", 'c', 1, 9, 0666},
    { (char *)"tty",     'c', 5, 0, 0666},
};

static const PlanSymlink symlinks[] = {
    {(char *)"fd",      (char *)"/proc/self/fd"  },
    { (char *)"stdin",  (char *)"/proc/self/fd/0"},
    { (char *)"stdout", (char *)"/proc/self/fd/1"},
    { (char *)"stderr", (char *)"/proc/self/fd/2"},
    { (char *)"ptmx",   (char *)"pts/ptmx"       },
};

static const PlanDeviceRule rules[] = {
    {'c',  1,   3,   EVERY},
    { 'c', 1,   5,   EVERY},
    { 'c', 1,   7,   EVERY},
    { 'c', 1,   8,   EVERY},
    { 'c', 1,   9,   EVERY},
    { 'c', 5,   0,   EVERY},
    { 'c', 5,   2,   EVERY},
    { 'c', 10,  229, EVERY},
    { 'c', 136, ANY, EVERY},
};

size_t base_device_rules(const PlanDeviceRule **ret_rules)
{
    *ret_rules = rules;
    return G_N_ELEMENTS(rules);
}

void base_plan_devices(PlanBuilder *builder)
{
    Plan *plan = builder->plan;

    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        PlanNode *node = PLAN_ADD(&plan->nodes);

        *node = nodes[i];
        node->path = g_strdup(nodes[i].path);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(symlinks); i++) {
        PlanSymlink *link = PLAN_ADD(&plan->symlinks);

        link->path = g_strdup(symlinks[i].path);
        link->target = g_strdup(symlinks[i].target);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        *PLAN_ADD(&plan->cgroup.devices) = rules[i];
    if (features_allow_mknod(&builder->def->features))
        *PLAN_ADD(&plan->cgroup.devices) = (PlanDeviceRule){
            .type = 'a', .major = ANY, .minor = ANY, .access = PLAN_ACCESS_MKNOD
        };
}

/* ---- environment ----------------------------------------------------------------------------- */

bool base_env_is_users(const DomainDef *def, const char *name)
{
    for (size_t i = 0; i < def->os.initenv.n; i++)
        if (strcmp(def->os.initenv.items[i]->name, name) == 0)
            return true;
    return false;
}

void base_add_env(PlanBuilder *builder, const char *name, const char *value)
{
    if (!base_env_is_users(builder->def, name))
        *PLAN_ADD(&builder->plan->init.env) = g_strdup_printf("%s=%s", name, value);
}

/* The first console is init's own; an init that looks after terminals is told of the others. */
static void add_ttys(PlanBuilder *builder)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (size_t i = 1; i < builder->def->consoles.n; i++)
        g_string_append_printf(names, "%stty%zu", i > 1 ? " " : "", i + 1);
    if (names->len)
        base_add_env(builder, "container_ttys", names->str);
}

void base_plan_environment(PlanBuilder *builder)
{
    const DomainDef *def = builder->def;
    g_autofree char *uuid = value_format_uuid(def->uuid);

    base_add_env(builder, "PATH", "/bin:/sbin");
    base_add_env(builder, "TERM", "linux");
    base_add_env(builder, "container", "lxc-libvirt");
    base_add_env(builder, "HOME", "/");
    base_add_env(builder, "container_uuid", uuid);
    add_ttys(builder);
    base_add_env(builder, "LIBVIRT_LXC_UUID", uuid);
    base_add_env(builder, "LIBVIRT_LXC_NAME", def->name);
    if (def->os.cmdline)
        base_add_env(builder, "LIBVIRT_LXC_CMDLINE", def->os.cmdline);
    for (size_t i = 0; i < def->os.initenv.n; i++)
        *PLAN_ADD(&builder->plan->init.env) =
            g_strdup_printf("%s=%s", def->os.initenv.items[i]->name,
                            def->os.initenv.items[i]->value ? def->os.initenv.items[i]->value : "");
}
