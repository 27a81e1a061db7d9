// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The profiles of our own, as one table, and how a profile becomes a program.
 *
 * The default lets a whole distribution run and takes away what only a host needs and what most
 * escapes of the past went through: new user namespaces, kernel modules, kexec, bpf, perf,
 * io_uring, the kernel's keyrings and log, handles of files, events of whole file systems, and
 * input pushed into somebody's terminal. What programs know how to live without fails as if the
 * kernel did not have it (ENOSYS), the rest with EPERM. `nesting` gives back what container
 * managers inside need.
 */
#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/seccomp-rules.h"

/* ---- our own profiles ------------------------------------------------------------------------ */

#define TERMINAL_STI 0x5412   /* TIOCSTI: types into a terminal */
#define TERMINAL_LINUX 0x541c /* TIOCLINUX: pastes into a virtual console */
#define LOW_WORD 0xffffffffu  /* all that the kernel looks at of an int */

/* Where the machine's calling convention has clone's flags. */
#ifdef __s390x__
enum { CLONE_FLAGS_ARG = 1 };
#else
enum { CLONE_FLAGS_ARG = 0 };
#endif

typedef struct Denied {
    const char *call;
    int errnum;
    bool nesting; /* denied with nesting too */
} Denied;

/* In this order: modules and kernels; what belongs to the host as a whole; files by their number
 * rather than their name, past every mount, and as the host opens them; large and young parts of
 * the kernel; keyrings, which know no namespace but that of users; and clone3, whose flags are in
 * memory where no filter can see them. */
static const Denied denied[] = {
    {"init_module",        EPERM,  true },
    { "finit_module",      EPERM,  true },
    { "delete_module",     EPERM,  true },
    { "create_module",     EPERM,  true },
    { "kexec_load",        EPERM,  true },
    { "kexec_file_load",   EPERM,  true },
    { "acct",              EPERM,  true },
    { "swapon",            EPERM,  true },
    { "swapoff",           EPERM,  true },
    { "quotactl",          EPERM,  true },
    { "quotactl_fd",       EPERM,  true },
    { "syslog",            EPERM,  true },
    { "iopl",              EPERM,  true },
    { "ioperm",            EPERM,  true },
    { "nfsservctl",        ENOSYS, true },
    { "lookup_dcookie",    ENOSYS, true },
    { "_sysctl",           ENOSYS, true },
    { "sysfs",             ENOSYS, true },
    { "uselib",            ENOSYS, true },
    { "vm86",              ENOSYS, true },
    { "vm86old",           ENOSYS, true },
    { "open_by_handle_at", EPERM,  true },
    { "fanotify_init",     EPERM,  true },
    { "bpf",               EPERM,  true },
    { "perf_event_open",   EPERM,  true },
    { "userfaultfd",       EPERM,  true },
    { "io_uring_setup",    ENOSYS, true },
    { "io_uring_enter",    ENOSYS, true },
    { "io_uring_register", ENOSYS, true },
    { "add_key",           ENOSYS, false},
    { "request_key",       ENOSYS, false},
    { "keyctl",            ENOSYS, false},
    { "clone3",            ENOSYS, false},
};

/* Denied with EPERM when the argument, and-ed with the mask, is the value. */
typedef struct DeniedArgument {
    const char *call;
    bool nesting;
    unsigned arg;
    uint64_t mask;
    uint64_t value;
} DeniedArgument;

static const DeniedArgument denied_arguments[] = {
    {"unshare", false, 0,               CLONE_NEWUSER, CLONE_NEWUSER },
    { "clone",  false, CLONE_FLAGS_ARG, CLONE_NEWUSER, CLONE_NEWUSER },
    { "ioctl",  true,  1,               LOW_WORD,      TERMINAL_STI  },
    { "ioctl",  true,  1,               LOW_WORD,      TERMINAL_LINUX},
};

/* Calls that this machine or its partner does not have are no reason to fail. */
static int deny(scmp_filter_ctx filter, const Denied *row)
{
    int number = seccomp_syscall_resolve_name(row->call);

    return number == __NR_SCMP_ERROR
               ? 0
               : seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)row->errnum), number, 0);
}

static int deny_argument(scmp_filter_ctx filter, const DeniedArgument *row)
{
    struct scmp_arg_cmp when = { row->arg, SCMP_CMP_MASKED_EQ, row->mask, row->value };

    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM),
                                  seccomp_syscall_resolve_name(row->call), 1, &when);
}

