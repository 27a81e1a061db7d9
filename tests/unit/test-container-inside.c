// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What a container finds around it, and what it cannot reach, without and with an id map. */
#include "container-kit.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

typedef Plan *PlanMaker(const char *script);

static Plan *plain_plan(const char *script)
{
    return kit_plan(script);
}

static Plan *mapped_plan(const char *script)
{
    Plan *plan = kit_plan(script);

    kit_plan_idmap(plan);
    return plan;
}

#define END "; echo END-OF-SCRIPT; read line"

static void assert_line(const char *output, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(output, "\r\n", -1);

    if (!g_strv_contains((const char *const *)lines, line))
        g_error("'%s' is not in:\n%s", line, output);
}

static char *run(PlanMaker *make, const char *script)
{
    g_autofree char *whole = g_strconcat(script, END, NULL);

    return kit_run_script(make(whole));
}

/* Promise: init is alone and first, named as told, with exactly the environment of the plan. */
static void test_identity(gconstpointer make)
{
    g_autofree char *output =
        run((PlanMaker *)make, "echo pid $$; hostname; id -u; id -g; tty;"
                               "tr '\\0' '\\n' < /proc/1/environ;"
                               "echo umask $(umask); echo dir $(readlink /proc/1/cwd);"
                               "grep -E '^(Groups|CapInh|CapAmb|SigBlk):' /proc/1/status");

    assert_line(output, "pid 1");
    assert_line(output, "trial");
    assert_line(output, "0");
    assert_line(output, "/dev/console");
    assert_line(output, "PATH=/bin");
    assert_line(output, "container=lxc-libvirt");
    assert_line(output, "umask 0022");
    assert_line(output, "dir /");
    assert_line(output, "Groups:\t ");
    assert_line(output, "CapInh:\t0000000000000000");
    assert_line(output, "CapAmb:\t0000000000000000");
    assert_line(output, "SigBlk:\t0000000000000000");
    g_assert_null(strstr(output, "HOME="));
}

/* Promise: no descriptor but the standard streams reaches init. */
static void test_descriptors(gconstpointer make)
{
    g_autofree char *output = run((PlanMaker *)make, "ls -1 /proc/1/fd");

    g_assert_true(g_str_has_prefix(output, "0\r\n1\r\n2\r\nEND"));
}

/* Promise: capabilities are the plan's, in the bounding set as well. */
static void test_capabilities(gconstpointer make)
{
    g_autofree char *output = NULL;
    Plan *plan = ((PlanMaker *)make)("grep Cap /proc/1/status" END);

    plan->init.capabilities = 1 << 5 | 1 << 7; /* KILL, SETUID */
    output = kit_run_script(plan);
    assert_line(output, "CapPrm:\t00000000000000a0");
    assert_line(output, "CapEff:\t00000000000000a0");
    assert_line(output, "CapBnd:\t00000000000000a0");
}

/* Promise: /dev holds the plan's nodes and links and the consoles, and nothing else. */
static void test_dev(gconstpointer make)
{
    g_autofree char *output =
        run((PlanMaker *)make, "echo dev $(ls /dev);"
                               "echo x > /dev/null && echo null ok;"
                               "echo zeros $(head -c 3 /dev/zero | wc -c);"
                               "stat -c 'owner %u:%g %a' /dev /dev/null;"
                               "stat -c 'shm %a' /dev/shm; readlink /dev/stdin;"
                               "mknod /dev/sda b 8 0 && cat /dev/sda | head -c 1");

    assert_line(output,
                "dev console fd full mqueue null ptmx pts random shm stdin tty tty1 urandom zero");
    assert_line(output, "null ok");
    assert_line(output, "zeros 3");
    assert_line(output, "owner 0:0 755");
    assert_line(output, "owner 0:0 666");
    assert_line(output, "shm 1777");
    assert_line(output, "/proc/self/fd/0");
    g_assert_nonnull(strstr(output, "Operation not permitted"));
}

/* Promise: dangerous parts of /proc and /sys are read-only or hidden, the old root is gone. */
static void test_mounts(gconstpointer make)
{
    g_autofree char *output =
        run((PlanMaker *)make, "echo 1 > /proc/sys/kernel/panic; mkdir /sys/fs/x;"
                               "echo hidden $(cat /proc/meminfo /proc/fs/* | wc -c);"
                               "ls -d /.oldroot; echo mounts $(grep -c . /proc/self/mountinfo);"
                               "grep -v -e ' /[^/]*/root / ' /proc/self/mountinfo | grep host;"
                               "cat /proc/self/cgroup | grep memory;"
                               "echo limit $(cat /sys/fs/cgroup/memory/memory.limit_in_bytes);"
                               "echo 1 > /sys/fs/cgroup/memory/memory.limit_in_bytes");

    g_assert_nonnull(strstr(output, "/proc/sys/kernel/panic: Read-only file system"));
    g_assert_nonnull(strstr(output, "'/sys/fs/x': "));
    assert_line(output, "hidden 0");
    g_assert_nonnull(strstr(output, "/.oldroot: No such file"));
    g_assert_nonnull(strstr(output, ":memory:/\r"));
    assert_line(output, "limit 67108864");
    g_assert_nonnull(strstr(output, "memory.limit_in_bytes: Read-only file system"));
}

