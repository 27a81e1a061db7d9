// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The filter catches the calls that it is made for and no other; what they are answered with, and
 * where that may be written. */
#include "view/calls.h"
#include "view/remote.h"

#include <glib.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#define SYSINFO (1u << VIEW_CALL_SYSINFO)
#define AFFINITY (1u << VIEW_CALL_AFFINITY)

/* ---- the filter ---- */

/* As the kernel runs it; only what the filter is made of. */
static uint32_t run(const struct sock_filter *program, size_t n, const struct seccomp_data *data)
{
    uint32_t word = 0;

    for (size_t at = 0; at < n; at++) {
        const struct sock_filter *step = &program[at];

        if (step->code == (BPF_LD | BPF_W | BPF_ABS))
            memcpy(&word, (const char *)data + step->k, sizeof word);
        else if (step->code == (BPF_JMP | BPF_JEQ | BPF_K))
            at += word == step->k ? step->jt : step->jf;
        else if (step->code == (BPF_RET | BPF_K))
            return step->k;
        else
            g_error("step %zu is not known", at);
    }
    g_error("it has no end");
}

static bool is_caught(unsigned calls, uint32_t arch, int number)
{
    struct sock_filter program[CALLS_PROGRAM_MAX];
    size_t n = calls_make_program(calls, program);
    struct seccomp_data data = { .arch = arch, .nr = number };
    uint32_t verdict = run(program, n, &data);

    g_assert_cmpuint(n, <=, CALLS_PROGRAM_MAX);
    g_assert_true(verdict == SECCOMP_RET_USER_NOTIF || verdict == SECCOMP_RET_ALLOW);
    return verdict == SECCOMP_RET_USER_NOTIF;
}

static void test_program(void)
{
    static const struct {
        uint32_t arch;
        int sysinfo;
        int affinity;
    } machines[] = {
        {AUDIT_ARCH_X86_64,   99,  204},
        { AUDIT_ARCH_I386,    116, 242},
        { AUDIT_ARCH_AARCH64, 179, 123},
        { AUDIT_ARCH_PPC64LE, 116, 223},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
        uint32_t arch = machines[i].arch;

        for (int number = 0; number < 500; number++) {
            bool sysinfo = number == machines[i].sysinfo;
            bool affinity = number == machines[i].affinity;

            g_assert_true(is_caught(SYSINFO, arch, number) == sysinfo);
            g_assert_true(is_caught(AFFINITY, arch, number) == affinity);
            g_assert_true(is_caught(SYSINFO | AFFINITY, arch, number) == (sysinfo || affinity));
        }
    }
    g_assert_false(is_caught(SYSINFO, AUDIT_ARCH_SPARC, 99));
    g_assert_false(is_caught(SYSINFO, AUDIT_ARCH_X86_64, 0x40000000 | 99)); /* x32's */
}

/* This machine's own numbers are in the table. */
static void test_numbers(void)
{
    struct sock_filter program[CALLS_PROGRAM_MAX];
    size_t n = calls_make_program(SYSINFO, program);
    unsigned found = 0;
    ViewCall call = VIEW_CALLS;

    for (size_t i = 1; i < n; i++) {
        if (program[i - 1].code != (BPF_JMP | BPF_JEQ | BPF_K))
            continue;
        if (calls_find(program[i - 1].k, SYS_sysinfo, &call) && call == VIEW_CALL_SYSINFO &&
            calls_find(program[i - 1].k, SYS_sched_getaffinity, &call) &&
            call == VIEW_CALL_AFFINITY)
            found++;
    }
    g_assert_cmpuint(found, >, 0);
    g_assert_null(calls_find(AUDIT_ARCH_X86_64, 98, &call));
    g_assert_null(calls_find(AUDIT_ARCH_SPARC, 99, &call));
}

/* ---- answers ---- */

static Facts some_facts(FactLoad *load)
{
    Facts facts = { .usage_before = "", .page = 4096, .clock = 1500000, .load = load };

    facts.texts[FACT_HOST_MEMINFO] =
        "MemTotal: 16777216 kB\nSwapTotal: 8388608 kB\nSwapFree: 0 kB\n";
    facts.texts[FACT_MEMORY_LIMIT] = "104857600\n";
    facts.texts[FACT_MEMORY_USAGE] = "4857600\n";
    facts.texts[FACT_MEMORY_STAT] = "anon 1\nshmem 4096\n";
    facts.texts[FACT_SWAP_LIMIT] = "8192\n";
    facts.texts[FACT_SWAP_USAGE] = "4096\n";
    facts.texts[FACT_TASKS] = "70000\n";
    return facts;
}

