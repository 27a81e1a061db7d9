// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What src/kernel decides without touching the system, and the device program in a real group. */
#include "base/fd.h"
#include "base/path.h"
#include "kernel/cgroup-group.h"
#include "kernel/devices.h"
#include "kernel/hierarchy.h"
#include "kernel/user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- hierarchies ---- */

static const Hierarchy *at(GPtrArray *hierarchies, guint index)
{
    return g_ptr_array_index(hierarchies, index);
}

/* Promise: v1 trees, co-mounted ones, named ones and the v2 tree are found with our own groups. */
static void test_hybrid(void)
{
    g_autoptr(GPtrArray) found = hierarchy_parse(
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "30 27 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup "
        "rw,cpu,cpuacct\n"
        "32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,name=systemd\n"
        "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "34 30 0:27 / /other/place rw - cgroup cgroup rw,cpu,cpuacct\n"
        "35 30 0:30 /below /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        "4:cpu,cpuacct:/user/a:b\n1:name=systemd:/\n0::/some\n");

    g_assert_cmpuint(found->len, ==, 3);
    g_assert_cmpstr(at(found, 0)->mount, ==, "/sys/fs/cgroup/cpu,cpuacct");
    g_assert_cmpstr(at(found, 0)->own, ==, "/user/a:b");
    g_assert_true(hierarchy_has(at(found, 0), "cpuacct"));
    g_assert_false(hierarchy_has(at(found, 0), "rw"));
    g_assert_true(hierarchy_has(at(found, 1), "name=systemd"));
    g_assert_true(at(found, 2)->unified);
    g_assert_cmpstr(at(found, 2)->own, ==, "/some");
    g_assert_false(at(found, 2)->delegates);
}

static void test_unified(void)
{
    g_autoptr(GPtrArray) found =
        hierarchy_parse("31 30 0:27 / /sys/fs/cg\\040roup rw shared:9 - cgroup2 cgroup "
                        "rw,nsdelegate,memory_recursiveprot\n",
                        "0::/\n");

    g_assert_cmpuint(found->len, ==, 1);
    g_assert_cmpstr(at(found, 0)->mount, ==, "/sys/fs/cg roup");
    g_assert_true(at(found, 0)->delegates);
}

/* Promise: groups are named as libvirt names them. */
static void test_names(void)
{
    static const struct {
        const char *partition;
        const char *name;
        const char *path;
    } cases[] = {
        {"/machine",      "bb",           "/machine/bb.libvirt-lxc"              },
        { "/machine/web", "bb",           "/machine/web.partition/bb.libvirt-lxc"},
        { "/web/a.b/",    "bb",           "/web.partition/a.b/bb.libvirt-lxc"    },
        { "/machine",     "_x",           "/machine/__x.libvirt-lxc"             },
        { "/machine",     "cgroup.procs", "/machine/_cgroup.procs.libvirt-lxc"   },
        { "/cpu.x",       "memory.y",     "/_cpu.x/_memory.y.libvirt-lxc"        },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Cgroup) cgroup = NULL;
        g_assert_true(cgroup_open(cases[i].partition, cases[i].name, &cgroup, NULL));
        g_assert_cmpstr(cgroup_path(cgroup), ==, cases[i].path);
    }
}

static void test_partition_refused(void)
{
    g_autoptr(Cgroup) cgroup = NULL;

    g_assert_false(cgroup_open("machine", "bb", &cgroup, NULL));
    g_assert_false(cgroup_open("/machine/../..", "bb", &cgroup, NULL));
    g_assert_null(cgroup);
}

/* ---- the device program ---- */

