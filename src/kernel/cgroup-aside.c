// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Those that serve a container from outside: its controller and monitor, and what they start. They
 * are usually where the daemon is. In a group beside the container's, NAME.libvirt-lxc.controller,
 * they are where systemd started the daemon, since what is done to that unit, a kill or a limit, is
 * not done to the containers; and where they have limits of their own.
 */
#include "kernel/cgroup-knob.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ASIDE_SUFFIX ".controller"

static char *aside_of(const Hierarchy *hierarchy)
{
    return g_strconcat(hierarchy->dir, ASIDE_SUFFIX, NULL);
}

bool aside_has_us(const Hierarchy *hierarchy)
{
    g_autofree char *aside = aside_of(hierarchy);

    return !strcmp(hierarchy->own, aside + strlen(hierarchy->mount));
}

/* "/system.slice/virtlxcd.service", or a session that somebody started the daemon in. */
static bool is_unit_of_systemd(const char *group)
{
    return g_str_has_suffix(group, ".service") || g_str_has_suffix(group, ".scope");
}

static bool step_aside(Hierarchy *hierarchy, GError **err)
{
    g_autofree char *parent = g_path_get_dirname(hierarchy->dir);
    g_autofree char *aside = aside_of(hierarchy);

    if (!group_make_level(hierarchy, parent, aside, err) || !group_enter(hierarchy, aside, err))
        return false;
    if (hierarchy->unified)
        group_enable_controllers(hierarchy, parent); /* while we were in a scope it could not */
    g_free(hierarchy->own);
    hierarchy->own = g_strdup(aside + strlen(hierarchy->mount));
    return true;
}

static bool apply(Cgroup *cgroup, const PlanSetting *setting, GError **err)
{
    Hierarchy *hierarchy = knob_locate(cgroup, setting->knob, err);
    g_autofree char *aside = hierarchy ? aside_of(hierarchy) : NULL;
    Hierarchy beside;

    if (!hierarchy || (!aside_has_us(hierarchy) && !step_aside(hierarchy, err)))
        return false;
    beside = *hierarchy;
    beside.dir = aside;
    return knob_set_in(&beside, setting, err);
}

bool cgroup_step_aside(Cgroup *cgroup, const PlanCgroup *plan, GError **err)
{
    for (guint i = 0; i < cgroup->hierarchies->len; i++) {
        Hierarchy *hierarchy = g_ptr_array_index(cgroup->hierarchies, i);
        if (is_unit_of_systemd(hierarchy->own) && !step_aside(hierarchy, err))
            return false;
    }
    for (uint32_t i = 0; plan && i < plan->servants.len; i++) {
        if (!apply(cgroup, &plan->servants.items[i], err))
            return fail_while(err, _("processes that serve the container"));
    }
    return true;
}

/* systemd removes what is in it. */
static bool is_in_scope(const Hierarchy *hierarchy)
{
    g_autofree char *parent = g_path_get_dirname(hierarchy->dir);

    return is_unit_of_systemd(parent);
}

/* We may be in it ourselves, and about to end: the hierarchy's root takes in everybody. */
void aside_remove(const Hierarchy *hierarchy)
{
    g_autofree char *aside = aside_of(hierarchy);

    if (rmdir(aside) == 0 || errno != EBUSY || is_in_scope(hierarchy))
        return;
    if (aside_has_us(hierarchy) && group_enter(hierarchy, hierarchy->mount, NULL))
        (void)rmdir(aside); /* empty and harmless if it stays; the next start uses it again */
}
