// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See changeable.h. Who can write to a directory can put a symbolic link anywhere in it, which
 * would lead whoever mounts something from there to any place of the host. Names are compared,
 * since that is what definitions have. They are counted as definitions come and go, so that a start
 * looks only for the directories above its own sources.
 */
#include "lxc_driver/changeable.h"

#include <string.h>

#include "conf/compile.h"

struct Changeable {
    GHashTable *counts; /* path -> how many definitions have it writable */
};

Changeable *changeable_new(void)
{
    Changeable *changeable = g_new(Changeable, 1);

    changeable->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return changeable;
}

void changeable_free(Changeable *changeable)
{
    if (!changeable)
        return;
    g_hash_table_unref(changeable->counts);
    g_free(changeable);
}

/* ---- what a definition can change ---- */

/* Who has all of the host has nothing to gain. */
static void count_path(Changeable *changeable, const char *path, int difference)
{
    g_autofree char *dir = NULL;
    int count;

    if (!path || *path != '/')
        return;
    dir = g_canonicalize_filename(path, "/");
    if (strcmp(dir, "/") == 0)
        return;
    count = GPOINTER_TO_INT(g_hash_table_lookup(changeable->counts, dir)) + difference;
    if (count > 0)
        g_hash_table_replace(changeable->counts, g_steal_pointer(&dir), GINT_TO_POINTER(count));
    else
        g_hash_table_remove(changeable->counts, dir);
}

static void count_filesystem(Changeable *changeable, const Filesystem *fs, int difference)
{
    count_path(changeable, fs->overlay.upper, difference);
    count_path(changeable, fs->overlay.work, difference);
    if (fs->readonly || overlay_is_given(&fs->overlay))
        return;
    if (fs->type == FILESYSTEM_MOUNT)
        count_path(changeable, fs->source, difference);
    if (fs->type == FILESYSTEM_VOLUME)
        count_path(changeable, fs->volume.path, difference);
}

static void count(Changeable *changeable, const DomainDef *def, int difference)
{
    for (size_t i = 0; def && i < def->filesystems.n; i++)
        count_filesystem(changeable, def->filesystems.items[i], difference);
}

void changeable_add(Changeable *changeable, const DomainDef *def)
{
    count(changeable, def, 1);
}

void changeable_remove(Changeable *changeable, const DomainDef *def)
{
    count(changeable, def, -1);
}

/* ---- what a plan opens ---- */

static bool is_noted(const Plan *plan, const char *dir)
{
    for (uint32_t i = 0; i < plan->changeable.len; i++)
        if (strcmp(plan->changeable.items[i], dir) == 0)
            return true;
    return false;
}

static void note_above(const Changeable *changeable, const char *path, Plan *plan)
{
    g_autofree char *dir = NULL;
    char *slash = NULL;

    if (*path != '/')
        return;
    dir = g_canonicalize_filename(path, "/");
    while ((slash = strrchr(dir, '/')) && slash != dir) {
        *slash = '\0';
        if (g_hash_table_contains(changeable->counts, dir) && !is_noted(plan, dir))
            *PLAN_ADD(&plan->changeable) = g_strdup(dir);
    }
}

static void note_mount(const Changeable *changeable, const PlanMount *mount, Plan *plan)
{
    if (mount->kind == PLAN_MOUNT_HOST || mount->kind == PLAN_MOUNT_OVERLAY ||
        mount->kind == PLAN_MOUNT_IMAGE)
        note_above(changeable, mount->source, plan);
    note_above(changeable, mount->overlay.upper, plan);
    note_above(changeable, mount->overlay.work, plan);
    for (uint32_t i = 0; i < mount->overlay.lowers.len; i++)
        note_above(changeable, mount->overlay.lowers.items[i], plan);
}

void changeable_note(const Changeable *changeable, Plan *plan)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        note_mount(changeable, &plan->mounts.items[i], plan);
    for (uint32_t i = 0; i < plan->host_nodes.len; i++)
        if (plan->host_nodes.items[i].kind == PLAN_HOST_NODE_IMAGE)
            note_above(changeable, plan->host_nodes.items[i].source, plan);
    for (uint32_t i = 0; i < plan->consoles.len; i++) {
        note_above(changeable, plan->consoles.items[i].path, plan);
        note_above(changeable, plan->consoles.items[i].log, plan);
    }
}
