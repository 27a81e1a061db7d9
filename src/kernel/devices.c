// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See devices.h. The BPF program is a chain of rules, each a few compares that jump to the next
 * rule when they do not hold, and "allow" at its end; after the last rule stands "deny". In it r2
 * is the type (1 block, 2 character), r3 the access asked for, r4 the major, r5 the minor.
 */
#include "kernel/devices.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- v1 ---- */

static char *v1_number(int number)
{
    return number < 0 ? g_strdup("*") : g_strdup_printf("%d", number);
}

static char *v1_line(const PlanDeviceRule *rule)
{
    g_autofree char *major = v1_number(rule->major);
    g_autofree char *minor = v1_number(rule->minor);

    return g_strdup_printf("%c %s:%s %s%s%s", (char)rule->type, major, minor,
                           rule->access & PLAN_ACCESS_READ ? "r" : "",
                           rule->access & PLAN_ACCESS_WRITE ? "w" : "",
                           rule->access & PLAN_ACCESS_MKNOD ? "m" : "");
}

/* v1 takes 'a' only as "a *:* rwm", all at once; a narrower rule for both types is two lines. */
static bool v1_allow(const Hierarchy *hierarchy, const PlanDeviceRule *rule, GError **err)
{
    PlanDeviceRule one = *rule;
    const char *types = rule->type == 'a' ? "bc" : NULL;
    char single[2] = { (char)rule->type, '\0' };

    for (const char *type = types ? types : single; *type; type++) {
        g_autofree char *line = NULL;
        one.type = (unsigned char)*type;
        line = v1_line(&one);
        if (!group_write(hierarchy, "devices.allow", line, err))
            return false;
    }
    return true;
}

/* One by one: all at once goes only while no group is below, and one that was removed may count as
 * being there for a moment more. */
static bool v1_deny_listed(const Hierarchy *hierarchy, GError **err)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!group_read(hierarchy, "devices.list", &text, err))
        return false;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line && !group_write(hierarchy, "devices.deny", *line, err))
            return false;
    }
    return true;
}

static bool v1_deny_all(const Hierarchy *hierarchy, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (group_write(hierarchy, "devices.deny", "a", &why))
        return true;
    if (error_errno(why) == EINVAL)
        return v1_deny_listed(hierarchy, err);
    g_propagate_error(err, g_steal_pointer(&why));
    return false;
}

static bool apply_v1(const Hierarchy *hierarchy, const PlanDeviceRule *rules, size_t n_rules,
                     GError **err)
{
    if (!v1_deny_all(hierarchy, err))
        return false;
    for (size_t i = 0; i < n_rules; i++) {
        if (!v1_allow(hierarchy, &rules[i], err))
            return false;
    }
    return true;
}

/* ---- v2 ---- */

static void put(GArray *program, struct bpf_insn insn)
{
    g_array_append_val(program, insn);
}

static void put_load(GArray *program, uint8_t reg, size_t offset)
{
    put(program, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
                                    .dst_reg = reg & 15,
                                    .src_reg = BPF_REG_1,
                                    .off = (int16_t)offset });
}

