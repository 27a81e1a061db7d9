// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The life of a container's groups: made, joined, left, removed. Names are libvirt's: a partition
 * "/a/b" is the directory "a.partition/b.partition", except for the top "machine", "system" and
 * "user" and for components that have a dot already; the group is NAME.libvirt-lxc. Names that the
 * kernel keeps for its own files get an underscore in front.
 *
 * A group of the same path is made in every hierarchy, whether or not the plan sets anything there:
 * the container's own view of the control groups (PLAN_MOUNT_CGROUP) starts at it.
 */
#include "kernel/cgroup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "kernel/cgroup-group.h"
#include "kernel/cgroup-tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* v2 controllers that are asked for on the way down to the group. */
static const char *const wanted_controllers[] = { "cpu", "cpuset", "io", "memory", "pids" };

/* So many characters tell of more processors than any host has. */
#define CPUSET_MAX 16384

/* ---- names ---- */

static bool is_kernel_name(const char *name)
{
    static const char *const prefixes[] = { "cgroup.",   "cpu.",        "cpuacct.", "cpuset.",
                                            "memory.",   "devices.",    "freezer.", "blkio.",
                                            "pids.",     "io.",         "hugetlb.", "net_cls.",
                                            "net_prio.", "perf_event.", "misc.",    "rdma." };

    if (*name == '_' || *name == '.' || !strcmp(name, "tasks") ||
        !strcmp(name, "notify_on_release") || !strcmp(name, "release_agent"))
        return true;
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i]))
            return true;
    }
    return false;
}

static void append_name(GString *path, const char *name, const char *suffix)
{
    g_string_append_printf(path, "/%s%s%s", is_kernel_name(name) ? "_" : "", name, suffix);
}

static bool is_top_partition(const char *name)
{
    return !strcmp(name, "machine") || !strcmp(name, "system") || !strcmp(name, "user");
}

static char *group_path(const char *partition, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(partition, "/", -1);
    GString *path = g_string_new(NULL);
    bool top = true;

    for (char **part = parts; *part; part++) {
        bool plain = strchr(*part, '.') || (top && is_top_partition(*part));
        if (!**part)
            continue;
        append_name(path, *part, plain ? "" : ".partition");
        top = false;
    }
    append_name(path, name, ".libvirt-lxc");
    return g_string_free(path, FALSE);
}

/* ---- one file of a group ---- */

bool group_has_file(const Hierarchy *hierarchy, const char *file)
{
    g_autofree char *path = g_build_filename(hierarchy->dir, file, NULL);

    return access(path, F_OK) == 0;
}

bool group_write(const Hierarchy *hierarchy, const char *file, const char *text, GError **err)
{
    g_autofree char *path = g_build_filename(hierarchy->dir, file, NULL);

    if (path_write(AT_FDCWD, path, text))
        return true;
    return fail_errno(err, errno, _("cannot write '%s' to '%s'"), text, path);
}

bool group_read(const Hierarchy *hierarchy, const char *file, char **ret_text, GError **err)
{
    g_autofree char *path = g_build_filename(hierarchy->dir, file, NULL);
    g_autoptr(GError) why = NULL;

    if (!g_file_get_contents(path, ret_text, NULL, &why))
        return fail(err, ERR(LXC, SYSTEM_ERROR), _("cannot read '%s': %s"), path, why->message);
    g_strchomp(*ret_text);
    return true;
}

Hierarchy *cgroup_find(const Cgroup *cgroup, const char *controller)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        if (hierarchy_has(hierarchy, controller))
            return hierarchy;
    }
    return NULL;
}

Hierarchy *cgroup_find_unified(const Cgroup *cgroup)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        if (hierarchy->unified)
            return hierarchy;
    }
    return NULL;
}

static const char *dir_of(const Hierarchy *hierarchy)
{
    return hierarchy ? hierarchy->dir : NULL;
}

const char *cgroup_dir(const Cgroup *cgroup, const char *controller)
{
    return dir_of(cgroup_find(cgroup, controller));
}

const char *cgroup_unified_dir(const Cgroup *cgroup)
{
    return dir_of(cgroup_find_unified(cgroup));
}

/* ---- made ---- */

