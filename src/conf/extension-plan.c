// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* <virtlxcd:container> in the plan. What depends on the other parts of a plan is checked here. */
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"
#include "conf/value.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)

static void plan_paths(const PathList *paths, PlanMountKind kind, PlanBuilder *builder)
{
    for (size_t i = 0; i < paths->n; i++)
        plan_add_mount(builder, &(PlanMount){ .kind = kind,
                                              .target = paths->items[i]->path,
                                              .flags = PLAN_MOUNT_F_OPTIONAL });
}

static uint32_t access_bits(const char *access)
{
    return (strchr(access, 'r') ? PLAN_ACCESS_READ : 0) |
           (strchr(access, 'w') ? PLAN_ACCESS_WRITE : 0) |
           (strchr(access, 'm') ? PLAN_ACCESS_MKNOD : 0);
}

static const char device_letters[] = { 'c', 'b', 'a' }; /* in the order of device_types */

static void plan_devices(const DeviceAllowList *list, PlanBuilder *builder)
{
    for (size_t i = 0; i < list->n; i++) {
        const DeviceAllow *allow = list->items[i];

        *PLAN_ADD(&builder->plan->cgroup.devices) = (PlanDeviceRule){
            .type = (uint32_t)device_letters[allow->type],
            .major = allow->major.set ? (int32_t)allow->major.value : -1,
            .minor = allow->minor.set ? (int32_t)allow->minor.value : -1,
            .access = access_bits(allow->access),
        };
    }
}

static void plan_node(Choice wanted, const char *name, PlanBuilder *builder)
{
    PlanHostNode *node = NULL;

    if (wanted != CHOICE_YES)
        return;
    node = PLAN_ADD(&builder->plan->host_nodes);
    node->kind = PLAN_HOST_NODE_CHAR;
    node->path = g_strdup(name);
    node->source = g_strconcat("/dev/", name, NULL);
    node->access = PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD;
    node->mode = 0666;
}

static const int rlimit_numbers[] = {
    [RLIMIT_NAME_AS] = RLIMIT_AS,
    [RLIMIT_NAME_CORE] = RLIMIT_CORE,
    [RLIMIT_NAME_CPU] = RLIMIT_CPU,
    [RLIMIT_NAME_DATA] = RLIMIT_DATA,
    [RLIMIT_NAME_FSIZE] = RLIMIT_FSIZE,
    [RLIMIT_NAME_LOCKS] = RLIMIT_LOCKS,
    [RLIMIT_NAME_MEMLOCK] = RLIMIT_MEMLOCK,
    [RLIMIT_NAME_MSGQUEUE] = RLIMIT_MSGQUEUE,
    [RLIMIT_NAME_NICE] = RLIMIT_NICE,
    [RLIMIT_NAME_NOFILE] = RLIMIT_NOFILE,
    [RLIMIT_NAME_NPROC] = RLIMIT_NPROC,
    [RLIMIT_NAME_RSS] = RLIMIT_RSS,
    [RLIMIT_NAME_RTPRIO] = RLIMIT_RTPRIO,
    [RLIMIT_NAME_RTTIME] = RLIMIT_RTTIME,
    [RLIMIT_NAME_SIGPENDING] = RLIMIT_SIGPENDING,
    [RLIMIT_NAME_STACK] = RLIMIT_STACK,
};

/* As the kernel names them. */
static char *page_size(uint64_t kib)
{
    if (kib >= 1024 * 1024)
        return g_strdup_printf("%" PRIu64 "GB", kib / 1024 / 1024);
    if (kib >= 1024)
        return g_strdup_printf("%" PRIu64 "MB", kib / 1024);
    return g_strdup_printf("%" PRIu64 "KB", kib);
}

static void plan_hugepages(const HugepageLimitList *list, PlanBuilder *builder)
{
    for (size_t i = 0; i < list->n; i++) {
        const HugepageLimit *pages = list->items[i];
        g_autofree char *size = page_size((uint64_t)pages->size.value);

        plan_set_text(builder, PLAN_KNOB_HUGETLB, size,
                      pages->limit.value * pages->size.value * 1024);
    }
}

