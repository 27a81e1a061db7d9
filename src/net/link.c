// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See link.h. Which kind of link is whose. */
#include "net/link.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "net/device.h"
#include "net/direct.h"
#include "net/host-device.h"
#include "net/veth.h"

typedef struct LinkClass {
    bool (*create)(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err);
    /* NULL where the namespace takes all along, or link_recall sees to it. */
    bool (*outlives_namespace)(const PlanLink *plan);
    bool (*remove)(const PlanLink *plan, GError **err);
} LinkClass;

/* clang-format off */
static const LinkClass classes[] = {
    [PLAN_LINK_BRIDGE] =    { veth_create,      veth_outlives_namespace, veth_remove },
    [PLAN_LINK_ETHERNET] =  { veth_create,      veth_outlives_namespace, veth_remove },
    [PLAN_LINK_UNPLUGGED] = { veth_create,      veth_outlives_namespace, veth_remove },
    [PLAN_LINK_DIRECT] =    { direct_create,    NULL,                    NULL },
    [PLAN_LINK_HOST] =      { host_device_give, NULL,                    NULL },
};
/* clang-format on */

static bool check_name(const char *name, GError **err)
{
    return strlen(name) < IFNAMSIZ ||
           fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                _("interface name '%s' is longer than %d characters"), name, IFNAMSIZ - 1);
}

bool link_create(const PlanLink *plan, const LinkHome *home, char **ret_host_name, GError **err)
{
    return check_name(plan->host_name, err) && check_name(plan->guest_name, err) &&
           classes[plan->kind].create(plan, home, ret_host_name, err);
}

bool link_outlives_namespace(const PlanLink *plan)
{
    const LinkClass *class = &classes[plan->kind];

    return class->outlives_namespace && class->outlives_namespace(plan);
}

bool link_remove(const PlanLink *plan, GError **err)
{
    const LinkClass *class = &classes[plan->kind];

    return !class->remove || class->remove(plan, err);
}

bool link_exists(const char *host_name)
{
    return if_nametoindex(host_name) > 0;
}

bool link_stats(const char *host_name, LinkStats *ret_stats, GError **err)
{
    g_autoptr(Rtnl) rtnl = NULL;
    Device host;

    if (!rtnl_open(&rtnl, err) || !device_find(rtnl, host_name, &host, err))
        return fail_while(err, _("cannot read the counters of interface '%s'"), host_name);
    if (host.index == 0)
        return fail_errno(err, ENODEV, _("cannot read the counters of interface '%s'"), host_name);
    *ret_stats = host.stats;
    return true;
}
