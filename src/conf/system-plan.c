// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See system-plan.h. Mounts below /run come before all that the user has there, and are left to a
 * /run of the user's own. A container in a container needs groups to divide as well, and no more.
 */
#include "conf/system-plan.h"

#include <string.h>

#include "base/xdr.h"
#include "conf/compile-base.h"
#include "conf/value.h"

#define MANAGER "lxc-libvirt" /* what the environment of every init says */
#define CREDENTIALS_DIR "/run/host/credentials"
#define NOTIFY_SOCKET "/run/host/notify"
#define LOCKED (PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV | PLAN_MOUNT_F_NOEXEC)

/* Its program, by the names that the first program of a system has. */
static bool is_system(const PlanInit *init)
{
    const char *slash = strrchr(init->path, '/');
    const char *name = slash ? slash + 1 : init->path;

    if (init->system != PLAN_SYSTEM_AUTO)
        return init->system == PLAN_SYSTEM_YES;
    return strcmp(name, "init") == 0 || strcmp(name, "systemd") == 0;
}

static bool hears_init(const DomainDef *def, const PlanInit *init)
{
    return init->system == PLAN_SYSTEM_YES && !base_env_is_users(def, "NOTIFY_SOCKET");
}

/* ---- the kernel's own file systems ----------------------------------------------------------- */

/*
 * systemd mounts these where it can, and without an id map it can. They show the kernel of the host
 * and not the container. Where something is mounted already, it leaves that.
 */
static const char *const hosts_kernel[] = {
    "/sys/kernel/debug", "/sys/kernel/tracing",      "/sys/kernel/config", "/sys/kernel/security",
    "/sys/fs/bpf",       "/sys/fs/fuse/connections", "/sys/fs/pstore",
};

static void add_masks(PlanBuilder *builder)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hosts_kernel); i++)
        plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_MASK,
                                              .target = (char *)hosts_kernel[i],
                                              .flags = PLAN_MOUNT_F_OPTIONAL });
}

/* ---- /run ------------------------------------------------------------------------------------ */

static void add(PlanBuilder *builder, PlanMountKind kind, const char *target, const char *options)
{
    plan_add_mount(builder, &(PlanMount){ .kind = kind,
                                          .source = (char *)(kind == PLAN_MOUNT_NEW ? "tmpfs" : ""),
                                          .target = (char *)target,
                                          .options = (char *)options,
                                          .flags = kind == PLAN_MOUNT_NEW
                                                       ? PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV
                                                       : LOCKED | PLAN_MOUNT_F_READONLY });
}

static void add_run(PlanBuilder *builder)
{
    g_autofree char *options =
        g_strdup_printf("mode=755,size=%" G_GUINT64_FORMAT "k", base_tmpfs_kib(builder->def));

    add(builder, PLAN_MOUNT_NEW, "/run", options);
}

static void add_credentials(PlanBuilder *builder, const PlanInit *init)
{
    for (uint32_t i = 0; i < init->credentials.len; i++) {
        const PlanCredential *credential = &init->credentials.items[i];
        g_autofree char *target = g_strconcat(CREDENTIALS_DIR "/", credential->name, NULL);

        plan_add_mount(
            builder, &(PlanMount){ .kind = PLAN_MOUNT_FILE,
                                   .target = target,
                                   .options = credential->value,
                                   .flags = PLAN_MOUNT_F_SECRET | LOCKED | PLAN_MOUNT_F_READONLY });
    }
}

/* Read-only as a whole, when all is in it. */
static void add_run_host(PlanBuilder *builder, const PlanInit *init)
{
    g_autofree char *uuid = value_format_uuid(builder->def->uuid);
    g_autofree char *line = g_strconcat(uuid, "\n", NULL);

    add(builder, PLAN_MOUNT_FILE, "/run/host/container-manager", MANAGER "\n");
    add(builder, PLAN_MOUNT_FILE, "/run/host/container-uuid", line);
    plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_HOST,
                                          .source = (char *)"/etc/os-release",
                                          .target = (char *)"/run/host/os-release",
                                          .flags = PLAN_MOUNT_F_READONLY | PLAN_MOUNT_F_OPTIONAL });
    add_credentials(builder, init);
    if (hears_init(builder->def, init))
        add(builder, PLAN_MOUNT_NOTIFY, NOTIFY_SOCKET, "");
    plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_READONLY,
                                          .target = (char *)"/run/host",
                                          .flags = PLAN_MOUNT_F_RECURSIVE | LOCKED });
}

static bool is_below_run(const PlanMount *mount)
{
    return g_str_has_prefix(mount->target, "/run/") || strcmp(mount->target, "/run") == 0;
}

static bool has_run(const Plan *plan)
{
    for (uint32_t i = 1; i < plan->mounts.len; i++)
        if (strcmp(plan->mounts.items[i].target, "/run") == 0)
            return true;
    return false;
}

/* The rest of the list moves over as it is. */
static void add_mounts(const DomainDef *def, Plan *plan)
{
    Plan whole = { 0 };
    PlanBuilder builder = { .def = def, .plan = &whole };
    bool added = has_run(plan);

    for (uint32_t i = 0; i < plan->mounts.len; i++) {
        if (!added && i > 0 && is_below_run(&plan->mounts.items[i])) {
            add_run(&builder);
            add_run_host(&builder, &plan->init);
            added = true;
        }
        *PLAN_ADD(&whole.mounts) = plan->mounts.items[i];
    }
    if (!added)
        add_run(&builder);
    if (!added || has_run(plan))
        add_run_host(&builder, &plan->init);
    add_masks(&builder);
    free(plan->mounts.items);
    memcpy(&plan->mounts, &whole.mounts, sizeof plan->mounts);
}

/* ---- containers inside ----------------------------------------------------------------------- */

/*
 * The kernel lets root of a user namespace mount proc and sysfs anew only where it sees one of
 * which nothing is hidden. What is hidden in others is kept from it by its ids as well.
 */
static void add_nesting(PlanBuilder *builder)
{
    static const struct {
        const char *target;
        const char *type;
    } mounts[] = {
        {"/dev/.nesting/proc",   "proc" },
        { "/dev/.nesting/sysfs", "sysfs"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(mounts); i++)
        plan_add_mount(builder, &(PlanMount){ .kind = PLAN_MOUNT_NEW,
                                              .source = (char *)mounts[i].type,
                                              .target = (char *)mounts[i].target,
                                              .flags = LOCKED });
}

/* ---- public ---------------------------------------------------------------------------------- */

void system_plan(const DomainDef *def, Plan *plan)
{
    PlanInit *init = &plan->init;
    bool system = is_system(init);
    bool nesting = plan->seccomp.kind == PLAN_SECCOMP_NESTING;
    PlanBuilder builder = { .def = def, .plan = plan };

    init->system = system ? PLAN_SYSTEM_YES : PLAN_SYSTEM_NO;
    plan->cgroup.delegate = system || nesting;
    if (nesting && plan->namespaces & PLAN_NS_NET && !plan_has_host_root(plan))
        add_nesting(&builder);
    if (system || init->credentials.len > 0)
        add_mounts(def, plan);
    if (hears_init(def, init))
        base_add_env(&builder, "NOTIFY_SOCKET", NOTIFY_SOCKET);
    if (init->credentials.len > 0)
        base_add_env(&builder, "CREDENTIALS_DIRECTORY", CREDENTIALS_DIR);
    if (!xdr_fill_strings(&plan_xdr, plan))
        g_error("out of memory");
}
