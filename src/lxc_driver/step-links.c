// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The container's network links. They can only be made once the controller has the namespace, so
 * the step itself only looks whether the host's devices are free; the work is done when the
 * controller asks, in a worker thread, since the kernel's lock on all links may be held for long.
 * An error goes to the controller, which puts the step's name before it.
 *
 * Undo takes the host's devices back and removes what would be left or in the way: normally the
 * dying namespace takes its links along in the background. It goes by the live definition and by
 * what src/net wrote down, so that a later daemon can do it as well.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/device-use.h"
#include "lxc_driver/filter-binding.h"
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"
#include "net/link.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

/* What the worker thread gets: all of it its own, but for the plan of a start. */
typedef struct LinksWork {
    const PlanLink *links;
    size_t n;
    Plan *plan; /* theirs; NULL: borrowed from the run, which waits for the end of this */
    LinkHome home;
    FilterOwner owner;
    char *notes;
    char *name;
    char *run_dir;
    char **host_names; /* a start: of the links that have one and were made; n */
    bool crashed;      /* an undo: nothing is sure */
} LinksWork;

static void links_work_free(void *data)
{
    LinksWork *work = data;

    fd_close(work->home.netns_fd);
    for (size_t i = 0; work->host_names && i < work->n; i++)
        g_free(work->host_names[i]);
    g_free(work->host_names);
    g_free(work->notes);
    g_free(work->name);
    g_free(work->run_dir);
    domain_def_plan_free(work->plan);
    g_free(work);
}

static LinksWork *links_work_new(const Run *run, const Plan *plan)
{
    const Domain *domain = run->domain;
    LinksWork *work = g_new0(LinksWork, 1);

    work->links = plan ? plan->links.items : NULL;
    work->n = plan ? plan->links.len : 0;
    work->notes = g_build_filename(domain->driver->paths->state_dir, domain->name, NULL);
    work->name = g_strdup(domain->name);
    work->run_dir = g_strdup(domain->driver->network_run_dir);
    work->crashed = run->crashed;
    work->home = (LinkHome){ .netns_fd = -1, .notes = work->notes };
    work->owner = (FilterOwner){ .run_dir = work->run_dir, .name = work->name };
    memcpy(work->home.uuid, domain->uuid, sizeof work->home.uuid);
    memcpy(work->owner.uuid, domain->uuid, sizeof work->owner.uuid);
    return work;
}

/* ---- before ------------------------------------------------------------------------------------
 */

/* What the networks said counts. */
static const Plan *plan_of(const Run *run)
{
    return run->wired ? run->wired : run->plan;
}

void step_links_prepare(Run *run)
{
    const Plan *plan = plan_of(run);
    GError *err = NULL;

    for (uint32_t i = 0; !err && i < plan->links.len; i++)
        (void)device_use_check(run->domain, &plan->links.items[i], &err); /* told by err */
    run->has_devices = !err;
    run_step_done(run, err);
}

/* ---- making them -------------------------------------------------------------------------------
 */

static bool create(LinksWork *work, size_t index, GError **err)
{
    const PlanLink *link = &work->links[index];
    char **host_name = &work->host_names[index];

    return link_create(link, &work->home, host_name, err) &&
           (!*host_name || filter_binding_make(&work->owner, link, *host_name, err));
}

/* Packets flow when the inner ends are up, which is when the filters are there. */
static bool create_all(LinksWork *work, GError **err)
{
    for (size_t i = 0; i < work->n; i++)
        if (!create(work, i, err))
            return fail_while(err, _("interface '%s'"), work->links[i].guest_name);
    return link_configure_inside(work->links, work->n, work->home.netns_fd, err);
}