/* Carries a program out as the kernel would: 1 allowed, 0 denied. */
static int interpret(const GArray *program, const uint32_t context[3])
{
    int64_t reg[11] = { 0 };

    for (guint pc = 0; pc < program->len; pc++) {
        struct bpf_insn insn = g_array_index(program, struct bpf_insn, pc);
        int64_t *dst = &reg[insn.dst_reg];
        switch (insn.code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            *dst = context[insn.off / 4];
            break;
        case BPF_ALU | BPF_MOV | BPF_X:
            *dst = reg[insn.src_reg];
            break;
        case BPF_ALU | BPF_MOV | BPF_K:
            *dst = insn.imm;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            *dst &= insn.imm;
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            *dst >>= insn.imm;
            break;
        case BPF_JMP32 | BPF_JNE | BPF_K:
            pc += *dst != insn.imm ? (guint)insn.off : 0;
            break;
        case BPF_JMP32 | BPF_JSET | BPF_K:
            pc += *dst & insn.imm ? (guint)insn.off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return (int)reg[0];
        default:
            g_assert_not_reached();
        }
    }
    g_assert_not_reached();
}

static int ask(const GArray *program, char type, uint32_t access, uint32_t major, uint32_t minor)
{
    uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const uint32_t context[3] = { kind | access << 16, major, minor };

    return interpret(program, context);
}

static const PlanDeviceRule some_rules[] = {
    {'c',  1,   3,   PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD},
    { 'c', 136, -1,  PLAN_ACCESS_READ | PLAN_ACCESS_WRITE                    },
    { 'b', 8,   0,   PLAN_ACCESS_READ                                        },
    { 'a', 10,  229, PLAN_ACCESS_READ                                        },
};

/* Promise: the program allows what a rule allows, all of it, and nothing else. */
static void test_program(void)
{
    g_autoptr(GArray) program = devices_assemble(some_rules, G_N_ELEMENTS(some_rules));
    const uint32_t r = BPF_DEVCG_ACC_READ;
    const uint32_t w = BPF_DEVCG_ACC_WRITE;
    const uint32_t m = BPF_DEVCG_ACC_MKNOD;

    g_assert_cmpint(ask(program, 'c', r | w | m, 1, 3), ==, 1);
    g_assert_cmpint(ask(program, 'b', r, 1, 3), ==, 0);
    g_assert_cmpint(ask(program, 'c', r, 1, 4), ==, 0);
    g_assert_cmpint(ask(program, 'c', r | w, 136, 77), ==, 1);
    g_assert_cmpint(ask(program, 'c', m, 136, 77), ==, 0);
    g_assert_cmpint(ask(program, 'c', r | m, 136, 77), ==, 0);
    g_assert_cmpint(ask(program, 'b', r, 8, 0), ==, 1);
    g_assert_cmpint(ask(program, 'b', w, 8, 0), ==, 0);
    g_assert_cmpint(ask(program, 'b', r, 10, 229), ==, 1);
    g_assert_cmpint(ask(program, 'c', r, 10, 229), ==, 1);
    g_assert_cmpint(ask(program, 'c', w, 10, 229), ==, 0);
}

static void test_program_open(void)
{
    static const PlanDeviceRule all = { 'a', -1, -1,
                                        PLAN_ACCESS_READ | PLAN_ACCESS_WRITE | PLAN_ACCESS_MKNOD };
    g_autoptr(GArray) program = devices_assemble(&all, 1);
    g_autoptr(GArray) nothing = devices_assemble(NULL, 0);

    g_assert_cmpint(ask(program, 'b', BPF_DEVCG_ACC_WRITE, 8, 0), ==, 1);
    g_assert_cmpint(ask(nothing, 'c', BPF_DEVCG_ACC_READ, 1, 3), ==, 0);
}