/* Promise: a passed descriptor arrives as 3. */
static void test_passed(gconstpointer make)
{
    int ends[2];
    Trial *trial;

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_true(fd_write_full(ends[1], "handed over\n", 12));
    trial = kit_prepare(((PlanMaker *)make)("cat <&3 & sleep 1000"));
    trial->fds = ends;
    trial->n_fds = 1;
    kit_respawn(trial);
    kit_wait_running(trial, 1);
    kit_open_console(trial);
    kit_wait_output(trial, "handed over");
    kit_free(trial);
    fd_close(ends[0]);
    fd_close(ends[1]);
}

/* Promise: a user and group of the container are found in its own files, a number is a number. */
static void test_user(gconstpointer make)
{
    g_autofree char *output = NULL;
    g_autofree char *passwd = kit_root_path("etc/passwd");
    Plan *plan = ((PlanMaker *)make)("id -u; id -g; stat -c 'console %u' /dev/console;"
                                     "grep CapEff /proc/1/status" END);

    g_assert_true(g_file_set_contents(passwd, "root:x:0:0::/:\nsomeone:x:33:44::/:\n", -1, NULL));
    free(plan->init.user);
    plan->init.user = strdup("someone");
    output = kit_run_script(plan);
    assert_line(output, "33");
    assert_line(output, "44");
    assert_line(output, "console 33");
    assert_line(output, "CapEff:\t0000000000000000");
    (void)unlink(passwd);
}

/* Promise: the root tree belongs to the container's root although nobody changed its owner. */
static void test_idmapped_root(void)
{
    g_autofree char *output = run(mapped_plan, "stat -c 'owner %u' /bin; touch /data/made;"
                                               "cat /proc/self/uid_map");
    g_autofree char *made = kit_root_path("data/made");
    struct stat info;

    assert_line(output, "owner 0");
    g_assert_nonnull(strstr(output, "1000000      65536"));
    g_assert_cmpint(stat(made, &info), ==, 0);
    g_assert_cmpuint(info.st_uid, ==, 0);
    (void)unlink(made);
}

/* Promise: with an id map, root inside cannot make a read-only tree of the host writable. */
static void test_readonly_locked(void)
{
    g_autofree char *source = g_build_filename(kit_dir(), "shared", NULL);
    g_autofree char *target = kit_root_path("mnt");
    g_autofree char *output = NULL;
    Plan *plan =
        mapped_plan("touch /mnt/a; mount -o remount,bind,rw /mnt; touch /mnt/b;"
                    "mount -o remount,rw /mnt; touch /mnt/c;"
                    "mkdir /data/x; mount --bind /mnt /data/x; mount -o remount,bind,rw /data/x;"
                    "touch /data/x/d; echo files $(ls /mnt)" END);

    g_assert_cmpint(mkdir(source, 0777), ==, 0);
    g_assert_cmpint(mkdir(target, 0755), ==, 0);
    kit_add_mount(plan, PLAN_MOUNT_HOST, source, "/mnt",
                  PLAN_MOUNT_F_READONLY | PLAN_MOUNT_F_RECURSIVE | PLAN_MOUNT_F_IDMAP);
    output = kit_run_script(plan);
    assert_line(output, "files");
    g_assert_nonnull(strstr(output, "mount: permission denied"));
    g_assert_cmpint(rmdir(source), ==, 0);
    g_assert_cmpint(rmdir(target), ==, 0);
}

/* Promise: with an id map, root inside can neither take away nor make writable what protects the
 * host, and gets no whole /proc or /sys by mounting a new one. */
static void test_mounts_locked(void)
{
    Plan *plan = mapped_plan(
        "for at in /proc/sys /proc/meminfo /proc/fs /sys /sys/fs/cgroup /sys/fs/cgroup/memory /dev;"
        "do umount $at 2>/dev/null && echo BAD umount $at;"
        "umount -l $at 2>/dev/null && echo BAD umount -l $at;"
        "done; umount -l /proc && echo BAD umount /proc;"
        "for at in / /proc/sys /proc/meminfo /proc/fs /sys /sys/fs/cgroup /sys/fs/cgroup/memory;"
        "do mount -o remount,bind,rw $at 2>/dev/null && echo BAD remount $at; done;"
        "mount -t proc proc /data && echo BAD proc; mount -t sysfs sysfs /data && echo BAD sysfs;"
        "mount --bind /proc /data && echo BAD bind; mount --rbind /proc /data && cat /data/meminfo "
        "&&"
        "umount -l /data/meminfo && echo BAD umount in a copy;"
        "echo 1 > /proc/sys/kernel/panic && echo BAD write; touch /x && echo BAD touch;"
        "mount -t tmpfs none /tmp && echo tmpfs fine" END);
    g_autofree char *output = NULL;

    plan->mounts.items[0].flags |= PLAN_MOUNT_F_READONLY;
    output = kit_run_script(plan);
    if (strstr(output, "BAD"))
        g_error("%s", output);
    assert_line(output, "tmpfs fine");
}