static void create_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    GError *err = NULL;

    if (create_all(data, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

/* Interfaces come first among the links, in their order; devices of the host follow. */
static void take_names(Run *run, const LinksWork *work)
{
    for (size_t i = 0; i < run->live->interfaces.n; i++) {
        Interface *interface = run->live->interfaces.items[i];
        if (!work->host_names[i])
            continue;
        g_free(interface->target_dev);
        interface->target_dev = g_strdup(work->host_names[i]);
    }
}

static bool outlives_namespace(const PlanLink *link)
{
    return *link->filter || link_outlives_namespace(link);
}

static bool any_outlives_namespace(const LinksWork *work)
{
    for (size_t i = 0; i < work->n; i++)
        if (outlives_namespace(&work->links[i]))
            return true;
    return false;
}

/*
 * Names are told even after a failure, so that undo knows what to remove; and written down when not
 * only the namespace would have to go after a crash.
 */
static void created(GObject *source, GAsyncResult *result, void *data)
{
    Run *run = data;
    const LinksWork *work = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) err = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &err); /* told by err */
    take_names(run, work);
    if (!err && any_outlives_namespace(work))
        (void)status_save(run->domain, run->live, &err); /* as above */
    run->links_under_way = false;
    if (run->late_error)
        run_step_done(run, g_steal_pointer(&run->late_error));
    else
        controller_link_links_done(run->domain->link, err);
}

static void create_later(Run *run, int netns_fd)
{
    LinksWork *work = links_work_new(run, plan_of(run));
    g_autoptr(GTask) task = g_task_new(NULL, NULL, created, run);

    work->home.netns_fd = netns_fd;
    work->host_names = g_new0(char *, work->n + 1);
    run->links_under_way = true;
    g_task_set_task_data(task, work, links_work_free);
    g_task_run_in_thread(task, create_in_thread);
}

void step_links_create(Run *run, pid_t init_pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)init_pid);
    g_autoptr(GError) err = NULL;
    int fd;

    if (!(run->plan->namespaces & PLAN_NS_NET)) {
        controller_link_links_done(run->domain->link, NULL);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        create_later(run, fd);
        return;
    }
    (void)fail_errno(&err, errno, _("cannot open the network namespace '%s'"), path);
    controller_link_links_done(run->domain->link, err);
}

/* ---- undo --------------------------------------------------------------------------------------
 */

/* Devices of the host are taken back by what is written down about them. */
static bool is_lent(const PlanLink *link)
{
    return link->kind == PLAN_LINK_DIRECT || link->kind == PLAN_LINK_HOST;
}

/*
 * A vnetN of a container that ended in good order goes by itself and nobody waits for its name. One
 * with a name the user chose may be started again at once, and after a crash nothing is sure.
 */
static bool must_go(const PlanLink *link, bool crashed)
{
    if (outlives_namespace(link))
        return crashed || *link->host_name;
    return (crashed || !g_str_has_prefix(link->host_name, "vnet")) && link_exists(link->host_name);
}

static void remove_one(const LinksWork *work, const PlanLink *link)
{
    g_autoptr(GError) err = NULL;

    if (*link->filter && *link->host_name &&
        !filter_binding_remove(&work->owner, link->host_name, &err))
        log_warning("%s", err->message);
    g_clear_error(&err);
    if (!link_remove(link, &err))
        log_warning("%s", err->message);
}

static void remove_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const LinksWork *work = data;

    link_recall(work->notes);
    for (size_t i = 0; i < work->n; i++)
        if (must_go(&work->links[i], work->crashed))
            remove_one(work, &work->links[i]);
    g_task_return_boolean(task, TRUE);
}

static void removed(GObject *source, GAsyncResult *result, void *data)
{
    run_undo_done(data);
}

static bool has_work(const LinksWork *work)
{
    for (size_t i = 0; i < work->n; i++)
        if (is_lent(&work->links[i]) || must_go(&work->links[i], work->crashed))
            return true;
    return false;
}

/* The live definition has the names of host ends, which the plan of a start had not yet. */
static LinksWork *what_was_made(const Run *run)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GError) err = NULL;
    LinksWork *work;

    if (!domain_def_compile(run->live, &run->domain->driver->host, &plan, &err))
        log_warning(_("domain '%s': its links may be left behind: %s"), run->domain->name,
                    err->message);
    work = links_work_new(run, plan);
    work->plan = g_steal_pointer(&plan);
    return work;
}

void step_links_remove(Run *run)
{
    g_autoptr(GTask) task = NULL;
    LinksWork *work;

    if (run->live->interfaces.n == 0 && run->live->hostdevs.n == 0) {
        run_undo_done(run);
        return;
    }
    work = what_was_made(run);
    if (work->plan && !has_work(work)) {
        links_work_free(work);
        run_undo_done(run);
        return;
    }
    task = g_task_new(NULL, NULL, removed, run);
    g_task_set_task_data(task, work, links_work_free);
    g_task_run_in_thread(task, remove_in_thread);
}
