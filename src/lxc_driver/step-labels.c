// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What the kernel has to know of a container's labels before its init takes them: with AppArmor a
 * profile of its own. It goes when nothing of the container is left. Undo goes by the live
 * definition, so a later daemon can do it as well. Containers without a label pay nothing.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/label-model.h"
#include "kernel/label.h"
#include "lxc_driver/steps.h"

#include <gio/gio.h>

/* What the worker thread gets: all of it its own. */
typedef struct LabelsWork {
    PlanLabel *labels;
    uint32_t n;
    char *policy_dir;
} LabelsWork;

static void label_copy(PlanLabel *label)
{
    label->model = g_strdup(label->model);
    label->label = g_strdup(label->label);
    label->base = g_strdup(label->base);
    label->image = g_strdup(label->image);
}

static void labels_work_free(void *data)
{
    LabelsWork *work = data;

    for (uint32_t i = 0; i < work->n; i++) {
        g_free(work->labels[i].model);
        g_free(work->labels[i].label);
        g_free(work->labels[i].base);
        g_free(work->labels[i].image);
    }
    g_free(work->labels);
    g_free(work->policy_dir);
    g_free(work);
}

static LabelsWork *labels_work_new(const Run *run, const Plan *plan)
{
    LabelsWork *work = g_new0(LabelsWork, 1);

    work->policy_dir = g_strdup(run->domain->driver->paths->apparmor_dir);
    work->n = plan->labels.len;
    work->labels = g_memdup2(plan->labels.items, work->n * sizeof *work->labels);
    for (uint32_t i = 0; i < work->n; i++)
        label_copy(&work->labels[i]);
    return work;
}

static void work_later(Run *run, LabelsWork *work, GTaskThreadFunc function,
                       GAsyncReadyCallback done)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, done, run);

    g_task_set_task_data(task, work, labels_work_free);
    g_task_run_in_thread(task, function);
}

/* ---- before ------------------------------------------------------------------------------------
 */

static void prepare_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const LabelsWork *work = data;
    GError *err = NULL;

    for (uint32_t i = 0; !err && i < work->n; i++) {
        const PlanLabel *label = &work->labels[i];
        const LabelModel *model = label_model(label->model);

        if (label->kind != PLAN_LABEL_NONE)
            (void)model->prepare(label, work->policy_dir, &err); /* told by err */
    }
    if (err)
        g_task_return_error(task, err);
    else
        g_task_return_boolean(task, TRUE);
}

static void prepared(GObject *source, GAsyncResult *result, void *data)
{
    GError *err = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &err); /* told by err */
    run_step_done(data, err);
}

void step_labels_prepare(Run *run)
{
    if (label_is_wanted(run->plan))
        work_later(run, labels_work_new(run, run->plan), prepare_in_thread, prepared);
    else
        run_step_done(run, NULL);
}

/* ---- undo --------------------------------------------------------------------------------------
 */

static void release_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const LabelsWork *work = data;

    for (uint32_t i = 0; i < work->n; i++) {
        const PlanLabel *label = &work->labels[i];
        const LabelModel *model = label_model(label->model);
        g_autoptr(GError) err = NULL;

        if (model && model->release && !model->release(label, &err))
            log_warning("%s", err->message);
    }
    g_task_return_boolean(task, TRUE);
}

static void released(GObject *source, GAsyncResult *result, void *data)
{
    run_undo_done(data);
}

static bool has_work(const Plan *plan)
{
    for (uint32_t i = 0; i < plan->labels.len; i++) {
        const LabelModel *model = label_model(plan->labels.items[i].model);

        if (plan->labels.items[i].kind != PLAN_LABEL_NONE && model && model->release)
            return true;
    }
    return false;
}

void step_labels_release(Run *run)
{
    g_autoptr(GError) err = NULL;
    const Plan *plan = NULL;

    if (run->live->seclabels.n > 0)
        plan = run_plan(run, &err);
    if (err)
        log_warning(_("domain '%s': its label may be left behind: %s"), run->domain->name,
                    err->message);
    if (plan && has_work(plan))
        work_later(run, labels_work_new(run, plan), release_in_thread, released);
    else
        run_undo_done(run);
}
