// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Limits on the space of the host's directories, set before the container has them and lifted when
 * it has ended: by the daemon, since they are the host's and a controller may die. The work is done
 * in a thread, on copies.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/closed-places.h"
#include "kernel/quota.h"
#include "lxc_driver/steps.h"

#include <gio/gio.h>

typedef struct QuotaWork {
    Run *run;         /* waits for the end of this */
    const Plan *plan; /* the run's */
    GArray *places;
    bool lift;
} QuotaWork;

static void place_clear(void *data)
{
    QuotaPlace *place = data;

    g_free((char *)place->path);
    g_free((char *)place->beside);
}

static void work_free(void *data)
{
    QuotaWork *work = data;

    g_array_unref(work->places);
    g_free(work);
}

/* What is in memory has its size from the start. */
static void add_place(GArray *places, const PlanMount *mount)
{
    QuotaPlace place = { .bytes = mount->quota,
                         .optional = mount->flags & PLAN_MOUNT_F_OPTIONAL,
                         .way = mount->flags & PLAN_MOUNT_F_NO_LINK ? QUOTA_WAY_NO_LINK
                                                                    : QUOTA_WAY_ANY };

    if (!mount->quota || mount->overlay.ephemeral)
        return;
    if (mount->kind == PLAN_MOUNT_HOST)
        place.path = g_strdup(mount->source);
    if (mount->kind == PLAN_MOUNT_OVERLAY) {
        place.path = g_strdup(mount->overlay.upper);
        place.beside = g_strdup(mount->overlay.work);
        place.way = QUOTA_WAY_TRUSTED;
    }
    if (place.path)
        g_array_append_val(places, place);
}

static GArray *places_of(const Plan *plan)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(QuotaPlace));

    g_array_set_clear_func(places, place_clear);
    for (uint32_t i = 0; i < plan->mounts.len; i++)
        add_place(places, &plan->mounts.items[i]);
    return places;
}

/* ---- in the thread ---- */

static bool set_all(const GArray *places, GError **err)
{
    for (guint i = 0; i < places->len; i++)
        if (!quota_set(&g_array_index(places, QuotaPlace, i), err))
            return false;
    return true;
}

/* One that cannot be lifted does not keep the others. */
static bool lift_all(const GArray *places, GError **err)
{
    for (guint i = 0; i < places->len; i++)
        (void)quota_lift(&g_array_index(places, QuotaPlace, i), *err ? NULL : err); /* see err */
    return !*err;
}

static void work_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const QuotaWork *work = data;
    g_autoptr(GArray) closed = closed_places_new(work->plan);
    GError *err = NULL;

    for (guint i = 0; i < work->places->len; i++)
        g_array_index(work->places, QuotaPlace, i).closed = closed_places(closed);
    if (work->lift ? lift_all(work->places, &err) : set_all(work->places, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

/* ---- in the main loop ---- */

static void work_done(GObject *source, GAsyncResult *result, void *data)
{
    const QuotaWork *work = g_task_get_task_data(G_TASK(result));
    Run *run = work->run;
    bool lift = work->lift;
    GError *err = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &err); /* err says it */
    if (!lift) {
        run_step_done(run, err);
        return;
    }
    if (err)
        log_warning("domain '%s': %s", run->domain->name, err->message);
    g_clear_error(&err);
    run_undo_done(run);
}

/* Takes the places. */
static void start_work(Run *run, const Plan *plan, GArray *places, bool lift)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, work_done, NULL);
    QuotaWork *work = g_new(QuotaWork, 1);

    *work = (QuotaWork){ .run = run, .plan = plan, .places = places, .lift = lift };
    g_task_set_task_data(task, work, work_free);
    g_task_run_in_thread(task, work_in_thread);
}

void step_quotas_set(Run *run)
{
    GArray *places = places_of(run->plan);

    if (places->len) {
        start_work(run, run->plan, places, false);
        return;
    }
    g_array_unref(places);
    run_step_done(run, NULL);
}

static bool has_limits(const DomainDef *def)
{
    for (size_t i = 0; i < def->filesystems.n; i++)
        if (def->filesystems.items[i]->space_hard_limit.set)
            return true;
    return false;
}

void step_quotas_lift(Run *run)
{
    g_autoptr(GError) err = NULL;
    const Plan *plan = has_limits(run->live) ? run_plan(run, &err) : NULL;
    GArray *places = plan ? places_of(plan) : NULL;

    if (err)
        log_warning("domain '%s': %s", run->domain->name, err->message);
    if (places && places->len) {
        start_work(run, plan, places, true);
        return;
    }
    if (places)
        g_array_unref(places);
    run_undo_done(run);
}
