// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* qemu-nbd in its jail: it serves the one image, and there is nothing else for it. */
#include "base/fd.h"
#include "base/process.h"
#include "image/nbd.h"
#include "image/server.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (8u << 20)
#define END_MS 10000

typedef struct Images {
    char *dir;
    const char *program; /* NULL: nothing can be tested here */
} Images;

static void run(const char *const *argv)
{
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

static void set_up(Images *images, gconstpointer data)
{
    g_autofree char *tool = g_find_program_in_path("qemu-img");

    (void)data;
    images->dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    images->program = tool ? server_program() : NULL;
}

static void tear_down(Images *images, gconstpointer data)
{
    const char *argv[] = { "rm", "-r", images->dir, NULL };

    (void)data;
    run(argv);
    g_free(images->dir);
}

static bool can_test(const Images *images)
{
    if (geteuid() == 0 && images->program)
        return true;
    g_test_skip(images->program ? "only root can make a jail" : "qemu-utils is not installed");
    return false;
}

static ServerImage open_image(const char *path, const char *driver, bool readonly)
{
    ServerImage image = { open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC), readonly,
                          driver };

    g_assert_cmpint(image.fd, >=, 0);
    return image;
}

/* "CapEff:\t0000000000000000" is a line of it. */
static void assert_status(pid_t pid, const char *line)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    if (!strstr(text, line))
        g_error("'%s' is not in:\n%s", line, text);
}

/* Of ours one was changed on the way: that of networks. */
static void assert_own_space(pid_t pid, const char *space)
{
    g_autofree char *ours = g_strdup_printf("/proc/%d/ns/%s", (int)getppid(), space);
    g_autofree char *its = g_strdup_printf("/proc/%d/ns/%s", (int)pid, space);
    struct stat one;
    struct stat other;

    g_assert_cmpint(stat(ours, &one) | stat(its, &other), ==, 0);
    g_assert_cmpuint(one.st_ino, !=, other.st_ino);
}

static pid_t pid_of(int pidfd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", pidfd);
    g_autofree char *text = NULL;
    const char *line;
    int pid = -1;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "\nPid:");
    g_assert_true(line && sscanf(line, "\nPid: %d", &pid) == 1);
    return pid;
}

static void assert_root(pid_t pid)
{
    static const char *const there[] = { "bin",   "dev",   "etc",  "image", "lib",
                                         "lib32", "lib64", "sbin", "usr",   NULL };
    g_autofree char *path = g_strdup_printf("/proc/%d/root", (int)pid);
    g_autofree char *made = g_build_filename(path, "made", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)))
        g_assert_true(g_strv_contains(there, name));
    g_assert_cmpint(g_mkdir(made, 0700), ==, -1);
    g_assert_cmpint(errno, ==, EROFS);
}

/* The pid is its first thread's, so the jail is there once it has greeted. */
static void assert_jail(const Server *server, const struct stat *owner)
{
    static const char *const spaces[] = { "mnt", "net", "pid", "ipc", "uts" };
    static const char *const lines[] = { "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000",
                                         "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
                                         "Seccomp:\t2" };
    g_autofree char *uid = g_strdup_printf("\nUid:\t%u\t%u\t%u\t%u\n", owner->st_uid, owner->st_uid,
                                           owner->st_uid, owner->st_uid);
    pid_t pid = pid_of(server->pidfd);

    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        assert_own_space(pid, spaces[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_status(pid, lines[i]);
    assert_status(pid, uid);
    assert_root(pid);
}

/* Promise: what is in the image is served, by its owner without any rights, until the end of the
 * connection. */
static void test_serves(Images *images, gconstpointer data)
{
    g_autofree char *path = g_build_filename(images->dir, "image", NULL);
    const char *argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", path, "8M", NULL };
    ServerImage image;
    Server server;
    NbdExport export = { 0 };
    struct stat owner;

    (void)data;
    if (!can_test(images))
        return;
    run(argv);
    g_assert_cmpint(chown(path, 12345, 12345) | chmod(path, 0600), ==, 0);
    image = open_image(path, "qcow2", false);
    g_assert_cmpint(fstat(image.fd, &owner), ==, 0);
    server_init(&server);
    g_assert_true(server_start(&image, images->program, &server));
    g_assert_true(nbd_greet(server.connection, &export));
    g_assert_cmpuint(export.size, ==, SIZE);
    assert_jail(&server, &owner);
    fd_close(fd_steal(&server.connection));
    g_assert_true(process_wait_end(server.pidfd, END_MS));
    server_clear(&server);
    fd_close(image.fd);
}

static void assert_not_served(const Images *images, const char *path, const char *driver,
                              const char *reason)
{
    ServerImage image = open_image(path, driver, true);
    NbdExport export = { 0 };
    char words[2048];
    ssize_t n;
    Server server;

    server_init(&server);
    g_assert_true(server_start(&image, images->program, &server));
    g_assert_false(nbd_greet(server.connection, &export));
    g_assert_true(process_wait_end(server.pidfd, END_MS));
    n = read(server.words, words, sizeof words - 1);
    words[n > 0 ? n : 0] = '\0';
    if (!strstr(words, reason))
        g_error("'%s' is not in:\n%s", reason, words);
    server_clear(&server);
    fd_close(image.fd);
}

/* Promise: other files, by whatever name an image has them, are not there; and a format is not
 * guessed. */
static void test_refuses(Images *images, gconstpointer data)
{
    g_autofree char *path = g_build_filename(images->dir, "image", NULL);
    g_autofree char *secret = g_build_filename(images->dir, "secret", NULL);
    const char *backed[] = { "qemu-img", "create", "-q",   "-f", "qcow2", "-F",
                             "raw",      "-b",     secret, path, "8M",    NULL };
    const char *outside[] = { "qemu-img", "create", "-q", "-f", "qcow2",
                              "-o",       NULL,     path, "8M", NULL };
    g_autofree char *option = g_strconcat("data_file=", secret, NULL);

    (void)data;
    if (!can_test(images))
        return;
    g_assert_true(g_file_set_contents(secret, "a secret of the host\n", -1, NULL));
    run(backed);
    assert_not_served(images, path, "qcow2", "Could not open backing file");
    outside[6] = option;
    run(outside);
    assert_not_served(images, path, "qcow2", "No such file or directory");
    assert_not_served(images, secret, "qcow2", "not in qcow2 format");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/image-server/serves", Images, NULL, set_up, test_serves, tear_down);
    g_test_add("/image-server/refuses", Images, NULL, set_up, test_refuses, tear_down);
    return g_test_run();
}
