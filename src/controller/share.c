// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Namespaces that are another's. Only the host's root may enter them, and only before the user
 * namespace of the container: so whoever clones init enters them first, has init born in them, and
 * goes back. They are kept open over a reboot, since the one they came from may be gone by then.
 */
#include "controller/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

typedef struct Space {
    uint32_t plan;
    int clone;
    const char *name; /* below /proc/PID/ns */
} Space;

static const Space spaces[] = {
    {PLAN_NS_NET,  CLONE_NEWNET, "net"},
    { PLAN_NS_IPC, CLONE_NEWIPC, "ipc"},
    { PLAN_NS_UTS, CLONE_NEWUTS, "uts"},
};

static const Space *find_space(const PlanShare *share)
{
    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (spaces[i].plan == share->space)
            return &spaces[i];
    return NULL;
}

static bool fail_unknown(GError **err)
{
    return fail(err, ERR(LXC, INTERNAL_ERROR), _("the plan shares an unknown namespace"));
}

static bool open_share(const PlanShare *share, int *ret_fd, GError **err)
{
    const Space *space = find_space(share);
    g_autofree char *path = NULL;

    if (!space || share->source == PLAN_SHARE_DOMAIN)
        return fail_unknown(err);
    path = share->source == PLAN_SHARE_NETNS
               ? g_strconcat("/run/netns/", share->value, NULL)
               : g_strdup_printf("/proc/%s/ns/%s", share->value, space->name);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd >= 0 || fail_errno(err, errno, _("cannot open the namespace '%s'"), path);
}

bool shares_open(Run *run, GError **err)
{
    const Plan *plan = &run->plan;

    if (run->shares)
        return true;
    run->shares = g_new(int, plan->shares.len + 1);
    for (uint32_t i = 0; i < plan->shares.len; i++)
        run->shares[i] = -1;
    for (uint32_t i = 0; i < plan->shares.len; i++)
        if (!open_share(&plan->shares.items[i], &run->shares[i], err))
            return false;
    return true;
}

void shares_close(Run *run)
{
    for (uint32_t i = 0; run->shares && i < run->plan.shares.len; i++)
        fd_close(fd_steal(&run->shares[i]));
}

int shares_clone_flags(const Plan *plan)
{
    int flags = 0;

    for (uint32_t i = 0; i < plan->shares.len; i++) {
        const Space *space = find_space(&plan->shares.items[i]);

        flags |= space ? space->clone : 0;
    }
    return flags;
}

static bool enter(Run *run, uint32_t index, GError **err)
{
    const PlanShare *share = &run->plan.shares.items[index];
    const Space *space = find_space(share);
    g_autofree char *own = NULL;
    int *kept = NULL;

    if (!space)
        return fail_unknown(err);
    own = g_strconcat("/proc/self/ns/", space->name, NULL);
    kept = &run->own_spaces[space - spaces];
    if (*kept < 0)
        *kept = open(own, O_RDONLY | O_CLOEXEC);
    if (*kept < 0)
        return fail_errno(err, errno, _("cannot open the namespace '%s'"), own);
    return setns(run->shares[index], space->clone) == 0 ||
           fail_errno(err, errno, _("cannot enter the %s namespace of '%s'"), space->name,
                      share->value);
}

bool shares_enter(Run *run, GError **err)
{
    for (uint32_t i = 0; i < run->plan.shares.len; i++)
        if (!enter(run, i, err))
            return false;
    return true;
}

bool shares_leave(Run *run, GError **err)
{
    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++) {
        if (run->own_spaces[i] < 0)
            continue;
        if (setns(run->own_spaces[i], spaces[i].clone) < 0)
            return fail_errno(err, errno, _("cannot go back to the host's %s namespace"),
                              spaces[i].name);
        fd_close(fd_steal(&run->own_spaces[i]));
    }
    return true;
}