/* Whether a group was there already. */
typedef enum GroupOrigin { GROUP_MADE, GROUP_FOUND } GroupOrigin;

/* False where there is something in it, or nobody can tell. */
static bool is_blank(const char *path)
{
    g_autofree char *text = path_read_kernel(path, CPUSET_MAX);

    return text && !*g_strchomp(text);
}

/* A v1 cpuset takes nobody in before it has processors and memory nodes: those of its parent. */
static bool inherit_cpuset(const char *parent, const char *child, GroupOrigin origin, GError **err)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *from = g_build_filename(parent, files[i], NULL);
        g_autofree char *to = g_build_filename(child, files[i], NULL);
        g_autofree char *text = NULL;
        if (origin == GROUP_FOUND && !is_blank(to))
            continue;
        text = path_read_kernel(from, CPUSET_MAX);
        if (!text)
            return fail_errno(err, errno, _("cannot read '%s'"), from);
        if (!path_write(AT_FDCWD, to, g_strchomp(text)))
            return fail_errno(err, errno, _("cannot write '%s' to '%s'"), text, to);
    }
    return true;
}

void group_enable_controllers(const Hierarchy *hierarchy, const char *dir)
{
    g_autofree char *file = g_build_filename(dir, "cgroup.subtree_control", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(wanted_controllers); i++) {
        g_autofree char *text = g_strconcat("+", wanted_controllers[i], NULL);
        if (hierarchy_has(hierarchy, wanted_controllers[i]))
            (void)path_write(AT_FDCWD, file, text); /* a setting that needs it will say so */
    }
}

void group_enable(const Hierarchy *hierarchy, const char *controller)
{
    g_auto(GStrv) names = g_strsplit(hierarchy->dir + strlen(hierarchy->mount) + 1, "/", -1);
    g_autofree char *text = g_strconcat("+", controller, NULL);
    g_autoptr(GString) group = g_string_new(hierarchy->mount);

    for (char **name = names; *name; name++) {
        g_autofree char *file = g_build_filename(group->str, "cgroup.subtree_control", NULL);
        (void)path_write(AT_FDCWD, file, text); /* the caller looks whether it helped */
        g_string_append_printf(group, "/%s", *name);
    }
}

/* Makes `child` below `parent`, and readies it for members. Fine when it is there. */
bool group_make_level(const Hierarchy *hierarchy, const char *parent, const char *child,
                      GError **err)
{
    bool made = mkdir(child, 0755) == 0;

    if (!made && errno != EEXIST)
        return fail_errno(err, errno, _("cannot make cgroup '%s'"), child);
    if (hierarchy->unified)
        return true;
    return !hierarchy_has(hierarchy, "cpuset") ||
           inherit_cpuset(parent, child, made ? GROUP_MADE : GROUP_FOUND, err);
}

/*
 * A group with processes in it becomes threaded when controllers are enabled for those below, and
 * these take no process any more: in a scope of ours that is done when we have stepped aside.
 */
static bool is_ours(const Hierarchy *hierarchy, const char *dir)
{
    return !strcmp(dir + strlen(hierarchy->mount), hierarchy->own);
}

static bool make_levels(const Hierarchy *hierarchy, const char *path, GError **err)
{
    g_auto(GStrv) names = g_strsplit(path + 1, "/", -1);
    g_autofree char *parent = g_strdup(hierarchy->mount);

    for (char **name = names; *name; name++) {
        g_autofree char *child = g_build_filename(parent, *name, NULL);
        if (hierarchy->unified && !is_ours(hierarchy, parent))
            group_enable_controllers(hierarchy, parent);
        if (!group_make_level(hierarchy, parent, child, err))
            return false;
        g_free(parent);
        parent = g_steal_pointer(&child);
    }
    return true;
}

/* Another start makes `dir` at this moment: inherit_cpuset() has not come to its end. */
static bool is_unready(const Hierarchy *hierarchy, const char *dir)
{
    g_autofree char *last = g_build_filename(dir, "cpuset.mems", NULL);

    return hierarchy_has(hierarchy, "cpuset") && is_blank(last);
}