static void test_sysinfo(void)
{
    FactLoad load = {
        .work = 1, .average = {3u << 20, 1u << 19, 0}
    };
    Facts facts = some_facts(&load);
    struct sysinfo info = { 0 };
    Text text = { 0 };

    calls_make_sysinfo(&facts, false, &text);
    if (sizeof(long) == 8) {
        g_assert_cmpuint(text.len, ==, sizeof info);
        memcpy(&info, text.data, sizeof info);
        g_assert_cmpint(info.uptime, ==, 2);
        g_assert_cmpuint(info.loads[0], ==, 3 * 65536);
        g_assert_cmpuint(info.loads[1], ==, 32768);
        g_assert_cmpuint(info.totalram, ==, 104857600);
        g_assert_cmpuint(info.freeram, ==, 100000000);
        g_assert_cmpuint(info.sharedram, ==, 4096);
        g_assert_cmpuint(info.totalswap, ==, 8192);
        g_assert_cmpuint(info.freeswap, ==, 4096);
        g_assert_cmpuint(info.procs, ==, 65535);
        g_assert_cmpuint(info.mem_unit, ==, 1);
    }
    text_clear(&text);
}

static void test_narrow(void)
{
    FactLoad load = { .work = 1 };
    Facts facts = some_facts(&load);
    uint32_t words[16];
    Text text = { 0 };

    calls_make_sysinfo(&facts, true, &text);
    g_assert_cmpuint(text.len, ==, sizeof words);
    memcpy(words, text.data, sizeof words);
    g_assert_cmpuint(words[0], ==, 2);
    g_assert_cmpuint(words[4], ==, 104857600);
    g_assert_cmpuint(words[13], ==, 1);
    text_clear(&text);
    facts.texts[FACT_MEMORY_LIMIT] = "8589934592\n"; /* too many bytes for a word */
    calls_make_sysinfo(&facts, true, &text);
    memcpy(words, text.data, sizeof words);
    g_assert_cmpuint(words[4], ==, 2097152);
    g_assert_cmpuint(words[13], ==, 4096);
    text_clear(&text);
}

static void test_first(void)
{
    uint64_t mask[2] = { 0x8000000000000014u, 0x3 };

    calls_keep_first(mask, 2, 4);
    g_assert_cmphex(mask[0], ==, 0x8000000000000014u);
    g_assert_cmphex(mask[1], ==, 0x1);
    calls_keep_first(mask, 2, 1);
    g_assert_cmphex(mask[0], ==, 0x4);
    g_assert_cmphex(mask[1], ==, 0);
}

/* ---- memory of others ---- */

#define MAPS                                                                                       \
    "00001000-00003000 r--p 00000000 08:01 1 /x\n"                                                 \
    "00003000-00004000 rw-p 00000000 00:00 0\n"                                                    \
    "00004000-00005000 rw-s 00000000 00:00 0\n"                                                    \
    "00005000-00006000 r-xp 00000000 00:00 0\n"                                                    \
    "00008000-00009000 -w-p 00000000 00:00 0 [stack]\n"                                            \
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"

static void test_writable(void)
{
    static const struct {
        uint64_t address;
        size_t size;
        bool may;
    } places[] = {
        {0x3000,               112,    true },
        { 0x3fff,              112,    true }, /* over two */
        { 0x3000,              0x2000, true },
        { 0x3000,              0x2001, false},
        { 0x2ff0,              112,    false},
        { 0x4ff0,              112,    false},
        { 0x7ff0,              112,    false},
        { 0x8000,              0x1000, true },
        { 0x8ff0,              112,    false},
        { 0,                   112,    false},
        { 0xffffffffff600000u, 112,    false},
        { UINT64_MAX - 4,      112,    false},
        { 0x1000,              112,    false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        const RemotePlace place = { 1, places[i].address, places[i].size };
        g_assert_true(remote_may_write(MAPS, &place) == places[i].may);
        g_assert_false(remote_may_write("", &place));
        g_assert_false(remote_may_write("not a map\n3000-\n3000-9000", &place));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/view-calls/program", test_program);
    g_test_add_func("/view-calls/numbers", test_numbers);
    g_test_add_func("/view-calls/sysinfo", test_sysinfo);
    g_test_add_func("/view-calls/narrow", test_narrow);
    g_test_add_func("/view-calls/first", test_first);
    g_test_add_func("/view-calls/writable", test_writable);
    return g_test_run();
}
