// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The container's network links. They can only be made once the controller has the namespace, so
 * the step itself has nothing to run; the work is done when the controller asks, in a worker
 * thread, since the kernel's lock on all links may be held for long. An error goes to the
 * controller, which puts the step's name before it. Undo removes host ends that would be in the
 * way: normally the dying namespace takes its links along in the background.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/steps.h"
#include "net/link.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

/* What the worker thread gets: copies, but for `links`, which nobody changes meanwhile. */
typedef struct LinksWork {
    const PlanLink *links; /* borrowed from the run, which waits for the end of this */
    size_t n;
    int netns_fd;
    char **host_names; /* as far as they were made; n + 1 */
} LinksWork;

static void links_work_free(void *data)
{
    LinksWork *work = data;

    fd_close(work->netns_fd);
    g_strfreev(work->host_names);
    g_free(work);
}

void step_links_prepare(Run *run)
{
    run_step_done(run, NULL);
}

static bool create_all(LinksWork *work, GError **err)
{
    for (size_t i = 0; i < work->n; i++)
        if (!link_create(&work->links[i], work->netns_fd, &work->host_names[i], err))
            return fail_while(err, _("interface '%s'"), work->links[i].guest_name);
    return link_configure_inside(work->links, work->n, work->netns_fd, err);
}

static void create_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    GError *err = NULL;

    if (create_all(data, &err))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, err);
}

/* Names are told even after a failure, so that undo knows what to remove. */
static void created(GObject *source, GAsyncResult *result, void *data)
{
    Run *run = data;
    LinksWork *work = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) err = NULL;

    for (size_t i = 0; i < work->n && work->host_names[i]; i++) {
        Interface *interface = run->live->interfaces.items[i];
        g_free(interface->target_dev);
        interface->target_dev = g_strdup(work->host_names[i]);
    }
    (void)g_task_propagate_boolean(G_TASK(result), &err); /* told by err */
    run->links_under_way = false;
    if (run->late_error)
        run_step_done(run, g_steal_pointer(&run->late_error));
    else
        controller_link_links_done(run->domain->link, err);
}

void step_links_create(Run *run, pid_t init_pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)init_pid);
    g_autoptr(GTask) task = NULL;
    g_autoptr(GError) err = NULL;
    LinksWork *work;
    int fd;

    if (!(run->plan->namespaces & PLAN_NS_NET)) {
        controller_link_links_done(run->domain->link, NULL);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)fail_errno(&err, errno, _("cannot open the network namespace '%s'"), path);
        controller_link_links_done(run->domain->link, err);
        return;
    }
    work = g_new0(LinksWork, 1);
    work->links = run->links;
    work->n = run->plan->links.len;
    work->netns_fd = fd;
    work->host_names = g_new0(char *, work->n + 1);
    run->links_under_way = true;
    task = g_task_new(NULL, NULL, created, run);
    g_task_set_task_data(task, work, links_work_free);
    g_task_run_in_thread(task, create_in_thread);
}

/* ---- undo --------------------------------------------------------------------------------------
 */

typedef struct RemoveWork {
    GPtrArray *names;
    GArray *macs; /* of uint8_t[6] */
} RemoveWork;

static void remove_work_free(void *data)
{
    RemoveWork *work = data;

    g_ptr_array_unref(work->names);
    g_array_unref(work->macs);
    g_free(work);
}

static void remove_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    RemoveWork *work = data;

    for (guint i = 0; i < work->names->len; i++) {
        g_autoptr(GError) err = NULL;
        const uint8_t *mac = (const uint8_t *)work->macs->data + i * 6;
        if (!link_remove(g_ptr_array_index(work->names, i), mac, &err))
            log_warning("%s", err->message);
    }
    g_task_return_boolean(task, TRUE);
}

static void removed(GObject *source, GAsyncResult *result, void *data)
{
    run_undo_done(data);
}

/*
 * A vnetN of a container that ended in good order goes by itself and nobody waits for its name. One
 * with a name the user chose may be started again at once, and after a crash nothing is sure.
 */
static bool must_go(const Run *run, const Interface *interface)
{
    return interface->target_dev &&
           (run->crashed || !g_str_has_prefix(interface->target_dev, "vnet")) &&
           link_exists(interface->target_dev);
}

static RemoveWork *what_must_go(const Run *run)
{
    RemoveWork *work = g_new0(RemoveWork, 1);

    work->names = g_ptr_array_new_with_free_func(g_free);
    work->macs = g_array_new(FALSE, FALSE, 6);
    for (size_t i = 0; i < run->live->interfaces.n; i++) {
        const Interface *interface = run->live->interfaces.items[i];
        if (!must_go(run, interface))
            continue;
        g_ptr_array_add(work->names, g_strdup(interface->target_dev));
        g_array_append_vals(work->macs, interface->mac, 1);
    }
    return work;
}

void step_links_remove(Run *run)
{
    RemoveWork *work = what_must_go(run);
    g_autoptr(GTask) task = NULL;

    if (work->names->len == 0) {
        remove_work_free(work);
        run_undo_done(run);
        return;
    }
    task = g_task_new(NULL, NULL, removed, run);
    g_task_set_task_data(task, work, remove_work_free);
    g_task_run_in_thread(task, remove_in_thread);
}