/* In a child that is a member of the group: can it open the path? */
static bool member_opens(const char *group, const char *path)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        g_autofree char *procs = g_build_filename(group, "cgroup.procs", NULL);
        if (!path_write(AT_FDCWD, procs, "0"))
            _exit(2);
        _exit(open(path, O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(WEXITSTATUS(status), <, 2);
    return WEXITSTATUS(status) == 0;
}

/* Promise: on a real v2 group the kernel takes the program, and a second one replaces the first. */
static void test_program_attached(void)
{
    static const PlanDeviceRule zero = { 'c', 1, 5, PLAN_ACCESS_READ };
    Hierarchy hierarchy = { .unified = true };
    g_autofree char *dir = NULL;
    GError *err = NULL;
    const char *mount = access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup"
                                                                         : "/sys/fs/cgroup/unified";

    dir = g_strdup_printf("%s/virtlxcd-test-kernel-%d", mount, getpid());
    if (geteuid() != 0 || mkdir(dir, 0755) < 0) {
        g_test_skip("needs root and cgroup v2");
        return;
    }
    hierarchy.dir = dir;
    devices_apply(&hierarchy, some_rules, G_N_ELEMENTS(some_rules), &err);
    g_assert_no_error(err);
    g_assert_true(member_opens(dir, "/dev/null"));
    g_assert_false(member_opens(dir, "/dev/zero"));
    devices_apply(&hierarchy, &zero, 1, &err);
    g_assert_no_error(err);
    g_assert_false(member_opens(dir, "/dev/null"));
    g_assert_true(member_opens(dir, "/dev/zero"));
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* ---- users ---- */

static void test_user_ids(void)
{
    static const char *const wrong[] = {
        "", "-1", "1 ", " 1", "1x", "0x1", "4294967295", "4294967296", "99999999999999999999", "+"
    };
    unsigned id;

    g_assert_true(user_parse_id("0", &id));
    g_assert_true(user_parse_id("4294967294", &id));
    g_assert_cmpuint(id, ==, 4294967294u);
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(user_parse_id(wrong[i], &id));
}

/* Promise: broken lines name nobody, the first whole one counts. */
static void test_user_lines(void)
{
    const char *text = "root:x:0:0::/:/bin/sh\nbad:x:zero:0::/:\nshort:x:5\n"
                       "www:x:33:44::/:\nwww:x:0:0::/:\n";
    unsigned ids[2];

    g_assert_true(user_find_line(text, 0, "www", ids));
    g_assert_cmpuint(ids[0], ==, 33);
    g_assert_cmpuint(ids[1], ==, 44);
    g_assert_true(user_find_line(text, 2, "33", ids));
    g_assert_false(user_find_line(text, 0, "bad", ids));
    g_assert_false(user_find_line(text, 0, "short", ids));
    g_assert_false(user_find_line(text, 0, "", ids));
}

/* Promise: a word of digits is a number, whatever the image calls its users. */
static void test_user_number(void)
{
    g_autofree char *dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    g_autofree char *etc = g_build_filename(dir, "etc", NULL);
    g_autofree char *passwd = g_build_filename(etc, "passwd", NULL);
    autofd int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    UserIds ids;

    g_assert_cmpint(mkdir(etc, 0755), ==, 0);
    g_assert_true(g_file_set_contents(passwd, "1000:x:0:0::/:\nme:x:7:8::/:\n", -1, NULL));
    g_assert_true(user_find(root, "1000", "", &ids, NULL));
    g_assert_cmpuint(ids.uid, ==, 1000);
    g_assert_true(user_find(root, "+7", "", &ids, NULL));
    g_assert_cmpuint(ids.gid, ==, 8);
    g_assert_true(user_find(root, "me", "12", &ids, NULL));
    g_assert_cmpuint(ids.uid, ==, 7);
    g_assert_cmpuint(ids.gid, ==, 12);
    g_assert_false(user_find(root, "you", "", &ids, NULL));
    g_assert_false(user_find(root, "-1", "", &ids, NULL));
    g_assert_cmpint(unlink(passwd), ==, 0);
    g_assert_cmpint(symlink("/etc/shadow", passwd), ==, 0);
    g_assert_false(user_find(root, "root", "", &ids, NULL)); /* not the host's */
    g_assert_cmpint(unlink(passwd), ==, 0);
    g_assert_cmpint(rmdir(etc), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel/hierarchy/hybrid", test_hybrid);
    g_test_add_func("/kernel/hierarchy/unified", test_unified);
    g_test_add_func("/kernel/cgroup/names", test_names);
    g_test_add_func("/kernel/cgroup/partition-refused", test_partition_refused);
    g_test_add_func("/kernel/devices/program", test_program);
    g_test_add_func("/kernel/devices/program-open", test_program_open);
    g_test_add_func("/kernel/devices/program-attached", test_program_attached);
    g_test_add_func("/kernel/user/ids", test_user_ids);
    g_test_add_func("/kernel/user/lines", test_user_lines);
    g_test_add_func("/kernel/user/number", test_user_number);
    return g_test_run();
}
