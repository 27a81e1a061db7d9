// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What a console prints: kept for who looks next, and written to files that are rotated. */
#include "base/fd.h"
#include "controller/console-file.h"
#include "controller/ring.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the ring ---- */

static char *ring_text(ControlRing *ring, size_t step)
{
    GString *text = g_string_new(NULL);
    char data[4096];
    size_t n;

    while ((n = ring_peek(ring, data, step)) > 0) {
        g_string_append_len(text, data, (gssize)n);
        ring_drop(ring, n);
    }
    return g_string_free(text, FALSE);
}

/* Promise: what was put in comes out in order, the last 64 KiB of it, however it is cut. */
static void test_ring(void)
{
    GString *all = g_string_new(NULL);
    ControlRing ring = { .memory = -1 };
    GRand *random = g_rand_new_with_seed(7);

    for (int round = 0; round < 200; round++) {
        g_autofree char *text = NULL;
        char chunk[3000];
        guint n = (guint)g_rand_int_range(random, 1, (gint32)sizeof chunk);
        for (guint i = 0; i < n; i++)
            chunk[i] = (char)('a' + g_rand_int_range(random, 0, 26));
        ring_add(&ring, chunk, n);
        g_string_append_len(all, chunk, n);
        if (all->len > RING_SIZE)
            g_string_erase(all, 0, (gssize)(all->len - RING_SIZE));
        g_assert_cmpuint(ring.length, ==, all->len);
        if (round % 60 != 59)
            continue;
        text = ring_text(&ring, 1 + (size_t)round * 20);
        g_assert_true(!strcmp(text, all->str));
        g_assert_cmpuint(ring.start + ring.length, ==, 0);
        g_string_truncate(all, 0);
    }
    g_rand_free(random);
    g_string_free(all, TRUE);
    ring_clear(&ring);
    g_assert_cmpint(ring.memory, ==, -1);
}

/* Promise: more at once than there is room for leaves its end. */
static void test_ring_flood(void)
{
    g_autofree char *data = g_malloc(3 * RING_SIZE + 1);
    ControlRing ring = { .memory = -1 };
    g_autofree char *text = NULL;

    for (size_t i = 0; i < 3 * RING_SIZE; i++)
        data[i] = (char)('a' + i / 7 % 26);
    data[3 * RING_SIZE] = '\0';
    ring_add(&ring, "before", 6);
    ring_add(&ring, data, 3 * RING_SIZE);
    text = ring_text(&ring, 4096);
    g_assert_true(!strcmp(text, data + 2 * RING_SIZE));
    ring_clear(&ring);
}

/* ---- files ---- */

typedef struct Log {
    char *dir;
    ControlConsoleFile kept;
    ConsoleFile file;
} Log;

static void begin(Log *log)
{
    g_autofree char *path = g_build_filename(log->dir, "log", NULL);

    log->kept.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    console_file_start(&log->file, &log->kept);
}

