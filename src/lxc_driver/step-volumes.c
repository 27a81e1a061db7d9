// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Volumes of libvirt's storage pools: the storage daemon says what each is, a directory, a file or
 * a block device. That becomes part of the live definition, and the plan is made again with it. A
 * container that restarts keeps what was found at its start.
 */
#include "base/error.h"
#include "conf/volume.h"
#include "lxc_driver/steps.h"
#include "lxc_driver/volume-lookup.h"

static bool apply(Run *run, const char *const *xmls, GError **err)
{
    g_autoptr(GArray) uses = domain_def_volumes(run->live);

    for (guint i = 0; i < uses->len; i++)
        if (!volume_apply(xmls[i], &g_array_index(uses, VolumeUse, i), err))
            return false;
    return disks_leave_out(run, NULL, err);
}

static void volumes_found(const char *const *xmls, const GError *err, void *data)
{
    Run *run = data;
    GError *why = err ? g_error_copy(err) : NULL;

    if (!why)
        (void)apply(run, xmls, &why); /* told by why */
    run_step_done(run, why);
}

void step_volumes_find(Run *run)
{
    g_autoptr(GArray) uses = domain_def_volumes(run->live);
    g_autofree VolumeQuery *queries = g_new(VolumeQuery, uses->len + 1);

    for (guint i = 0; i < uses->len; i++) {
        const VolumeUse *use = &g_array_index(uses, VolumeUse, i);
        queries[i] = (VolumeQuery){ use->pool, use->name, use->optional };
    }
    if (uses->len)
        volume_lookup(run->domain->driver->network_run_dir, queries, uses->len, volumes_found, run);
    else
        run_step_done(run, NULL);
}

/* Nothing was made. */
void step_volumes_forget(Run *run)
{
    run_undo_done(run);
}