static void plan_limits(const ExtensionDef *extension, PlanBuilder *builder)
{
    PlanInit *init = &builder->plan->init;

    plan_set_number(builder, PLAN_KNOB_PIDS_MAX, &extension->pids_limit);
    if (extension->oom_group == CHOICE_YES)
        plan_set_text(builder, PLAN_KNOB_OOM_GROUP, "", 1);
    plan_hugepages(&extension->hugepages, builder);
    init->has_oom_score = extension->oom_score.set;
    init->oom_score = (int32_t)extension->oom_score.value;
    init->no_new_privileges = extension->no_new_privileges == CHOICE_YES;
    for (size_t i = 0; i < extension->rlimits.n; i++) {
        const Rlimit *limit = extension->rlimits.items[i];

        *PLAN_ADD(&init->rlimits) = (PlanRlimit){
            .resource = (uint32_t)rlimit_numbers[limit->resource],
            .soft = limit->soft.value,
            .hard = limit->hard.value,
        };
    }
}

/* Which sysctls belong to a namespace; the others are the host's and nobody else's. */
typedef struct SysctlSpace {
    const char *prefix;
    unsigned space; /* PLAN_NS_* */
} SysctlSpace;

static const SysctlSpace sysctl_spaces[] = {
    {"net.",               PLAN_NS_NET },
    { "fs.mqueue.",        PLAN_NS_IPC },
    { "kernel.msg",        PLAN_NS_IPC },
    { "kernel.sem",        PLAN_NS_IPC },
    { "kernel.shm",        PLAN_NS_IPC },
    { "kernel.domainname", PLAN_NS_UTS },
    { "user.max_",         PLAN_NS_USER},
};

unsigned extension_sysctl_space(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sysctl_spaces); i++)
        if (g_str_has_prefix(name, sysctl_spaces[i].prefix))
            return sysctl_spaces[i].space;
    return 0;
}

static bool check_sysctl_space(const char *name, unsigned spaces, GError **err)
{
    unsigned space = extension_sysctl_space(name);

    if (!space)
        return fail(err, UNSUPPORTED, _("the sysctl '%s' is the host's, not one of a namespace"),
                    name);
    if (!(spaces & space))
        return fail(err, UNSUPPORTED,
                    _("the sysctl '%s' needs a namespace that the container shares with the host"),
                    name);
    return true;
}

static bool plan_sysctls(const SysctlList *list, PlanBuilder *builder, GError **err)
{
    for (size_t i = 0; i < list->n; i++) {
        PlanSysctl *sysctl = NULL;

        if (!check_sysctl_space(list->items[i]->name, builder->plan->namespaces, err))
            return false;
        sysctl = PLAN_ADD(&builder->plan->sysctls);
        sysctl->name = g_strdup(list->items[i]->name);
        sysctl->value = g_strdup(list->items[i]->value);
    }
    return true;
}

static void plan_seccomp(const ExtensionDef *extension, PlanBuilder *builder)
{
    static const PlanSeccompKind kinds[] = {
        [SECCOMP_ABSENT] = PLAN_SECCOMP_DEFAULT,
        [SECCOMP_DEFAULT] = PLAN_SECCOMP_DEFAULT,
        [SECCOMP_NONE] = PLAN_SECCOMP_NONE,
        [SECCOMP_NESTING] = PLAN_SECCOMP_NESTING,
    };
    PlanSeccomp *seccomp = &builder->plan->seccomp;

    seccomp->kind = extension->seccomp_file ? PLAN_SECCOMP_FILE : kinds[extension->seccomp];
    seccomp->file = g_strdup(extension->seccomp_file);
}

static void plan_system(const ExtensionDef *extension, PlanInit *init)
{
    static const PlanSystem kinds[] = {
        [CHOICE_ABSENT] = PLAN_SYSTEM_AUTO,
        [CHOICE_YES] = PLAN_SYSTEM_YES,
        [CHOICE_NO] = PLAN_SYSTEM_NO,
    };

    init->system = kinds[extension->system];
    for (size_t i = 0; i < extension->credentials.n; i++) {
        PlanCredential *credential = PLAN_ADD(&init->credentials);

        credential->name = g_strdup(extension->credentials.items[i]->name);
        credential->value = g_strdup(extension->credentials.items[i]->value);
    }
}

