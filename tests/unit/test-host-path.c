// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Paths on the host: symlinks lead on where they are root's, and none leads through a container. */
#include "base/fd.h"
#include "base/host-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Host {
    char *dir; /* holds "a/b" and "tree/in", of which "tree" is the container's */
    int fd;
    HostPlace tree;
} Host;

static void set_up(Host *host, gconstpointer data)
{
    struct stat info;

    (void)data;
    host->dir = g_dir_make_tmp("virtlxcd-test-XXXXXX", NULL);
    host->fd = open(host->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint(mkdirat(host->fd, "a", 0755) | mkdirat(host->fd, "a/b", 0755), ==, 0);
    g_assert_cmpint(mkdirat(host->fd, "tree", 0755) | mkdirat(host->fd, "tree/in", 0755), ==, 0);
    g_assert_cmpint(fstatat(host->fd, "tree", &info, 0), ==, 0);
    host->tree = (HostPlace){ .device = info.st_dev, .inode = info.st_ino };
}

static void tear_down(Host *host, gconstpointer data)
{
    char *argv[] = { (char *)"rm", (char *)"-r", host->dir, NULL };

    (void)data;
    fd_close(host->fd);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(host->dir);
}

/* `below` without a slash in front is below the directory. */
static int walk(const Host *host, const char *below, char **ret_name)
{
    g_autofree char *path =
        *below == '/' ? g_strdup(below) : g_strconcat(host->dir, "/", below, NULL);
    const char *name = NULL;
    int fd = host_path_open_parent(path, (HostPlaces){ 1, &host->tree }, &name);

    *ret_name = fd >= 0 ? g_strdup(name) : NULL;
    return fd;
}

static void assert_leads_to(const Host *host, const char *below, const char *dir, const char *name)
{
    g_autofree char *found = NULL;
    autofd int fd = walk(host, below, &found);
    struct stat got;
    struct stat wanted;

    g_assert_cmpstr(found, ==, name);
    g_assert_cmpint(fstat(fd, &got) | fstatat(host->fd, dir, &wanted, 0), ==, 0);
    g_assert_true(got.st_ino == wanted.st_ino && got.st_dev == wanted.st_dev);
}

static void assert_refused(const Host *host, const char *below, int errnum)
{
    g_autofree char *found = NULL;
    int fd = walk(host, below, &found);
    int got = errno;

    g_assert_cmpint(fd, ==, -1);
    g_assert_cmpint(got, ==, errnum);
}

/* Promise: a plain way is gone, whatever the last component is. */
static void test_plain(Host *host, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(symlinkat("/", host->fd, "a/b/link"), ==, 0);
    assert_leads_to(host, "a/b/new", "a/b", "new");
    assert_leads_to(host, "a/b/link", "a/b", "link");
    assert_leads_to(host, "a//./b/../b///new", "a/b", "new");
    assert_leads_to(host, "tree", ".", "tree");
    assert_leads_to(host, "/etc/x", "/etc", "x");
    assert_leads_to(host, "/x", "/", "x");
    assert_leads_to(host, "/../x", "/", "x");
}

/* Promise: what leads nowhere says why. */
static void test_nowhere(Host *host, gconstpointer data)
{
    g_autofree char *name = g_strnfill(300, 'n');
    g_autofree char *path = g_strnfill(5000, '/');
    g_autofree char *long_name = g_strconcat(name, "/x", NULL);
    g_autofree char *long_path = g_strconcat(path, "x/x", NULL);

    (void)data;
    assert_refused(host, "missing/x", ENOENT);
    assert_refused(host, "a/b/", EINVAL);
    assert_refused(host, "a/b/..", EINVAL);
    assert_refused(host, "a/b/.", EINVAL);
    assert_refused(host, "/", EINVAL);
    assert_refused(host, "/etc/passwd/x", ENOTDIR);
    assert_refused(host, long_name, ENOENT);
    assert_refused(host, long_path, ENAMETOOLONG);
    errno = 0;
    g_assert_cmpint(host_path_open_parent("relative/x", (HostPlaces){ 0 }, NULL), ==, -1);
    g_assert_cmpint(errno, ==, EINVAL);
}

/* Promise: symlinks of ours are followed, relative, absolute and many; a circle ends. */
static void test_links(Host *host, gconstpointer data)
{
    g_autofree char *absolute = g_build_filename(host->dir, "a", NULL);

    (void)data;
    g_assert_cmpint(symlinkat("a/b", host->fd, "relative"), ==, 0);
    g_assert_cmpint(symlinkat("../relative", host->fd, "a/up"), ==, 0);
    g_assert_cmpint(symlinkat(absolute, host->fd, "absolute"), ==, 0);
    g_assert_cmpint(symlinkat("circle", host->fd, "circle"), ==, 0);
    assert_leads_to(host, "relative/x", "a/b", "x");
    assert_leads_to(host, "a/up/x", "a/b", "x");
    assert_leads_to(host, "absolute/up/../b/x", "a/b", "x");
    assert_refused(host, "circle/x", ELOOP);
}

/* Promise: a symlink of somebody else is not followed. */
static void test_strange_link(Host *host, gconstpointer data)
{
    (void)data;
    if (geteuid() != 0) {
        g_test_skip("only root can make files of others");
        return;
    }
    g_assert_cmpint(symlinkat("a", host->fd, "strange"), ==, 0);
    g_assert_cmpint(fchownat(host->fd, "strange", 1000, 1000, AT_SYMLINK_NOFOLLOW), ==, 0);
    assert_refused(host, "strange/x", ELOOP);
}

/* Promise: no way leads through a closed place, not even out of it again. */
static void test_closed(Host *host, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(symlinkat("/etc", host->fd, "tree/out"), ==, 0);
    g_assert_cmpint(symlinkat("tree/in", host->fd, "into"), ==, 0);
    assert_refused(host, "tree/x", EXDEV);
    assert_refused(host, "tree/in/x", EXDEV);
    assert_refused(host, "tree/out/x", EXDEV);
    assert_refused(host, "tree/../a/x", EXDEV);
    assert_refused(host, "into/x", EXDEV);
}

static int open_below(const Host *host, const char *below)
{
    g_autofree char *path = g_build_filename(host->dir, below, NULL);

    return host_path_open(path, (HostPlaces){ 1, &host->tree }, O_RDONLY);
}

static void assert_not_opened(const Host *host, const char *below, int errnum)
{
    g_assert_cmpint(open_below(host, below), ==, -1);
    g_assert_cmpint(errno, ==, errnum);
}

/* Promise: what is opened may be behind symlinks of ours, but in no closed place, by no way. */
static void test_open(Host *host, gconstpointer data)
{
    static const char *const ways[] = { "a/b/file", "link", "a/b/up", "a/b/absolute" };
    g_autofree char *absolute = g_build_filename(host->dir, "link", NULL);
    struct stat wanted;
    struct stat got;

    (void)data;
    fd_close(openat(host->fd, "a/b/file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    fd_close(openat(host->fd, "tree/file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    g_assert_cmpint(symlinkat("a/b/file", host->fd, "link"), ==, 0);
    g_assert_cmpint(symlinkat("../../link", host->fd, "a/b/up"), ==, 0);
    g_assert_cmpint(symlinkat(absolute, host->fd, "a/b/absolute"), ==, 0);
    g_assert_cmpint(symlinkat("circle", host->fd, "circle"), ==, 0);
    g_assert_cmpint(symlinkat("tree/file", host->fd, "into"), ==, 0);
    g_assert_cmpint(symlinkat("../a/b/file", host->fd, "tree/out"), ==, 0);
    g_assert_cmpint(fstatat(host->fd, "a/b/file", &wanted, 0), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        autofd int fd = open_below(host, ways[i]);
        g_assert_cmpint(fstat(fd, &got), ==, 0);
        g_assert_true(got.st_ino == wanted.st_ino && got.st_dev == wanted.st_dev);
    }
    assert_not_opened(host, "missing", ENOENT);
    assert_not_opened(host, "circle", ELOOP);
    assert_not_opened(host, "tree/file", EXDEV);
    assert_not_opened(host, "into", EXDEV);
    assert_not_opened(host, "tree/out", EXDEV);
    if (geteuid() != 0)
        return;
    g_assert_cmpint(fchownat(host->fd, "link", 1000, 1000, AT_SYMLINK_NOFOLLOW), ==, 0);
    assert_not_opened(host, "a/b/up", ELOOP);
}

static void assert_found(const Host *host, const char *below, HostPathEnd end, const char *wanted)
{
    g_autofree char *path = g_build_filename(host->dir, below, NULL);
    autofd int fd = host_path_find(path, (HostPlaces){ 1, &host->tree }, end);
    struct stat there;
    struct stat got;

    g_assert_cmpint(fstat(fd, &got) | fstatat(host->fd, wanted, &there, 0), ==, 0);
    g_assert_true(got.st_ino == there.st_ino && got.st_dev == there.st_dev);
}

static void assert_not_found(const Host *host, const char *below, HostPathEnd end, int errnum)
{
    g_autofree char *path = g_build_filename(host->dir, below, NULL);

    g_assert_cmpint(host_path_find(path, (HostPlaces){ 1, &host->tree }, end), ==, -1);
    g_assert_cmpint(errno, ==, errnum);
}

/* Promise: what is mounted is found behind anybody's links but those in a closed place. */
static void test_find(Host *host, gconstpointer data)
{
    static const char *const links[] = { "tree/out", "tree/in/up", "tree/out/x" };
    g_autofree char *absolute = g_build_filename(host->dir, "a", NULL);

    (void)data;
    fd_close(openat(host->fd, "a/b/file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    g_assert_cmpint(symlinkat(absolute, host->fd, "absolute"), ==, 0);
    g_assert_cmpint(symlinkat("tree/in", host->fd, "into"), ==, 0);
    g_assert_cmpint(symlinkat("circle", host->fd, "circle"), ==, 0);
    g_assert_cmpint(symlinkat("../a", host->fd, "tree/out"), ==, 0);
    g_assert_cmpint(symlinkat("..", host->fd, "tree/in/up"), ==, 0);
    if (geteuid() == 0)
        g_assert_cmpint(fchownat(host->fd, "absolute", 1000, 1000, AT_SYMLINK_NOFOLLOW), ==, 0);
    assert_found(host, "a/b/file", HOST_PATH_ANY, "a/b/file");
    assert_found(host, "absolute//b/./", HOST_PATH_NO_LINK, "a/b");
    assert_found(host, "absolute", HOST_PATH_DIRECTORY, "a");
    assert_found(host, "into", HOST_PATH_ANY, "tree/in");
    assert_found(host, "tree", HOST_PATH_NO_LINK, "tree");
    assert_found(host, "tree/in/../in", HOST_PATH_DIRECTORY, "tree/in");
    assert_not_found(host, "missing", HOST_PATH_ANY, ENOENT);
    assert_not_found(host, "tree/missing", HOST_PATH_ANY, ENOENT);
    assert_not_found(host, "circle", HOST_PATH_ANY, ELOOP);
    assert_not_found(host, "absolute", HOST_PATH_NO_LINK, ELOOP);
    assert_not_found(host, "a/b/file", HOST_PATH_DIRECTORY, ENOTDIR);
    assert_not_found(host, "a/b/file/x", HOST_PATH_ANY, ENOTDIR);
    for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
        assert_not_found(host, links[i], HOST_PATH_ANY, ELOOP);
    assert_not_found(host, "tree/../a", HOST_PATH_ANY, EXDEV);
}

/* Promise: sockets are made and found there, with names that are not too long for the kernel. */
static void test_sockets(Host *host, gconstpointer data)
{
    g_autofree char *path = g_build_filename(host->dir, "a/b/sock", NULL);
    g_autofree char *name = g_strnfill(100, 'n');
    g_autofree char *long_path = g_build_filename(host->dir, name, NULL);
    g_autofree char *closed = g_build_filename(host->dir, "tree/sock", NULL);
    HostPlaces places = { 1, &host->tree };
    autofd int bound = host_path_socket(path, places, bind);
    autofd int connected = -1;

    (void)data;
    g_assert_cmpint(bound, >=, 0);
    g_assert_cmpint(host_path_socket(path, places, connect), ==, -1);
    g_assert_cmpint(errno, ==, ECONNREFUSED);
    g_assert_cmpint(listen(bound, 1), ==, 0);
    connected = host_path_socket(path, places, connect);
    g_assert_cmpint(connected, >=, 0);
    g_assert_cmpint(host_path_socket(long_path, places, bind), ==, -1);
    g_assert_cmpint(errno, ==, ENAMETOOLONG);
    g_assert_cmpint(host_path_socket(closed, places, bind), ==, -1);
    g_assert_cmpint(errno, ==, EXDEV);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/host-path/plain", Host, NULL, set_up, test_plain, tear_down);
    g_test_add("/host-path/nowhere", Host, NULL, set_up, test_nowhere, tear_down);
    g_test_add("/host-path/links", Host, NULL, set_up, test_links, tear_down);
    g_test_add("/host-path/strange-link", Host, NULL, set_up, test_strange_link, tear_down);
    g_test_add("/host-path/closed", Host, NULL, set_up, test_closed, tear_down);
    g_test_add("/host-path/open", Host, NULL, set_up, test_open, tear_down);
    g_test_add("/host-path/find", Host, NULL, set_up, test_find, tear_down);
    g_test_add("/host-path/sockets", Host, NULL, set_up, test_sockets, tear_down);
    return g_test_run();
}
