// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See changeable.h. Who can write to a directory can put a symbolic link anywhere in it, which
 * would lead whoever mounts something from there to any place of the host. Names are compared,
 * since that is what definitions have.
 */
#include "lxc_driver/changeable.h"

#include <string.h>

#include "conf/compile.h"
#include "lxc_driver/domain-list.h"

/* ---- what a plan mounts ---- */

static void add_path(GPtrArray *paths, const char *path)
{
    if (path && *path == '/')
        g_ptr_array_add(paths, g_canonicalize_filename(path, "/"));
}

static GPtrArray *sources_of(const Plan *plan)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

    for (uint32_t i = 0; i < plan->mounts.len; i++) {
        const PlanMount *mount = &plan->mounts.items[i];

        if (mount->kind == PLAN_MOUNT_HOST || mount->kind == PLAN_MOUNT_OVERLAY)
            add_path(paths, mount->source);
        for (uint32_t j = 0; j < mount->overlay.lowers.len; j++)
            add_path(paths, mount->overlay.lowers.items[j]);
    }
    return paths;
}

static bool is_above_one(const char *dir, const GPtrArray *paths)
{
    size_t len = strlen(dir);

    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);

        if (strncmp(path, dir, len) == 0 && path[len] == '/')
            return true;
    }
    return false;
}

/* ---- what a definition can change ---- */

static bool is_noted(const Plan *plan, const char *dir)
{
    for (uint32_t i = 0; i < plan->changeable.len; i++)
        if (strcmp(plan->changeable.items[i], dir) == 0)
            return true;
    return false;
}

/* Who has all of the host has nothing to gain. */
static void note(const char *path, const GPtrArray *paths, Plan *plan)
{
    g_autofree char *dir = NULL;

    if (!path || *path != '/')
        return;
    dir = g_canonicalize_filename(path, "/");
    if (strcmp(dir, "/") != 0 && is_above_one(dir, paths) && !is_noted(plan, dir))
        *PLAN_ADD(&plan->changeable) = g_steal_pointer(&dir);
}

static void note_filesystem(const Filesystem *fs, const GPtrArray *paths, Plan *plan)
{
    note(fs->overlay.upper, paths, plan);
    note(fs->overlay.work, paths, plan);
    if (fs->readonly || overlay_is_given(&fs->overlay))
        return;
    if (fs->type == FILESYSTEM_MOUNT)
        note(fs->source, paths, plan);
    if (fs->type == FILESYSTEM_VOLUME)
        note(fs->volume.path, paths, plan);
}

static void note_definition(const DomainDef *def, const GPtrArray *paths, Plan *plan)
{
    for (size_t i = 0; def && i < def->filesystems.n; i++)
        note_filesystem(def->filesystems.items[i], paths, plan);
}

void changeable_note(const Domain *domain, const DomainDef *live, Plan *plan)
{
    g_autoptr(GPtrArray) all = domain_list_all(domain->driver->domains);
    g_autoptr(GPtrArray) paths = sources_of(plan);

    note_definition(live, paths, plan);
    for (guint i = 0; i < all->len; i++) {
        const Domain *other = g_ptr_array_index(all, i);

        if (other != domain)
            note_definition(domain_def(other), paths, plan);
    }
}