/* The usual case: every partition is there, one mkdir is all. */
static bool make_group(const Hierarchy *hierarchy, const char *path, GError **err)
{
    g_autofree char *parent = g_path_get_dirname(hierarchy->dir);

    if (hierarchy->unified || access(parent, F_OK) < 0 || is_unready(hierarchy, parent))
        return make_levels(hierarchy, path, err);
    return group_make_level(hierarchy, parent, hierarchy->dir, err);
}

static bool cgroup_new(const char *partition, const char *name, Cgroup **ret_cgroup, GError **err)
{
    g_autoptr(Cgroup) cgroup = g_new0(Cgroup, 1);

    if (partition[0] != '/' || strstr(partition, "/.."))
        return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                    _("the resource partition '%s' is not an absolute path without '..'"),
                    partition);
    cgroup->path = group_path(partition, name);
    if (!hierarchy_read_host(&cgroup->hierarchies, err))
        return false;
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        hierarchy->dir = g_strconcat(hierarchy->mount, cgroup->path, NULL);
    }
    *ret_cgroup = g_steal_pointer(&cgroup);
    return true;
}

bool cgroup_create(const PlanCgroup *plan, Cgroup **ret_cgroup, GError **err)
{
    g_autoptr(Cgroup) cgroup = NULL;

    if (!cgroup_new(plan->partition, plan->name, &cgroup, err))
        return false;
    if (plan->delegate)
        group_divide(cgroup);
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        if (!make_group(g_ptr_array_index(cgroup->hierarchies, i), cgroup->path, err)) {
            (void)cgroup_remove(cgroup, NULL); /* the first failure is the one to tell */
            return false;
        }
    }
    *ret_cgroup = g_steal_pointer(&cgroup);
    return true;
}

bool cgroup_open(const char *partition, const char *name, Cgroup **ret_cgroup, GError **err)
{
    g_autoptr(Cgroup) cgroup = NULL;

    if (!cgroup_new(partition, name, &cgroup, err))
        return false;
    for (guint i = cgroup->hierarchies->len; i-- > 0;) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        if (access(hierarchy->dir, F_OK) < 0 && !aside_has_us(hierarchy))
            g_ptr_array_remove_index(cgroup->hierarchies, i);
    }
    *ret_cgroup = g_steal_pointer(&cgroup);
    return true;
}

void cgroup_free(Cgroup *cgroup)
{
    if (!cgroup)
        return;
    g_clear_pointer(&cgroup->hierarchies, g_ptr_array_unref);
    g_free(cgroup->path);
    g_free(cgroup);
}

const char *cgroup_path(const Cgroup *cgroup)
{
    return cgroup->path;
}

/* ---- joined and left ---- */

/*
 * The group that processes are in: one below that with the limits, whose files are not to be seen
 * inside. No group may use more than the one above it, whatever root inside writes. v2 can keep a
 * container from the files of its own group; some controllers limit nothing, nor does a hierarchy
 * that has but a name. A group that root inside divides is made anew by every reboot.
 */
static bool has_inner(const Hierarchy *hierarchy)
{
    static const char *const harmless[] = { "freezer", "perf_event", "net_cls", "net_prio", NULL };
    bool limits = false;

    if (hierarchy->unified)
        return hierarchy->divided || !hierarchy->delegates;
    for (char **name = hierarchy->controllers; *name; name++)
        limits |= !g_str_has_prefix(*name, "name=") && !g_strv_contains(harmless, *name);
    return limits && !hierarchy_has(hierarchy, "freezer"); /* which is joined another way */
}

char *group_members_dir(const Hierarchy *hierarchy)
{
    return has_inner(hierarchy) ? g_build_filename(hierarchy->dir, GROUP_INNER, NULL)
                                : g_strdup(hierarchy->dir);
}

static bool make_members_dir(const Hierarchy *hierarchy, const char *dir, GError **err)
{
    return !has_inner(hierarchy) || group_make_level(hierarchy, hierarchy->dir, dir, err);
}

bool group_enter(const Hierarchy *hierarchy, const char *dir, GError **err)
{
    const char *members = hierarchy->unified ? "cgroup.procs" : "tasks";
    g_autofree char *path = g_build_filename(dir, members, NULL);

    if (path_write(AT_FDCWD, path, "0"))
        return true;
    return fail_errno(err, errno, _("cannot join cgroup '%s'"), dir);
}

