// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See hierarchy.h. */
#include "kernel/hierarchy.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

/* What a v1 mount option must be to name a controller; others are options of the mount. */
static const char *const known_controllers[] = { "cpu",     "cpuacct",    "cpuset",   "memory",
                                                 "devices", "freezer",    "blkio",    "pids",
                                                 "hugetlb", "net_cls",    "net_prio", "misc",
                                                 "rdma",    "perf_event", "debug",    NULL };

static void hierarchy_free(Hierarchy *hierarchy)
{
    g_free(hierarchy->mount);
    g_free(hierarchy->own);
    g_free(hierarchy->dir);
    g_strfreev(hierarchy->controllers);
    g_free(hierarchy);
}

bool hierarchy_has(const Hierarchy *hierarchy, const char *controller)
{
    return g_strv_contains((const char *const *)hierarchy->controllers, controller);
}

/* The controllers among the options of a v1 superblock. */
static char **controllers_of(const char *options)
{
    g_auto(GStrv) words = g_strsplit(options, ",", -1);
    GStrvBuilder *found = g_strv_builder_new();
    char **controllers;

    for (char **word = words; *word; word++) {
        if (g_str_has_prefix(*word, "name=") || g_strv_contains(known_controllers, *word))
            g_strv_builder_add(found, *word);
    }
    controllers = g_strv_builder_end(found);
    g_strv_builder_unref(found);
    return controllers;
}

static bool has_option(const char *options, const char *option)
{
    g_auto(GStrv) words = g_strsplit(options, ",", -1);

    return g_strv_contains((const char *const *)words, option);
}

/* Two mounts of one hierarchy name the same controllers. */
static bool is_known(const GPtrArray *hierarchies, const Hierarchy *other)
{
    for (guint i = 0; i < hierarchies->len; i++) {
        const Hierarchy *known = g_ptr_array_index(hierarchies, i);
        if (known->unified == other->unified &&
            (known->unified || g_strv_equal((const char *const *)known->controllers,
                                            (const char *const *)other->controllers)))
            return true;
    }
    return false;
}

/*
 * "33 27 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory": the path is the fifth
 * field; type, source and options follow the lone hyphen. Only mounts of a hierarchy's root count.
 */
static void add_mount(GPtrArray *hierarchies, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields);
    guint at = 6;
    Hierarchy *hierarchy;

    while (at < n && strcmp(fields[at], "-"))
        at++;
    if (at + 3 >= n || !g_str_has_prefix(fields[at + 1], "cgroup") || strcmp(fields[3], "/"))
        return;
    hierarchy = g_new0(Hierarchy, 1);
    hierarchy->unified = !strcmp(fields[at + 1], "cgroup2");
    hierarchy->mount = g_strcompress(fields[4]);
    hierarchy->controllers = controllers_of(fields[at + 3]);
    hierarchy->delegates = has_option(fields[at + 3], "nsdelegate");
    if (is_known(hierarchies, hierarchy) || (!hierarchy->unified && !hierarchy->controllers[0]))
        hierarchy_free(hierarchy);
    else
        g_ptr_array_add(hierarchies, hierarchy);
}

/* "4:memory:/user" or "0::/": notes the path in the hierarchy that it belongs to. */
static void note_own_group(GPtrArray *hierarchies, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, ":", 3);
    g_auto(GStrv) names = NULL;

    if (g_strv_length(fields) != 3)
        return;
    names = g_strsplit(fields[1], ",", -1);
    for (guint i = 0; i < hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(hierarchies, i);
        bool same = hierarchy->unified ? !names[0] : names[0] && hierarchy_has(hierarchy, names[0]);
        if (same && !hierarchy->own)
            hierarchy->own = g_strdup(fields[2]);
    }
}

GPtrArray *hierarchy_parse(const char *mountinfo, const char *own_groups)
{
    GPtrArray *hierarchies = g_ptr_array_new_with_free_func((GDestroyNotify)hierarchy_free);
    g_auto(GStrv) mounts = g_strsplit(mountinfo, "\n", -1);
    g_auto(GStrv) groups = g_strsplit(own_groups, "\n", -1);

    for (char **line = mounts; *line; line++) {
        if (strstr(*line, " - cgroup"))
            add_mount(hierarchies, *line);
    }
    for (char **line = groups; *line; line++)
        note_own_group(hierarchies, *line);
    for (guint i = 0; i < hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(hierarchies, i);
        if (!hierarchy->own)
            hierarchy->own = g_strdup("/");
    }
    return hierarchies;
}

/* A v2 tree says itself what it offers. */
static void read_unified_controllers(Hierarchy *hierarchy)
{
    g_autofree char *path = g_strconcat(hierarchy->mount, "/cgroup.controllers", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return; /* offers none, as the empty list says already */
    g_strfreev(hierarchy->controllers);
    hierarchy->controllers = g_strsplit(g_strchomp(text), " ", -1);
}

static bool read_file(const char *path, char **ret_text, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (g_file_get_contents(path, ret_text, NULL, &why))
        return true;
    return fail(err, ERR(LXC, SYSTEM_ERROR), _("cannot read '%s': %s"), path, why->message);
}

bool hierarchy_read_host(GPtrArray **ret_hierarchies, GError **err)
{
    g_autofree char *mountinfo = NULL;
    g_autofree char *own_groups = NULL;
    GPtrArray *hierarchies;

    if (!read_file("/proc/self/mountinfo", &mountinfo, err) ||
        !read_file("/proc/self/cgroup", &own_groups, err))
        return false;
    hierarchies = hierarchy_parse(mountinfo, own_groups);
    for (guint i = 0; i < hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(hierarchies, i);
        if (hierarchy->unified)
            read_unified_controllers(hierarchy);
    }
    *ret_hierarchies = hierarchies;
    return true;
}