static void set_up(Log *log, gconstpointer data)
{
    (void)data;
    log->dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    log->kept = (ControlConsoleFile){ .name = (char *)"log", .max_size = 20, .max_backups = 2 };
    log->kept.dir = open(log->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    begin(log);
}

static void tear_down(Log *log, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(log->dir, 0, NULL);
    const char *name;

    (void)data;
    while (dir && (name = g_dir_read_name(dir)))
        (void)unlinkat(log->kept.dir, name, 0); /* rmdir tells what stays */
    g_assert_cmpint(rmdir(log->dir), ==, 0);
    fd_close(log->kept.fd);
    fd_close(log->kept.dir);
    g_free(log->dir);
}

static void say(Log *log, const char *text)
{
    console_file_write(&log->file, text, strlen(text));
}

/* NULL: not there. */
static void assert_file(const Log *log, const char *name, const char *wanted)
{
    g_autofree char *path = g_build_filename(log->dir, name, NULL);
    g_autofree char *text = NULL;

    (void)g_file_get_contents(path, &text, NULL, NULL); /* else it stays NULL */
    g_assert_cmpstr(text, ==, wanted);
}

/* Promise: files end where a line ends, the oldest goes, and nothing is lost in between. */
static void test_rotation(Log *log, gconstpointer data)
{
    (void)data;
    say(log, "one\ntwo\nthree\nfour\n");
    assert_file(log, "log.0", NULL);
    say(log, "!");
    assert_file(log, "log", "one\ntwo\nthree\nfour\n!");
    say(log, "five\n");
    assert_file(log, "log.0", "one\ntwo\nthree\nfour\n!");
    assert_file(log, "log", "five\n");
    say(log, "six\nseven\neight\nnine\nten\neleven\ntwelve\n");
    assert_file(log, "log.1", "five\nsix\nseven\n");
    assert_file(log, "log.0", "eight\nnine\nten\n");
    assert_file(log, "log", "eleven\ntwelve\n");
    assert_file(log, "log.2", NULL);
    assert_file(log, "log.new", NULL);
}

/* Promise: a line longer than a file is cut, and a file holds no more than it may. */
static void test_long_line(Log *log, gconstpointer data)
{
    (void)data;
    say(log, "0123456789012345678901234567890123456789012345\n");
    assert_file(log, "log.1", "01234567890123456789");
    assert_file(log, "log.0", "01234567890123456789");
    assert_file(log, "log", "012345\n");
    say(log, "and what no line begins");
    assert_file(log, "log.1", "012345\n");
    assert_file(log, "log.0", "and what no line beg");
    assert_file(log, "log", "ins");
}

/* Promise: without backups the file begins anew; without a size it grows. */
static void test_no_backups(Log *log, gconstpointer data)
{
    (void)data;
    log->kept.max_backups = 0;
    say(log, "one\ntwo\nthree\nfour\n");
    say(log, "five\n");
    assert_file(log, "log", "five\n");
    log->kept.max_size = 0;
    say(log, "six\nseven\neight\nnine\nten\n");
    assert_file(log, "log", "five\nsix\nseven\neight\nnine\nten\n");
    assert_file(log, "log.0", NULL);
}

/* Promise: what is there at the start counts, and a file that others cut short has room. */
static void test_sizes(Log *log, gconstpointer data)
{
    (void)data;
    say(log, "one\ntwo\nthree\nfour\n");
    fd_close(log->kept.fd);
    begin(log);
    say(log, "five\n");
    assert_file(log, "log.0", "one\ntwo\nthree\nfour\n");
    g_assert_cmpint(ftruncate(log->kept.fd, 0), ==, 0);
    say(log, "six\nseven\neight\nnin\n");
    assert_file(log, "log", "six\nseven\neight\nnin\n");
    assert_file(log, "log.1", NULL);
}

/* Promise: the next file is for the same readers; one that a crash left is in nobody's way. */
static void test_mode(Log *log, gconstpointer data)
{
    struct stat info;

    (void)data;
    g_assert_cmpint(fchmod(log->kept.fd, 0640), ==, 0);
    g_assert_cmpint(symlinkat("canary", log->kept.dir, "log.new"), ==, 0);
    say(log, "one\ntwo\nthree\nfour\n");
    say(log, "five\n");
    g_assert_cmpint(fstatat(log->kept.dir, "log", &info, AT_SYMLINK_NOFOLLOW), ==, 0);
    g_assert_cmpuint(info.st_mode, ==, S_IFREG | 0640);
    assert_file(log, "log.0", "one\ntwo\nthree\nfour\n");
    assert_file(log, "canary", NULL);
}

/* Promise: what cannot be rotated goes on to be written. */
static void test_cannot_rotate(Log *log, gconstpointer data)
{
    (void)data;
    log->kept.max_backups = 1;
    g_assert_cmpint(mkdirat(log->kept.dir, "log.0", 0700), ==, 0);
    say(log, "one\ntwo\nthree\nfour\n");
    say(log, "five\n");
    say(log, "six\n");
    assert_file(log, "log", "one\ntwo\nthree\nfour\nfive\nsix\n");
    assert_file(log, "log.new", NULL);
    g_assert_cmpint(unlinkat(log->kept.dir, "log.0", AT_REMOVEDIR), ==, 0);
    say(log, "seven\n");
    assert_file(log, "log", "seven\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/ring", test_ring);
    g_test_add_func("/console/ring-flood", test_ring_flood);
    g_test_add("/console/rotation", Log, NULL, set_up, test_rotation, tear_down);
    g_test_add("/console/long-line", Log, NULL, set_up, test_long_line, tear_down);
    g_test_add("/console/no-backups", Log, NULL, set_up, test_no_backups, tear_down);
    g_test_add("/console/sizes", Log, NULL, set_up, test_sizes, tear_down);
    g_test_add("/console/mode", Log, NULL, set_up, test_mode, tear_down);
    g_test_add("/console/cannot-rotate", Log, NULL, set_up, test_cannot_rotate, tear_down);
    return g_test_run();
}
