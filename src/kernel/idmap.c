// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See idmap.h. Written by host root, so neither newuidmap nor a deny of setgroups is in play.
 */
#include "kernel/idmap.h"

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>

static bool write_map(pid_t pid, const char *name, const PlanIdRange *ranges, uint32_t n_ranges,
                      GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
    g_autoptr(GString) text = g_string_new(NULL);

    for (uint32_t i = 0; i < n_ranges; i++)
        g_string_append_printf(text, "%u %u %u\n", ranges[i].inside, ranges[i].outside,
                               ranges[i].count);
    if (path_write(AT_FDCWD, path, text->str))
        return true;
    return fail_errno(err, errno, _("cannot write the %s"), name);
}

bool idmap_write(pid_t pid, const Plan *plan, GError **err)
{
    return write_map(pid, "uid_map", plan->uid_map.items, plan->uid_map.len, err) &&
           write_map(pid, "gid_map", plan->gid_map.items, plan->gid_map.len, err);
}

static unsigned outside_of_root(const PlanIdRange *ranges, uint32_t n_ranges)
{
    for (uint32_t i = 0; i < n_ranges; i++) {
        if (ranges[i].inside == 0 && ranges[i].count > 0)
            return ranges[i].outside;
    }
    return 0;
}

uid_t idmap_root_uid(const Plan *plan)
{
    return plan->namespaces & PLAN_NS_USER ? outside_of_root(plan->uid_map.items, plan->uid_map.len)
                                           : 0;
}

gid_t idmap_root_gid(const Plan *plan)
{
    return plan->namespaces & PLAN_NS_USER ? outside_of_root(plan->gid_map.items, plan->gid_map.len)
                                           : 0;
}
