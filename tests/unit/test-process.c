// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Sealed memory, also when the kernel has other business with its pages for a while. */
#include "base/fd.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE ((size_t)64 << 20)
#define HELD_US 400000 /* longer than the kernel itself waits */

typedef struct Holder {
    gint stop;
    bool held; /* there was something to hold */
} Holder;

/* The sealed one, while it is being written; -1: there is none. */
static int find_memory(void)
{
    int found = -1;

    for (int fd = 3; fd < 32 && found < 0; fd++) {
        g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *target = g_file_read_link(link, NULL);
        struct stat info;

        if (target && g_str_has_prefix(target, "/memfd:held") && fstat(fd, &info) == 0 &&
            info.st_size > 65536)
            found = dup(fd);
    }
    return found;
}

/* A pipe that has a page of it in it keeps that page from being sealed. */
static gpointer hold(gpointer data)
{
    Holder *holder = data;
    autofd int memory = -1;
    loff_t begin = 0;
    int ends[2];

    while (memory < 0 && !g_atomic_int_get(&holder->stop))
        memory = find_memory();
    if (memory < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    holder->held = splice(memory, &begin, ends[1], NULL, 4096, 0) == 4096;
    g_usleep(HELD_US);
    close(ends[0]);
    close(ends[1]);
    return NULL;
}

static void check_sealed(int fd, const void *bytes, size_t size)
{
    g_autofree char *found = g_malloc(size);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pread(fd, found, size, 0), ==, (gssize)size);
    g_assert_cmpmem(found, size, bytes, size);
    g_assert_cmpint(pwrite(fd, "x", 1, 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    g_assert_cmpint(ftruncate(fd, 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void test_sealed(void)
{
    autofd int fd = process_seal_bytes("plain", "some bytes", 10);

    check_sealed(fd, "some bytes", 10);
}

static void test_held(void)
{
    g_autofree char *bytes = g_malloc(SIZE);
    Holder holder = { 0 };
    GThread *thread = g_thread_new("holder", hold, &holder);
    autofd int fd = -1;

    memset(bytes, 'b', SIZE);
    fd = process_seal_bytes("held", bytes, SIZE);
    g_atomic_int_set(&holder.stop, true);
    g_thread_join(thread);
    check_sealed(fd, bytes, 4096);
    if (!holder.held)
        g_test_skip("it was sealed before anybody could hold it");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process/sealed", test_sealed);
    g_test_add_func("/process/held", test_held);
    return g_test_run();
}
