// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Paths in a tree whose owner means harm: nothing outside is reached, nothing there is overwritten.
 */
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Tree {
    char *dir; /* holds "root" and, outside of it, "canary" */
    int root;
} Tree;

static void set_up(Tree *tree, gconstpointer data)
{
    g_autofree char *root = NULL;
    g_autofree char *canary = NULL;

    (void)data;
    tree->dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    root = g_build_filename(tree->dir, "root", NULL);
    canary = g_build_filename(tree->dir, "canary", NULL);
    g_assert_cmpint(mkdir(root, 0755), ==, 0);
    g_assert_cmpint(mkdir(canary, 0755), ==, 0);
    tree->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(Tree *tree, gconstpointer data)
{
    char *argv[] = { (char *)"rm", (char *)"-r", tree->dir, NULL };
    g_autofree char *canary = g_build_filename(tree->dir, "canary", NULL);

    (void)data;
    g_assert_cmpint(rmdir(canary), ==, 0); /* empty: nothing got there */
    fd_close(tree->root);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(tree->dir);
}

static bool same(int fd, int dir, const char *path)
{
    struct stat a;
    struct stat b;

    return fstat(fd, &a) == 0 && fstatat(dir, path, &b, 0) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

static void test_root(Tree *tree, gconstpointer data)
{
    static const char *const names[] = { "", "/", "//", ".", "/..", "../../..", "/a/../.." };

    (void)data;
    g_assert_cmpint(mkdirat(tree->root, "a", 0755), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        autofd int fd = path_open(tree->root, names[i], O_PATH, PATH_LINKS_INSIDE);
        g_assert_cmpint(fd, >=, 0);
        g_assert_true(same(fd, tree->root, "."));
    }
}

/* Promise: every way out ends inside, or fails. */
static void test_links(Tree *tree, gconstpointer data)
{
    static const char *const ways[] = { "../canary", "/../canary", "../../canary/", "/canary" };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        autofd int made = -1;
        g_assert_cmpint(symlinkat(ways[i], tree->root, "way"), ==, 0);
        g_assert_cmpint(path_open(tree->root, "way/x", O_PATH, PATH_LINKS_REFUSE), <, 0);
        g_assert_cmpint(errno, ==, ELOOP);
        made = path_make(tree->root, "/way/x", PATH_DIRECTORY, PATH_LINKS_INSIDE);
        g_assert_cmpint(made, <, 0); /* "canary" is not in the root */
        g_assert_cmpint(unlinkat(tree->root, "way", 0), ==, 0);
    }
}

/* Promise: a link that leads to something inside is followed there. */
static void test_link_inside(Tree *tree, gconstpointer data)
{
    autofd int made = -1;

    (void)data;
    g_assert_cmpint(mkdirat(tree->root, "run", 0755), ==, 0);
    g_assert_cmpint(mkdirat(tree->root, "var", 0755), ==, 0);
    g_assert_cmpint(symlinkat("/run", tree->root, "var/run"), ==, 0);
    made = path_make(tree->root, "/var/run/deep/er", PATH_DIRECTORY, PATH_LINKS_INSIDE);
    g_assert_cmpint(made, >=, 0);
    g_assert_true(same(made, tree->root, "run/deep/er"));
}

/* Promise: what is there is opened and not touched. */
static void test_make_file(Tree *tree, gconstpointer data)
{
    struct stat info;
    autofd int made = path_make(tree->root, "etc/hosts", PATH_FILE, PATH_LINKS_REFUSE);
    autofd int again = -1;
    autofd int writer = openat(tree->root, "etc/hosts", O_WRONLY | O_CLOEXEC);

    (void)data;
    g_assert_cmpint(made, >=, 0);
    g_assert_true(fd_write_full(writer, "text", 4));
    again = path_make(tree->root, "etc/hosts", PATH_FILE, PATH_LINKS_REFUSE);
    g_assert_true(same(again, tree->root, "etc/hosts"));
    g_assert_cmpint(fstat(again, &info), ==, 0);
    g_assert_cmpint(info.st_size, ==, 4);
}

/* Promise: a dangling link is not made true. */
static void test_dangling(Tree *tree, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(symlinkat("/made", tree->root, "link"), ==, 0);
    g_assert_cmpint(path_make(tree->root, "link", PATH_FILE, PATH_LINKS_INSIDE), <, 0);
    g_assert_cmpint(errno, ==, ELOOP);
    g_assert_cmpint(faccessat(tree->root, "made", F_OK, 0), <, 0);
}

static void test_magic(Tree *tree, gconstpointer data)
{
    autofd int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *magic = g_strdup_printf("/proc/self/fd/%d", tree->root);

    (void)data;
    g_assert_cmpint(path_open(host, magic, O_PATH, PATH_LINKS_INSIDE), <, 0);
    g_assert_cmpint(errno, ==, ELOOP);
}

/* Promise: reading is bounded, and never waits for a FIFO. */
static void test_read(Tree *tree, gconstpointer data)
{
    autofd int fd = openat(tree->root, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    char *text;

    (void)data;
    g_assert_true(fd_write_full(fd, "12345", 5));
    text = path_read(tree->root, "file", 5);
    g_assert_cmpstr(text, ==, "12345");
    free(text);
    g_assert_null(path_read(tree->root, "file", 4));
    g_assert_cmpint(errno, ==, EFBIG);
    g_assert_cmpint(mkfifoat(tree->root, "fifo", 0644), ==, 0);
    g_assert_null(path_read(tree->root, "fifo", 5));
    g_assert_null(path_read(tree->root, ".", 5));
}

/* Promise: files of the kernel's are the host's, wherever the process works. */
static void test_read_kernel(Tree *tree, gconstpointer data)
{
    autofd int before = open(".", O_PATH | O_CLOEXEC);
    char *text;

    (void)data;
    g_assert_cmpint(fchdir(tree->root), ==, 0);
    text = path_read_kernel("/proc/sys/kernel/ostype", 6);
    g_assert_cmpstr(text, ==, "Linux\n");
    free(text);
    g_assert_null(path_read_kernel("/proc/sys/kernel/ostype", 5));
    g_assert_cmpint(errno, ==, EFBIG);
    g_assert_null(path_read_kernel("/proc/sys/kernel/nothing", 5));
    g_assert_cmpint(errno, ==, ENOENT);
    g_assert_cmpint(fchdir(before), ==, 0);
}

#define ADD(name, test) g_test_add("/path/" name, Tree, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("root", test_root);
    ADD("links", test_links);
    ADD("link-inside", test_link_inside);
    ADD("make-file", test_make_file);
    ADD("dangling", test_dangling);
    ADD("magic", test_magic);
    ADD("read", test_read);
    ADD("read-kernel", test_read_kernel);
    return g_test_run();
}