static int deny_all(scmp_filter_ctx filter, bool nesting)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < G_N_ELEMENTS(denied); i++)
        if (denied[i].nesting || !nesting)
            result = deny(filter, &denied[i]);
    for (size_t i = 0; result == 0 && i < G_N_ELEMENTS(denied_arguments); i++)
        if (denied_arguments[i].nesting || !nesting)
            result = deny_argument(filter, &denied_arguments[i]);
    return result;
}

/* ---- from rules to a program ----------------------------------------------------------------- */

static bool fail_library(int result, const char *what, GError **err)
{
    return fail_errno(err, -result, _("cannot make the system call filter (%s)"), what);
}

/* The architectures whose calls a process may make; calls of any other are as if there were none.
 */
static int add_architectures(scmp_filter_ctx filter)
{
    static const struct {
        uint32_t native;
        uint32_t partner;
    } partners[] = {
        {SCMP_ARCH_X86_64,   SCMP_ARCH_X86 },
        { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
        { SCMP_ARCH_S390X,   SCMP_ARCH_S390},
        { SCMP_ARCH_PPC64,   SCMP_ARCH_PPC },
    };
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

    for (size_t i = 0; result == 0 && i < G_N_ELEMENTS(partners); i++)
        if (seccomp_arch_native() == partners[i].native)
            result = seccomp_arch_add(filter, partners[i].partner);
    return result;
}

static bool export(scmp_filter_ctx filter, GBytes **ret_program, GError **err)
{
    autofd int memory = memfd_create("seccomp", MFD_CLOEXEC);
    g_autofree char *data = NULL;
    struct stat info;
    int result;

    if (memory < 0)
        return fail_errno(err, errno, _("cannot make the system call filter"));
    result = seccomp_export_bpf(filter, memory);
    if (result < 0)
        return fail_library(result, "seccomp_export_bpf", err);
    if (fstat(memory, &info) < 0 || lseek(memory, 0, SEEK_SET) < 0)
        return fail_errno(err, errno, _("cannot make the system call filter"));
    data = g_malloc((gsize)info.st_size);
    if (!fd_read_full(memory, data, (size_t)info.st_size))
        return fail_errno(err, errno, _("cannot make the system call filter"));
    *ret_program = g_bytes_new_take(g_steal_pointer(&data), (gsize)info.st_size);
    return true;
}

static bool fill(scmp_filter_ctx filter, const PlanSeccomp *profile, const SeccompRules *rules,
                 GError **err)
{
    int result = add_architectures(filter);

    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (result < 0)
        return fail_library(result, "seccomp_attr_set", err);
    if (rules)
        return seccomp_rules_add(rules, filter, err);
    result = deny_all(filter, profile->kind == PLAN_SECCOMP_NESTING);
    return result == 0 || fail_library(result, "seccomp_rule_add", err);
}

static const uint64_t subvolume_requests[] = {
    BTRFS_IOC_SUBVOL_CREATE,
    BTRFS_IOC_SUBVOL_CREATE_V2,
    BTRFS_IOC_SNAP_CREATE,
    BTRFS_IOC_SNAP_CREATE_V2,
};

/* As on a file system without them: who can do without makes a directory. */
static int deny_subvolumes(scmp_filter_ctx filter)
{
    int result = add_architectures(filter);

    for (size_t i = 0; result == 0 && i < G_N_ELEMENTS(subvolume_requests); i++) {
        struct scmp_arg_cmp when = { 1, SCMP_CMP_MASKED_EQ, LOW_WORD, subvolume_requests[i] };
        result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1, &when);
    }
    return result;
}

bool seccomp_make_guard(GBytes **ret_program, GError **err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result;
    bool fine;

    if (!filter)
        return fail_library(-ENOMEM, "seccomp_init", err);
    result = deny_subvolumes(filter);
    fine = result == 0 ? export(filter, ret_program, err)
                       : fail_library(result, "seccomp_rule_add", err);
    seccomp_release(filter);
    return fine;
}

bool seccomp_make(const PlanSeccomp *profile, GBytes **ret_program, GError **err)
{
    g_autoptr(SeccompRules) rules = NULL;
    scmp_filter_ctx filter = NULL;
    bool fine;

    if (profile->kind == PLAN_SECCOMP_NONE)
        return true;
    if (profile->kind == PLAN_SECCOMP_FILE && !seccomp_rules_read(profile->file, &rules, err))
        return false;
    filter = seccomp_init(rules ? rules->by_default : SCMP_ACT_ALLOW);
    if (!filter)
        return fail_library(-ENOMEM, "seccomp_init", err);
    fine = fill(filter, profile, rules, err) && export(filter, ret_program, err);
    seccomp_release(filter);
    return fine;
}
