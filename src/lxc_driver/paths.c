// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See paths.h. The programs of a container are looked for beside an uninstalled daemon first, so
 * that a build directory works as it is: VIRTLXCD_LIBEXEC_DIR says where, else the installed place.
 */
#include "lxc_driver/paths.h"

#include "base/error.h"
#include "base/text.h"
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A private instance's groups: told apart from every other instance's by where its root is. */
static char *partition_of(const char *root)
{
    g_autofree char *sum = NULL;

    if (!*root)
        return g_strdup("/machine");
    sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, root, -1);
    return g_strdup_printf("/virtlxcd-%.12s", sum);
}

/* SYSCONFDIR for the system, DIR/etc for a private instance: the prefix does not matter there. */
static char *place(const char *root, const char *installed, const char *private_dir)
{
    return *root ? g_build_filename(root, private_dir, NULL) : g_strdup(installed);
}

/* The directory of the running program when the controller stands in its build tree beside it. */
static char *build_tree_libexec(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = NULL;
    g_autofree char *src = NULL;
    g_autofree char *sibling = NULL;
    g_autofree char *program = NULL;

    if (!exe)
        return NULL;
    dir = g_path_get_dirname(exe);
    src = g_path_get_dirname(dir);
    sibling = g_build_filename(src, "controller", NULL);
    program = g_build_filename(sibling, "virtlxc-controller", NULL);
    return access(program, X_OK) == 0 ? g_steal_pointer(&sibling) : NULL;
}

/* In a build tree the abstraction is not installed either. */
static char *find_apparmor_dir(void)
{
    g_autofree char *sibling = build_tree_libexec();
    g_autofree char *src = sibling ? g_path_get_dirname(sibling) : NULL;
    g_autofree char *build = src ? g_path_get_dirname(src) : NULL;

    return build ? g_build_filename(build, "packaging", "apparmor.d", NULL)
                 : g_strdup(SYSCONFDIR "/apparmor.d");
}

static char *find_libexec(void)
{
    const char *asked = g_getenv("VIRTLXCD_LIBEXEC_DIR");
    char *found = asked ? g_strdup(asked) : build_tree_libexec();

    return found ? found : g_strdup(LIBEXECDIR);
}

bool paths_new(const char *root, Paths **ret_paths, GError **err)
{
    g_autoptr(Paths) paths = g_new0(Paths, 1);
    g_autofree char *sysconf = NULL;
    g_autofree char *run = NULL;
    g_autofree char *localstate = NULL;

    if (root) {
        if (g_mkdir_with_parents(root, 0755) < 0)
            return fail_errno(err, errno, _("cannot make the directory '%s'"), root);
        paths->root = realpath(root, NULL);
        if (!paths->root)
            return fail_errno(err, errno, _("cannot find the directory '%s'"), root);
    } else {
        paths->root = strdup("");
    }
    sysconf = place(paths->root, SYSCONFDIR, "etc");
    run = place(paths->root, RUNSTATEDIR, "run");
    localstate = place(paths->root, LOCALSTATEDIR, "var");
    paths->config_file = g_build_filename(sysconf, "libvirt", "virtlxcd.conf", NULL);
    paths->driver_conf = g_build_filename(sysconf, "libvirt", "lxc.conf", NULL);
    paths->definitions_dir = g_build_filename(sysconf, "libvirt", "lxc", NULL);
    paths->autostart_dir = g_build_filename(sysconf, "libvirt", "lxc", "autostart", NULL);
    paths->hooks_dir = g_build_filename(sysconf, "libvirt", "hooks", NULL);
    paths->run_dir = g_build_filename(run, "libvirt", NULL);
    paths->state_dir = g_build_filename(run, "libvirt", "lxc", NULL);
    paths->lock_file = g_build_filename(paths->state_dir, "driver.pid", NULL);
    paths->id_ranges_file =
        g_build_filename(localstate, "lib", "libvirt", "lxc", "id-ranges", NULL);
    paths->log_dir = g_build_filename(localstate, "log", "libvirt", "lxc", NULL);
    paths->pid_file = g_build_filename(run, "virtlxcd.pid", NULL);
    paths->partition = partition_of(paths->root);
    paths->libexec_dir = find_libexec();
    paths->apparmor_dir = find_apparmor_dir();
    *ret_paths = g_steal_pointer(&paths);
    return true;
}

void paths_free(Paths *paths)
{
    if (!paths)
        return;
    free(paths->root);
    g_free(paths->config_file);
    g_free(paths->driver_conf);
    g_free(paths->definitions_dir);
    g_free(paths->autostart_dir);
    g_free(paths->hooks_dir);
    g_free(paths->run_dir);
    g_free(paths->state_dir);
    g_free(paths->lock_file);
    g_free(paths->id_ranges_file);
    g_free(paths->log_dir);
    g_free(paths->pid_file);
    g_free(paths->partition);
    g_free(paths->libexec_dir);
    g_free(paths->apparmor_dir);
    g_free(paths);
}

bool paths_create(const Paths *paths, GError **err)
{
    g_autofree char *lib_dir = g_path_get_dirname(paths->id_ranges_file);
    const struct {
        const char *path;
        int mode;
    } dirs[] = {
        {paths->definitions_dir, 0700},
        { paths->autostart_dir,  0700},
        { paths->run_dir,        0755},
        { paths->state_dir,      0755},
        { paths->log_dir,        0700},
        { lib_dir,               0755},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *parent = g_path_get_dirname(dirs[i].path);
        if (g_mkdir_with_parents(parent, 0755) < 0 ||
            (mkdir(dirs[i].path, (mode_t)dirs[i].mode) < 0 && errno != EEXIST))
            return fail_errno(err, errno, _("cannot make the directory '%s'"), dirs[i].path);
    }
    return true;
}