/* The first argument, r1, points to struct bpf_cgroup_dev_ctx. */
static void put_prologue(GArray *program)
{
    put_load(program, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    put(program, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
                                    .dst_reg = BPF_REG_3,
                                    .src_reg = BPF_REG_2 });
    put(program, (struct bpf_insn){
                     .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = 0xffff });
    put(program,
        (struct bpf_insn){ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = BPF_REG_3, .imm = 16 });
    put_load(program, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
    put_load(program, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static void put_return(GArray *program, int32_t value)
{
    put(program,
        (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value });
    put(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* A compare that leaves the rule; where to is known at the rule's end. */
static void put_leave_if(GArray *program, uint8_t compare, uint8_t reg, int32_t value)
{
    put(program, (struct bpf_insn){ .code = (uint8_t)(BPF_JMP32 | compare | BPF_K),
                                    .dst_reg = reg & 15,
                                    .imm = value });
}

static void put_rule(GArray *program, const PlanDeviceRule *rule)
{
    guint start = program->len;
    int32_t denied =
        ~(int32_t)rule->access & (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD);

    if (rule->type != 'a')
        put_leave_if(program, BPF_JNE, BPF_REG_2,
                     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (denied)
        put_leave_if(program, BPF_JSET, BPF_REG_3, denied);
    if (rule->major >= 0)
        put_leave_if(program, BPF_JNE, BPF_REG_4, rule->major);
    if (rule->minor >= 0)
        put_leave_if(program, BPF_JNE, BPF_REG_5, rule->minor);
    put_return(program, 1);
    for (guint i = start; i < program->len; i++) {
        struct bpf_insn *insn = &g_array_index(program, struct bpf_insn, i);
        if (BPF_CLASS(insn->code) == BPF_JMP32)
            insn->off = (int16_t)(program->len - i - 1);
    }
}

/* Plan's bits and the kernel's are different numbers. */
static uint32_t kernel_access(uint32_t access)
{
    return (access & PLAN_ACCESS_READ ? BPF_DEVCG_ACC_READ : 0u) |
           (access & PLAN_ACCESS_WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
           (access & PLAN_ACCESS_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u);
}

GArray *devices_assemble(const PlanDeviceRule *rules, size_t n_rules)
{
    GArray *program = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));

    put_prologue(program);
    for (size_t i = 0; i < n_rules; i++) {
        PlanDeviceRule rule = rules[i];
        rule.access = kernel_access(rule.access);
        if (rule.access)
            put_rule(program, &rule);
        /* A rule for everything ends the program: the verifier refuses what cannot be reached. */
        if (rule.type == 'a' && rule.major < 0 && rule.minor < 0 && rule.access == 7)
            return program;
    }
    put_return(program, 0);
    return program;
}

static int bpf(int command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int load(const GArray *program)
{
    union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                            .insns = (uint64_t)(uintptr_t)program->data,
                            .insn_cnt = program->len,
                            .license = (uint64_t)(uintptr_t) "LGPL" };

    return bpf(BPF_PROG_LOAD, &attr);
}

#define OLD_PROGRAMS_MAX 64

/* Ids of the device programs on the group itself. */
static uint32_t query(int group, uint32_t *ids)
{
    union bpf_attr attr = {
        .query = {.target_fd = (uint32_t)group,
                  .attach_type = BPF_CGROUP_DEVICE,
                  .prog_ids = (uint64_t)(uintptr_t)ids,
                  .prog_cnt = OLD_PROGRAMS_MAX}
    };

    return bpf(BPF_PROG_QUERY, &attr) == 0 ? attr.query.prog_cnt : 0;
}

static void detach(int group, uint32_t id)
{
    union bpf_attr by_id = { .prog_id = id };
    autofd int program = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
    union bpf_attr attr = { .target_fd = (uint32_t)group,
                            .attach_bpf_fd = (uint32_t)program,
                            .attach_type = BPF_CGROUP_DEVICE };

    if (program >= 0)
        (void)bpf(BPF_PROG_DETACH, &attr); /* stays: then both must allow, which is no less safe */
}

/* The new program first, then the old ones off: access is never open in between. */
static bool apply_v2(const Hierarchy *hierarchy, const PlanDeviceRule *rules, size_t n_rules,
                     GError **err)
{
    g_autoptr(GArray) assembled = devices_assemble(rules, n_rules);
    autofd int group = open(hierarchy->dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    autofd int program = load(assembled);
    union bpf_attr attach = { .target_fd = (uint32_t)group,
                              .attach_bpf_fd = (uint32_t)program,
                              .attach_type = BPF_CGROUP_DEVICE,
                              .attach_flags = BPF_F_ALLOW_MULTI };
    uint32_t old[OLD_PROGRAMS_MAX];
    uint32_t n_old;

    if (program < 0)
        return fail_errno(err, errno, _("cannot load the device program for '%s'"), hierarchy->dir);
    if (group < 0)
        return fail_errno(err, errno, _("cannot open cgroup '%s'"), hierarchy->dir);
    n_old = query(group, old);
    if (bpf(BPF_PROG_ATTACH, &attach) < 0)
        return fail_errno(err, errno, _("cannot attach the device program to '%s'"),
                          hierarchy->dir);
    for (uint32_t i = 0; i < n_old; i++)
        detach(group, old[i]);
    return true;
}

bool devices_apply(const Hierarchy *hierarchy, const PlanDeviceRule *rules, size_t n_rules,
                   GError **err)
{
    return hierarchy->unified ? apply_v2(hierarchy, rules, n_rules, err)
                              : apply_v1(hierarchy, rules, n_rules, err);
}