static void plan_view_calls(const ExtensionDef *extension, Plan *plan)
{
    if (extension->view_sysinfo == CHOICE_YES)
        plan->view_calls |= PLAN_VIEW_SYSINFO;
    if (extension->view_affinity == CHOICE_YES)
        plan->view_calls |= PLAN_VIEW_AFFINITY;
}

static void plan_file(const char *path, const char *text, PlanBuilder *builder)
{
    plan_add_mount(
        builder,
        &(PlanMount){ .kind = PLAN_MOUNT_FILE, .target = (char *)path, .options = (char *)text });
}

/* The host's resolv.conf is looked at when the container starts. */
static void plan_generated(const ExtensionDef *extension, PlanBuilder *builder)
{
    const char *name = builder->plan->hostname;

    if (extension->generate_hostname == CHOICE_YES) {
        g_autofree char *text = g_strdup_printf("%s\n", name);

        plan_file("/etc/hostname", text, builder);
    }
    if (extension->generate_hosts == CHOICE_YES) {
        g_autofree char *text = g_strdup_printf("127.0.0.1 localhost\n"
                                                "::1 localhost ip6-localhost ip6-loopback\n"
                                                "127.0.1.1 %s\n",
                                                name);

        plan_file("/etc/hosts", text, builder);
    }
    if (extension->generate_resolv == CHOICE_YES)
        plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_HOST,
                                              .source = (char *)"/etc/resolv.conf",
                                              .target = (char *)"/etc/resolv.conf",
                                              .flags = PLAN_MOUNT_F_READONLY });
}

/* Without clocks of its own the container's processes would be older than it says it is. */
static void plan_clocks(const ExtensionDef *extension, Plan *plan)
{
    plan->fresh_clocks = !extension->boottime.set && !extension->monotonic.set;
    if (plan->fresh_clocks)
        return;
    plan->namespaces |= PLAN_NS_TIME;
    plan->boottime = extension->boottime.value;
    plan->monotonic = extension->monotonic.value;
}

#define AUTO_IDS 65536

uint32_t domain_def_wants_ids(const DomainDef *def)
{
    const ExtensionDef *extension = &def->extension;

    if (extension->idmap_auto != CHOICE_YES || def->idmap.uids.n)
        return 0;
    return extension->idmap_count.set ? (uint32_t)extension->idmap_count.value : AUTO_IDS;
}

/* The daemon puts the ranges into the live definition before that is compiled. */
static void plan_auto_ids(PlanBuilder *builder)
{
    builder->plan->auto_ids = domain_def_wants_ids(builder->def);
    if (builder->plan->auto_ids)
        builder->plan->namespaces |= PLAN_NS_USER;
}

bool extension_plan(PlanBuilder *builder, GError **err)
{
    const ExtensionDef *extension = &builder->def->extension;
    Plan *plan = builder->plan;

    plan_clocks(extension, plan);
    plan_generated(extension, builder);
    plan_paths(&extension->masks, PLAN_MOUNT_MASK, builder);
    plan_paths(&extension->readonly, PLAN_MOUNT_READONLY, builder);
    plan_devices(&extension->devices, builder);
    plan_node(extension->tun, "net/tun", builder);
    plan_node(extension->fuse, "fuse", builder);
    plan_node(extension->kvm, "kvm", builder);
    plan_limits(extension, builder);
    plan_seccomp(extension, builder);
    plan_system(extension, &plan->init);
    plan_view_calls(extension, plan);
    plan->stop_signal =
        extension->stop_signal ? (uint32_t)value_parse_signal(extension->stop_signal) : 0;
    plan->stop_timeout = (uint32_t)extension->stop_timeout.value;
    plan_auto_ids(builder);
    return plan_sysctls(&extension->sysctls, builder, err);
}
