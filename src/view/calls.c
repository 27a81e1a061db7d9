// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See calls.h. */
#include "view/calls.h"

#include "plan-xdr.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(PLAN_VIEW_SYSINFO == 1 << VIEW_CALL_SYSINFO, "bits are calls");
_Static_assert(PLAN_VIEW_AFFINITY == 1 << VIEW_CALL_AFFINITY, "bits are calls");

/* ---- which ---- */

/* A kernel runs programs of one or two of these. A test finds our own numbers here. */
static const CallMachine machines[] = {
    {AUDIT_ARCH_X86_64,       false, { 99, 204 } },
    { AUDIT_ARCH_I386,        true,  { 116, 242 }},
    { AUDIT_ARCH_AARCH64,     false, { 179, 123 }},
    { AUDIT_ARCH_ARM,         true,  { 116, 242 }},
    { AUDIT_ARCH_RISCV64,     false, { 179, 123 }},
    { AUDIT_ARCH_LOONGARCH64, false, { 179, 123 }},
    { AUDIT_ARCH_S390X,       false, { 116, 240 }},
    { AUDIT_ARCH_PPC64LE,     false, { 116, 223 }},
};
#define N_MACHINES (sizeof machines / sizeof *machines)

const CallMachine *calls_find(uint32_t arch, int number, ViewCall *ret_call)
{
    for (size_t i = 0; i < N_MACHINES; i++) {
        for (ViewCall call = 0; call < VIEW_CALLS; call++) {
            if (machines[i].arch != arch || machines[i].numbers[call] != number)
                continue;
            *ret_call = call;
            return &machines[i];
        }
    }
    return NULL;
}

/* ---- the filter ---- */

#define LOAD(field)                                                                                \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(value, n)                                                                      \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, n)
#define RETURN(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, action)

/* What is done for each architecture but its two first instructions, behind it. */
static size_t add_calls(const CallMachine *machine, unsigned calls, struct sock_filter *program)
{
    size_t n = 0;

    for (ViewCall call = 0; call < VIEW_CALLS; call++) {
        if (!(calls & 1u << call))
            continue;
        program[n++] = SKIP_UNLESS(machine->numbers[call], 1);
        program[n++] = RETURN(SECCOMP_RET_USER_NOTIF);
    }
    program[n++] = RETURN(SECCOMP_RET_ALLOW);
    return n;
}

size_t calls_make_program(unsigned calls, struct sock_filter ret_program[CALLS_PROGRAM_MAX])
{
    size_t n = 0;

    ret_program[n++] = LOAD(arch);
    for (size_t i = 0; i < N_MACHINES; i++) {
        size_t body = add_calls(&machines[i], calls, ret_program + n + 2);

        ret_program[n] = SKIP_UNLESS(machines[i].arch, (uint8_t)(body + 1));
        ret_program[n + 1] = LOAD(nr);
        n += body + 2;
    }
    ret_program[n++] = RETURN(SECCOMP_RET_ALLOW);
    return n;
}

_Static_assert(2 + N_MACHINES * (3 + 2 * VIEW_CALLS) <= CALLS_PROGRAM_MAX, "it has room");

/* ---- sysinfo ---- */

typedef struct Wide {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t ram, free_ram, shared, buffers;
    uint64_t swap, free_swap;
    uint16_t processes, unused;
    uint64_t high, free_high;
    uint32_t unit;
} Wide;

typedef struct Narrow {
    int32_t uptime;
    uint32_t loads[3];
    uint32_t ram, free_ram, shared, buffers;
    uint32_t swap, free_swap;
    uint16_t processes, unused;
    uint32_t high, free_high;
    uint32_t unit;
    uint32_t rest[2];
} Narrow;

_Static_assert(sizeof(Wide) == 112 && sizeof(Narrow) == 64, "they are the kernel's");

ViewNeeds calls_sysinfo_needs(void)
{
    return (ViewNeeds){ NEEDS_MEMORY | NEEDS_LOAD, true };
}

static Wide take_wide(const Facts *facts)
{
    MemorySum memory = memory_sum_up(facts);
    uint64_t tasks = load_tasks(facts);
    Wide wide = {
        .uptime = (int64_t)((facts->clock + 999999) / 1000000),
        .ram = memory.total,
        .free_ram = memory.unused,
        .shared = memory.shared,
        .swap = memory.swap_total,
        .free_swap = memory.swap_unused,
        .processes = (uint16_t)(tasks < UINT16_MAX ? tasks : UINT16_MAX),
        .unit = 1,
    };

    load_catch_up(facts);
    for (size_t i = 0; i < 3; i++)
        wide.loads[i] = facts->load->average[i] >> (LOAD_BITS - SI_LOAD_BITS);
    return wide;
}

/* In units of pages where bytes are too many. */
static Narrow make_narrow(const Wide *wide, uint64_t page)
{
    bool fits = wide->ram <= UINT32_MAX && wide->swap <= UINT32_MAX;
    uint64_t unit = fits ? 1 : page;
    Narrow narrow = {
        .uptime = (int32_t)wide->uptime,
        .ram = (uint32_t)(wide->ram / unit),
        .free_ram = (uint32_t)(wide->free_ram / unit),
        .shared = (uint32_t)(wide->shared / unit),
        .swap = (uint32_t)(wide->swap / unit),
        .free_swap = (uint32_t)(wide->free_swap / unit),
        .processes = wide->processes,
        .unit = (uint32_t)unit,
    };

    for (size_t i = 0; i < 3; i++)
        narrow.loads[i] = (uint32_t)wide->loads[i];
    return narrow;
}

void calls_make_sysinfo(const Facts *facts, bool narrow, Text *out)
{
    Wide wide = take_wide(facts);
    Narrow small = make_narrow(&wide, facts->page);

    if (narrow)
        text_add_bytes(out, (const char *)&small, sizeof small);
    else
        text_add_bytes(out, (const char *)&wide, sizeof wide);
}

/* ---- affinity ---- */

void calls_keep_first(uint64_t *mask, size_t n_words, unsigned n)
{
    for (size_t i = 0; i < n_words * 64; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        if (!(mask[i / 64] & bit))
            continue;
        if (n > 0)
            n--;
        else
            mask[i / 64] &= ~bit;
    }
}
