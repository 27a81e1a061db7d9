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
#include "conf/system-plan.h"
#include "kernel/seccomp.h"
#include "lxc_driver/changeable.h"
#include "lxc_driver/directory-claim.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/init-process.h"
#include "lxc_driver/labels.h"
#include "lxc_driver/usb-claim.h"

#include <libvirt/libvirt.h>

/* The profiles of our own are always the same, so their programs are made once. */
static bool find_program(Driver *driver, const PlanSeccomp *seccomp, GBytes **ret_program,
                         GError **err)
{
    GBytes **kept = &driver->filters[seccomp->kind];

    if (seccomp->kind == PLAN_SECCOMP_FILE)
        return seccomp_make(seccomp, ret_program, err);
    if (!*kept && !seccomp_make(seccomp, kept, err))
        return false;
    *ret_program = *kept ? g_bytes_ref(*kept) : NULL;
    return true;
}

static void take_program(GBytes *program, uint8_t **ret_data, uint32_t *ret_len)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(program, &size);

    *ret_data = g_memdup2(data, size);
    *ret_len = (uint32_t)size;
}

static bool add_filter(Driver *driver, PlanSeccomp *seccomp, GError **err)
{
    g_autoptr(GBytes) program = NULL;

    if (!find_program(driver, seccomp, &program, err))
        return false;
    if (program)
        take_program(program, &seccomp->program.data, &seccomp->program.len);
    return true;
}

static bool has_limit(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        if (plan->mounts.items[i].quota && !plan->mounts.items[i].overlay.ephemeral)
            return true;
    return false;
}

/* No profile lets the container out of its limits. */
static bool add_guard(Plan *plan, GError **err)
{
    g_autoptr(GBytes) program = NULL;

    if (!has_limit(plan))
        return true;
    if (!seccomp_make_guard(&program, err))
        return false;
    take_program(program, &plan->seccomp.guard.data, &plan->seccomp.guard.len);
    return true;
}

/* Names of other containers become processes, which the controller knows how to find. */
static bool find_sharer(const Domain *domain, PlanShare *share, GError **err)
{
    Domain *other = NULL;
    InitProcess init;

    if (share->source != PLAN_SHARE_DOMAIN)
        return true;
    other = domain_list_by_name(domain->driver->domains, share->value);
    if (!other)
        return fail(err, ERR(LXC, NO_DOMAIN),
                    _("no domain '%s', whose namespace '%s' wants to share"), share->value,
                    domain->name);
    if (!domain_is_active(other) || other->init_pid <= 0)
        return fail(err, ERR(LXC, OPERATION_INVALID),
                    _("domain '%s', whose namespace '%s' wants to share, is not running"),
                    share->value, domain->name);
    if (!domain_open_init(other, &init, err))
        return false;
    fd_close(init.fd);
    share->source = PLAN_SHARE_PID;
    g_free(share->value);
    share->value = g_strdup_printf("%d", (int)init.pid);
    return true;
}

static bool find_sharers(const Domain *domain, Plan *plan, GError **err)
{
    for (uint32_t i = 0; i < plan->shares.len; i++)
        if (!find_sharer(domain, &plan->shares.items[i], err))
            return false;
    return true;
}

static void add_targets(GArray *used, const IdMapList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        IdRange range = { (uint32_t)list->items[i]->target.value,
                          (uint32_t)list->items[i]->count.value };

        g_array_append_val(used, range);
    }
}

/* Host ids that definitions speak of, whether their containers run or not. */
static GArray *ids_in_use(Driver *driver)
{
    g_autoptr(GPtrArray) domains = domain_list_all(driver->domains);
    GArray *used = g_array_new(FALSE, FALSE, sizeof(IdRange));

    for (guint i = 0; i < domains->len; i++) {
        const DomainDef *def = domain_def(domains->pdata[i]);

        if (!def) /* a transient one that is about to be */
            continue;
        add_targets(used, &def->idmap.uids);
        add_targets(used, &def->idmap.gids);
    }
    return used;
}

static bool choose_ids(const Domain *domain, DomainDef *live, GError **err)
{
    uint32_t count = domain_def_wants_ids(live), start = 0;
    g_autoptr(GArray) used = NULL;

    if (count == 0)
        return true;
    used = ids_in_use(domain->driver);
    if (!id_ranges_take(domain->driver->id_ranges, &(IdRequest){ domain->name, count, used },
                        &start, err))
        return false;
    domain_def_set_id_range(live, start, count);
    return true;
}

bool start_make_plan(Domain *domain, DomainDef *live, Plan **ret_plan, GError **err)
{
    g_autoptr(Plan) plan = NULL;

    if (!domain_def_compile(live, &domain->driver->host, &plan, err))
        return false;
    system_plan(live, plan);
    if (!directory_claim_check(domain, live, err) || !usb_claim(domain, live, plan, err) ||
        !find_sharers(domain, plan, err) || !add_filter(domain->driver, &plan->seccomp, err) ||
        !add_guard(plan, err))
        return false;
    changeable_add(domain->driver->changeable, live); /* until it counts as the domain's */
    changeable_note(domain->driver->changeable, plan);
    changeable_remove(domain->driver->changeable, live);
    *ret_plan = g_steal_pointer(&plan);
    return true;
}

/* Makes a live definition of one that is not. */
static bool prepare(Domain *domain, DomainDef *live, Plan **ret_plan, GError **err)
{
    if (domain_is_active(domain))
        return fail(err, ERR(LXC, OPERATION_INVALID), _("domain '%s' is already running"),
                    domain->name);
    if (!choose_ids(domain, live, err))
        return false;
    if (!labels_choose(domain, live, err))
        return false;
    domain_def_make_live(live, &domain->driver->host);
    return start_make_plan(domain, live, ret_plan, err);
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
    g_autoptr(DomainDef) live = request->def;
    Plan *plan = NULL;
    Run *run;

    if (!prepare(domain, live, &plan, err)) {
        close_all(request->fds, request->n_fds);
        return false;
    }
    run = run_new(domain, g_steal_pointer(&live), done, data);
    run->plan = plan;
    run->fds = request->fds;
    run->n_fds = request->n_fds;
    run_forwards(run);
    return true;
}