/* Promise: what is mounted new belongs to the container, with an id map as without. */
static void test_new_mounts(gconstpointer make)
{
    g_autofree char *output =
        run((PlanMaker *)make, "stat -c '%n %u:%g' /dev/pts /dev/shm /dev/mqueue;"
                               "exec 4<>/dev/ptmx; stat -c 'pty %u:%g %a' /dev/pts/0;"
                               "touch /dev/shm/x /dev/mqueue/x && echo made");

    assert_line(output, "/dev/pts 0:0");
    assert_line(output, "/dev/shm 0:0");
    assert_line(output, "/dev/mqueue 0:0");
    assert_line(output, "pty 0:5 620");
    assert_line(output, "made");
}

/* Promise: memory is taken from the nodes that the plan names. */
static void test_memory_policy(gconstpointer make)
{
    Plan *plan = ((PlanMaker *)make)("head -n 1 /proc/self/numa_maps" END);
    g_autofree char *output = NULL;

    if (access("/proc/self/numa_maps", R_OK) < 0) {
        g_test_skip("the kernel knows no memory nodes");
        xdr_free(&plan_xdr, plan);
        return;
    }
    plan->init.numa.mode = PLAN_NUMA_BIND;
    plan->init.numa.nodes = strdup("0");
    output = kit_run_script(plan);
    g_assert_nonnull(strstr(output, " bind:0 "));
}

/* ---- a root tree made by an attacker ---- */

static void relink(const char *name, const char *to)
{
    g_autofree char *path = kit_root_path(name);

    g_assert_cmpint(rmdir(path), ==, 0);
    g_assert_cmpint(symlink(to, path), ==, 0);
}

static void restore(const char *name)
{
    g_autofree char *path = kit_root_path(name);

    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(mkdir(path, 0755), ==, 0);
}

/* Promise: symlinks in place of /dev, /proc and /sys are refused, and named; nothing outside
 * changes. */
static void test_evil_links(gconstpointer make)
{
    static const char *const names[] = { "dev", "proc", "sys" };
    g_autofree char *canary = g_build_filename(kit_dir(), "canary", NULL);
    const char *const targets[] = { canary, "..", "../../canary", "/data", "/nowhere", "loop" };

    g_assert_cmpint(mkdir(canary, 0755), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(targets); j++) {
            g_autofree char *slashed = g_strdup_printf("'/%s'", names[i]);
            Trial *trial;
            relink(names[i], strcmp(targets[j], "loop") ? targets[j] : names[i]);
            trial = kit_spawn(((PlanMaker *)make)("sleep 1000"));
            kit_wait_over(trial);
            g_assert_nonnull(trial->failure);
            if (!strstr(trial->failure->message, slashed))
                g_error("%s -> %s: %s", names[i], targets[j], trial->failure->message);
            kit_assert_nothing_left(trial);
            kit_free(trial);
            restore(names[i]);
        }
    }
    g_assert_cmpint(rmdir(canary), ==, 0); /* still empty */
}

/* Promise: a host tree goes where a link of the image leads inside of it, never outside. */
static void test_link_inside(gconstpointer make)
{
    g_autofree char *source = g_build_filename(kit_dir(), "shared", NULL);
    g_autofree char *link = kit_root_path("var");
    g_autofree char *output = NULL;
    Plan *plan = ((PlanMaker *)make)("echo at $(grep -o ' /data/deep ' /proc/self/mountinfo)" END);

    g_assert_cmpint(mkdir(source, 0755), ==, 0);
    g_assert_cmpint(symlink("/../../../data", link), ==, 0);
    kit_add_mount(plan, PLAN_MOUNT_HOST, source, "/var/deep", PLAN_MOUNT_F_IDMAP);
    output = kit_run_script(plan);
    assert_line(output, "at /data/deep");
    g_assert_cmpint(rmdir(source), ==, 0);
    g_assert_cmpint(unlink(link), ==, 0);
}

static void add(const char *name, GTestDataFunc test)
{
    g_autofree char *plain = g_strdup_printf("/inside/%s", name);
    g_autofree char *mapped = g_strdup_printf("/inside/%s-idmap", name);

    g_test_add_data_func(plain, (gconstpointer)plain_plan, test);
    g_test_add_data_func(mapped, (gconstpointer)mapped_plan, test);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    add("identity", test_identity);
    add("descriptors", test_descriptors);
    add("capabilities", test_capabilities);
    add("dev", test_dev);
    add("mounts", test_mounts);
    add("new-mounts", test_new_mounts);
    add("memory-policy", test_memory_policy);
    add("passed", test_passed);
    add("user", test_user);
    add("evil-links", test_evil_links);
    add("link-inside", test_link_inside);
    g_test_add_func("/inside/idmapped-root", test_idmapped_root);
    g_test_add_func("/inside/readonly-locked", test_readonly_locked);
    g_test_add_func("/inside/mounts-locked", test_mounts_locked);
    kit_start();
    result = g_test_run();
    kit_stop();
    return result;
}
