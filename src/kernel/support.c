// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The plan's vocabulary is complete; carrying it out is not yet. Each row is one thing that is
 * missing: whoever builds it takes the row away.
 */
#include "kernel/support.h"

#include "base/error.h"
#include "base/text.h"

static bool has_quota(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (plan->mounts.items[i].quota && !plan->mounts.items[i].overlay.ephemeral)
            return true;
    return false;
}

typedef struct Missing {
    const char *what;
    bool (*is_in)(const Plan *plan);
} Missing;

static const Missing missing[] = {
    {N_("a limit on the space of a file system"), has_quota},
};

bool support_check(const Plan *plan, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(missing); i++)
        if (missing[i].is_in(plan))
            return fail(err, ERR(LXC, CONFIG_UNSUPPORTED),
                        _("cannot start '%s' with %s: this version cannot do that yet"), plan->name,
                        _(missing[i].what));
    return true;
}
