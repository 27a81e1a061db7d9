// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See start.h. What can be known without touching the system is known here, so that a definition
 * that cannot run is refused with nothing to undo.
 */
#include "lxc_driver/start.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/support.h"

#include <libvirt/libvirt.h>

static bool prepare(Domain *domain, const DomainDef *def, DomainDef **ret_live, Plan **ret_plan,
                    GError **err)
{
    g_autoptr(DomainDef) live = domain_def_copy(def);
    g_autoptr(Plan) plan = NULL;

    if (domain_is_active(domain))
        return fail(err, ERR(LXC, OPERATION_INVALID), _("domain '%s' is already running"),
                    domain->name);
    domain_def_make_live(live, &domain->driver->host);
    if (!domain_def_compile(live, &domain->driver->host, &plan, err) || !support_check(plan, err))
        return false;
    *ret_plan = g_steal_pointer(&plan);
    *ret_live = g_steal_pointer(&live);
    return true;
}

static void close_all(int *fds, size_t n_fds)
{
    for (size_t i = 0; i < n_fds; i++)
        fd_close(fds[i]);
    g_free(fds);
}

bool start_domain(Domain *domain, const StartRequest *request, RunDone *done, void *data,
                  GError **err)
{
    DomainDef *live = NULL;
    Plan *plan = NULL;
    Run *run;

    if (!prepare(domain, request->def, &live, &plan, err)) {
        close_all(request->fds, request->n_fds);
        return false;
    }
    run = run_new(domain, live, done, data);
    run->plan = plan;
    run->fds = request->fds;
    run->n_fds = request->n_fds;
    run_forwards(run);
    return true;
}
