// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See jail.h. */
#include "image/jail.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMORY_MAX (4ul << 30) /* of addresses: most of it is never touched */
#define FILES_MAX 64
#define BOUNDING_MAX 63

/* ---- the tree ---- */

static bool set_attributes(int fd, uint64_t attributes)
{
    struct mount_attr set = { .attr_set = attributes };

    return mount_setattr(fd, "", AT_EMPTY_PATH, &set, sizeof set) == 0;
}

/* A mount of its own, which only the mount namespace that it was opened in can make. -1: errno. */
static int clone_of(int source)
{
    return source < 0 ? -1
                      : open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

static bool put(int clone, int root, const char *name, uint64_t attributes)
{
    return clone >= 0 && set_attributes(clone, attributes) &&
           move_mount(clone, "", root, name, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

/* One of the directories at the top of the host, or a link in its place. What is not there is not
 * needed. */
static bool put_directory(int root, const char *name)
{
    char path[NAME_MAX + 2] = "/";
    char target[PATH_MAX];
    autofd int source = -1;
    autofd int clone = -1;
    ssize_t len;

    (void)strncat(path, name, NAME_MAX);
    len = readlink(path, target, sizeof target - 1);
    if (len >= 0) {
        target[len] = '\0';
        return symlinkat(target, root, name) == 0;
    }
    source = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (source < 0)
        return errno == ENOENT || errno == ENOTDIR;
    clone = clone_of(source);
    return mkdirat(root, name, 0755) == 0 &&
           put(clone, root, name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static bool put_file(int clone, int root, const char *name, uint64_t attributes)
{
    autofd int place = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    return place >= 0 && put(clone, root, name, attributes | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* Where libraries are; without it they are looked for in the usual places. */
static bool put_cache(int root)
{
    autofd int cache = open("/etc/ld.so.cache", O_PATH | O_CLOEXEC);
    autofd int clone = clone_of(cache);

    return cache < 0 || (mkdirat(root, "etc", 0755) == 0 &&
                         put_file(clone, root, "etc/ld.so.cache", MOUNT_ATTR_RDONLY));
}

/* Which programs open for less reason than one would think. */
static bool put_null(int root)
{
    autofd int null = open("/dev/null", O_PATH | O_CLOEXEC);
    autofd int clone = clone_of(null);
    autofd int place = -1;

    if (mkdirat(root, "dev", 0755) < 0)
        return false;
    place = openat(root, "dev/null", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return place >= 0 && put(clone, root, "dev/null", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static bool put_directories(int root)
{
    static const char *const names[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!put_directory(root, names[i]))
            return false;
    return true;
}

static int make_root(void)
{
    autofd int context = fsopen("tmpfs", FSOPEN_CLOEXEC);

    if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "size", "64k", 0) < 0 ||
        fsconfig(context, FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* The old root ends up on top of the new one, and goes from there. */
static bool change_root(int root)
{
    return fchdir(root) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
           umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
}

static bool enter_tree(int image, bool readonly)
{
    autofd int file = clone_of(image);
    autofd int root = -1;
    autofd int top = -1;

    if (file < 0 || unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    root = make_root();
    top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root >= 0 && top >= 0 &&
           move_mount(root, "", top, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0 &&
           put_directories(root) && put_cache(root) && put_null(root) &&
           put_file(file, root, &JAIL_IMAGE[1],
                    MOUNT_ATTR_NOEXEC | (readonly ? MOUNT_ATTR_RDONLY : 0)) &&
           set_attributes(root, MOUNT_ATTR_RDONLY) && change_root(root);
}

/* ---- rights ---- */

static bool drop_bounding(void)
{
    for (int i = 0; i <= BOUNDING_MAX; i++)
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EINVAL) /* there are no more */
            return false;
    return true;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    return syscall(SYS_capset, &header, none) == 0;
}

/* Whose the image is may open it; and being root is worth nothing. */
static bool become_owner(const struct stat *owner)
{
    const unsigned long no_root =
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE;

    return prctl(PR_SET_SECUREBITS, no_root, 0, 0, 0) == 0 && drop_bounding() &&
           setgroups(0, NULL) == 0 && setresgid(owner->st_gid, owner->st_gid, owner->st_gid) == 0 &&
           setresuid(owner->st_uid, owner->st_uid, owner->st_uid) == 0 && drop_capabilities() &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool limit(void)
{
    const struct {
        __rlimit_resource_t resource;
        rlim_t most;
    } rows[] = {
        {RLIMIT_AS,       MEMORY_MAX},
        { RLIMIT_CORE,    0         },
        { RLIMIT_NOFILE,  FILES_MAX },
        { RLIMIT_MEMLOCK, 0         },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rlimit both = { rows[i].most, rows[i].most };
        if (setrlimit(rows[i].resource, &both) < 0)
            return false;
    }
    return true;
}

/* What a server of blocks has no use for. */
/* clang-format off */
static const char *const denied[] = {
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "setns", "unshare", "ptrace", "bpf", "perf_event_open",
    "userfaultfd", "process_vm_readv", "process_vm_writev", "kcmp", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "quotactl", "name_to_handle_at",
    "open_by_handle_at", "io_uring_setup", "syslog", "personality", "pidfd_getfd", "mknod",
    "mknodat", "symlink", "symlinkat", "link", "linkat", "chown", "fchown", "fchownat", "lchown",
    "chmod", "fchmod", "fchmodat", "kill", "tkill", "tgkill", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "pidfd_send_signal", "socket", "vhangup",
};
/* clang-format on */

static bool filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = filter ? 0 : -ENOMEM;

    for (size_t i = 0; result == 0 && i < sizeof denied / sizeof *denied; i++) {
        int number = seccomp_syscall_resolve_name(denied[i]);
        if (number != __NR_SCMP_ERROR)
            result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    }
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0;
}

bool jail_enter(int image, bool readonly, const char **ret_what)
{
    struct stat owner;

    *ret_what = "tree";
    if (fstat(image, &owner) < 0 || !enter_tree(image, readonly))
        return false;
    *ret_what = "rights";
    if (!become_owner(&owner))
        return false;
    *ret_what = "filter";
    if (!filter_calls())
        return false;
    *ret_what = "limits";
    return limit(); /* last, as they are for who is executed next */
}