static bool enter_v1(const Hierarchy *hierarchy, const char *dir, GError **err)
{
    return hierarchy->unified || group_enter(hierarchy, dir, err);
}

static bool is_freezer(const Hierarchy *hierarchy)
{
    return !hierarchy->unified && hierarchy_has(hierarchy, "freezer");
}

bool cgroup_join(Cgroup *cgroup, GError **err)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        g_autofree char *dir = group_members_dir(hierarchy);
        if (is_freezer(hierarchy))
            continue;
        if (!make_members_dir(hierarchy, dir, err) || !enter_v1(hierarchy, dir, err))
            return false;
    }
    return true;
}

bool cgroup_open_freezer(Cgroup *cgroup, int *ret_fd, GError **err)
{
    const Hierarchy *freezer = cgroup_find(cgroup, "freezer");
    g_autofree char *path = freezer ? g_build_filename(freezer->dir, "tasks", NULL) : NULL;
    int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

    if (path && fd < 0)
        return fail_errno(err, errno, _("cannot open cgroup '%s'"), freezer->dir);
    *ret_fd = fd;
    return true;
}

bool cgroup_leave(Cgroup *cgroup, GError **err)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        g_autofree char *own = g_build_filename(hierarchy->mount, hierarchy->own, NULL);
        if (!enter_v1(hierarchy, own, err))
            return false;
    }
    return true;
}

bool cgroup_open_unified(Cgroup *cgroup, int *ret_fd, GError **err)
{
    const Hierarchy *unified = cgroup_find_unified(cgroup);
    g_autofree char *dir = unified ? group_members_dir(unified) : NULL;
    int fd = -1;

    if (dir)
        fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (dir && fd < 0)
        return fail_errno(err, errno, _("cannot open cgroup '%s'"), dir);
    *ret_fd = fd;
    return true;
}

/* ---- removed ---- */

/* Usually nothing is below but the group of the members: no need to look. */
static bool remove_group(const Hierarchy *hierarchy)
{
    g_autofree char *inner = group_members_dir(hierarchy);
    int64_t guarantee = guarantee_of(hierarchy);

    if (has_inner(hierarchy))
        (void)rmdir(inner); /* what is below it takes the longer way */
    if (!group_remove_tree(hierarchy->dir))
        return false;
    guarantee_gone(hierarchy, guarantee);
    return true;
}

static bool remove_nested(const Hierarchy *hierarchy)
{
    return group_remove_below(hierarchy->dir);
}

static bool remove_each(Cgroup *cgroup, bool (*remove_one)(const Hierarchy *hierarchy),
                        GError **err)
{
    bool gone = true;

    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        const Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        if (remove_one(hierarchy))
            continue;
        if (gone)
            fail_errno(err, errno, _("cannot remove cgroup '%s'"), hierarchy->dir);
        gone = false;
    }
    return gone;
}

bool cgroup_remove(Cgroup *cgroup, GError **err)
{
    bool gone = remove_each(cgroup, remove_group, err);

    for (guint i = 0; gone && i < cgroup->hierarchies->len; i++)
        aside_remove(g_ptr_array_index(cgroup->hierarchies, i));
    return gone;
}

bool cgroup_remove_below(Cgroup *cgroup, GError **err)
{
    return remove_each(cgroup, remove_nested, err);
}

static void remove_empty_partition(const Hierarchy *hierarchy)
{
    g_autofree char *dir = g_path_get_dirname(hierarchy->dir);

    while (strlen(dir) > strlen(hierarchy->mount) && rmdir(dir) == 0) {
        char *parent = g_path_get_dirname(dir);
        g_free(dir);
        dir = parent;
    }
}

void cgroup_remove_partition(const char *partition)
{
    g_autoptr(Cgroup) cgroup = NULL;

    if (!cgroup_new(partition, "any", &cgroup, NULL))
        return;
    for (guint i = 0; i < cgroup->hierarchies->len; i++)
        remove_empty_partition(g_ptr_array_index(cgroup->hierarchies, i));
}
