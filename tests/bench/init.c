// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The containers' init of the measurements. Its first act is to look at the clock; then it tells
 * the time and its number through the fifo /stamp of its root, and does what the first word says:
 *
 *   hold N        waits, and ends on SIGTERM
 *   burst N MIB   reads one byte of its console, then writes MIB mebibytes of lines, then END
 *   lines N KIB   the same with two bytes a write, as yes(1) in a small shell does
 *   ask N TIMES   makes the system call sysinfo so often, and tells the time again
 *   flood N MIB   writes MIB mebibytes at once, and tells the time again when that is done
 *
 * Static and without any library's start-up beyond libc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t); /* the one clock that no time namespace changes */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void stamp(uint64_t number, uint64_t time)
{
    uint64_t record[2] = { number, time };
    int fd = open("/stamp", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, record, sizeof(record)) != sizeof(record))
        _exit(99);
    close(fd);
}

static void put(const char *data, size_t size, size_t chunk)
{
    while (size > 0) {
        ssize_t n = write(1, data, size < chunk ? size : chunk);

        if (n < 0 && errno != EINTR && errno != EAGAIN)
            _exit(98);
        if (n > 0)
            size -= (size_t)n;
    }
}

static void ask(size_t times)
{
    struct sysinfo info;

    while (times-- > 0)
        if (sysinfo(&info) < 0)
            _exit(97);
}

static void wait_for_key(void)
{
    char key;

    while (read(0, &key, 1) < 0 && errno == EINTR)
        continue;
}

static void end(int signum)
{
    (void)signum;
    _exit(0);
}

int main(int argc, char **argv)
{
    static char text[65536];
    uint64_t started = now();
    const char *mode = argc > 1 ? argv[1] : "hold";
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t amount = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 26);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGPWR, end);
    stamp(number, started);
    if (strcmp(mode, "ask") == 0) {
        ask(amount);
        stamp(number, now());
    } else if (strcmp(mode, "hold") != 0) {
        if (strcmp(mode, "flood") != 0)
            wait_for_key();
        for (size_t i = 0; i < amount * (strcmp(mode, "lines") == 0 ? 1 : 16); i++) {
            if (strcmp(mode, "lines") == 0)
                for (int k = 0; k < 512; k++)
                    put("y\n", 2, 2);
            else
                put(text, sizeof(text), sizeof(text));
        }
        if (strcmp(mode, "flood") == 0)
            stamp(number, now());
        else
            put("\nEND\n", 5, 5);
    }
    for (;;)
        pause();
}
