// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The payload's verbs about what system calls say of the machine. */
#include "payload.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE 4096

static void print(const struct sysinfo *info)
{
    printf("sysinfo uptime %ld loads %lu %lu %lu total %lu free %lu shared %lu swap %lu %lu "
           "procs %u unit %u\n",
           info->uptime, info->loads[0], info->loads[1], info->loads[2], info->totalram,
           info->freeram, info->sharedram, info->totalswap, info->freeswap, info->procs,
           info->mem_unit);
    fflush(stdout);
}

/* Two pages, of which the second may not be written. */
static char *pages(int second)
{
    char *start =
        mmap(NULL, (size_t)2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mprotect(start + PAGE, PAGE, second);
    return start;
}

static void ask_at(void *place)
{
    result("sysinfo", syscall(SYS_sysinfo, place) == 0);
}

static volatile sig_atomic_t n_signals;

static void count(int signum)
{
    (void)signum;
    n_signals++;
}

/* Signals come all the time, and no answer is lost by them. */
static void ask_in_storm(void)
{
    static const struct itimerval often = {
        {0,  200},
        { 0, 200}
    };
    static const struct itimerval never;
    const struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };
    struct sysinfo info;
    int good = 0;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 200; i++)
        good += sysinfo(&info) == 0;
    setitimer(ITIMER_REAL, &never, NULL);
    printf("sysinfo storm %d %s\n", good, n_signals > 0 ? "signals" : "calm");
    fflush(stdout);
}

/* As a program for the 32-bit machine makes the call. */
static void ask_narrow(void)
{
#ifdef __x86_64__
    uint32_t *place =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    int answer;

    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(116), "b"(place) : "memory");
    printf("sysinfo narrow %d total %u free %u unit %u\n", answer, place[4], place[5], place[13]);
#else
    puts("sysinfo narrow none");
#endif
    fflush(stdout);
}

void do_sysinfo(char **args)
{
    struct sysinfo info;

    if (!strcmp(args[0], "null"))
        ask_at(NULL);
    else if (!strcmp(args[0], "readonly"))
        ask_at(pages(PROT_READ) + PAGE);
    else if (!strcmp(args[0], "straddle"))
        ask_at(pages(PROT_READ) + PAGE - 16);
    else if (!strcmp(args[0], "fits"))
        ask_at(pages(PROT_READ) + PAGE - sizeof info);
    else if (!strcmp(args[0], "narrow"))
        ask_narrow();
    else if (!strcmp(args[0], "storm"))
        ask_in_storm();
    else if (sysinfo(&info) == 0)
        print(&info);
    else
        result("sysinfo", false);
}

/* The numbers of the processors that this process may run on. */
void do_affinity(char **args)
{
    cpu_set_t set;

    (void)args;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) < 0) {
        result("affinity", false);
        return;
    }
    printf("affinity");
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set))
            printf(" %d", i);
    }
    puts("");
    fflush(stdout);
}
