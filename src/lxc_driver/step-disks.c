// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Disks that may be missing (startupPolicy='optional') and are: they are taken out of the live
 * definition, the plan is made again without them, and an event tells of each. Where their sources
 * are is looked at in a thread, since a server of files may not answer.
 */
#include "base/error.h"
#include "conf/optional-disk.h"
#include "lxc_driver/events.h"
#include "lxc_driver/start.h"
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/stat.h>

static bool is_missing(const char *path)
{
    struct stat info;

    return stat(path, &info) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void look_in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    const GPtrArray *paths = data;
    GHashTable *missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < paths->len; i++)
        if (is_missing(paths->pdata[i]))
            g_hash_table_add(missing, g_strdup(paths->pdata[i]));
    g_task_return_pointer(task, missing, (GDestroyNotify)g_hash_table_unref);
}

static void tell(const char *source, const char *target, const void *data)
{
    events_disk_missing(data, source, target);
}

bool disks_leave_out(Run *run, GHashTable *missing, GError **err)
{
    OptionalDisks ask = { missing, tell, run->domain };
    Plan *plan = NULL;

    domain_def_leave_out_disks(run->live, &ask);
    if (!start_make_plan(run->domain, run->live, &plan, err))
        return false;
    domain_def_plan_free(run->plan);
    run->plan = plan;
    return status_save(run->domain, run->live, err);
}

static void looked(GObject *source, GAsyncResult *result, void *data)
{
    g_autoptr(GHashTable) missing = g_task_propagate_pointer(G_TASK(result), NULL);
    Run *run = data;
    GError *why = NULL;

    if (g_hash_table_size(missing) > 0)
        (void)disks_leave_out(run, missing, &why); /* told by why */
    run_step_done(run, why);
}

void step_disks_look(Run *run)
{
    GPtrArray *paths = domain_def_optional_disks(run->live);
    g_autoptr(GTask) task = NULL;

    if (paths->len == 0) {
        g_ptr_array_unref(paths);
        run_step_done(run, NULL);
        return;
    }
    task = g_task_new(NULL, NULL, looked, run);
    g_task_set_task_data(task, paths, (GDestroyNotify)g_ptr_array_unref);
    g_task_run_in_thread(task, look_in_thread);
}

/* Nothing was made. */
void step_disks_forget(Run *run)
{
    run_undo_done(run);
}
