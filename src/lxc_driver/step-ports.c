// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Ports on libvirt's networks: each interface of type network asks the network daemon where to plug
 * its link in. All are asked at once. The ports' ids are ours to choose: they are in the status
 * file before the first port is asked for, so that a crash at any time leaves none that nobody
 * knows of. The file is written again with the answers.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/interface-port.h"
#include "lxc_driver/network-port.h"
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"

#include <stdlib.h>
#include <string.h>

/* One interface's question under way. */
typedef struct Claim {
    Run *run;
    size_t index;
} Claim;

/* ---- asking ------------------------------------------------------------------------------------
 */

/* With what the networks said the definition has other links, and perhaps impossible ones. */
static bool compile_again(Run *run, GError **err)
{
    return domain_def_compile(run->live, &run->domain->driver->host, &run->wired, err);
}

/* How many answers are still to come, and the first thing that went wrong. */
static void answer_came(Run *run, Claim *claim, const GError *err)
{
    g_ptr_array_remove_fast(run->work, claim);
    if (err && !run->error)
        run->error = g_error_copy(err);
    if (run->work->len > 0)
        return;
    g_clear_pointer(&run->work, g_ptr_array_unref);
    if (!run->error && compile_again(run, &run->error))
        (void)status_save(run->domain, run->live, &run->error); /* told by run->error */
    run_step_done(run, g_steal_pointer(&run->error));
}

static Interface *interface_of(const Claim *claim)
{
    return claim->run->live->interfaces.items[claim->index];
}

static void set_port_id(const Claim *claim, const char *id)
{
    Interface *interface = interface_of(claim);

    g_free(interface->portid);
    interface->portid = g_strdup(id);
}

static NetworkPortPlace place_of(const Claim *claim)
{
    return (NetworkPortPlace){
        .run_dir = claim->run->domain->driver->network_run_dir,
        .network = interface_of(claim)->network,
        .id = interface_of(claim)->portid,
    };
}

/* A port that was made and is of no use is given back by the undo. */
static void port_made(const char *xml, const GError *err, void *data)
{
    Claim *claim = data;
    g_autoptr(GError) local = NULL;

    if (xml)
        (void)interface_port_apply(xml, interface_of(claim), &local); /* told by local */
    else
        set_port_id(claim, NULL);
    answer_came(claim->run, claim, err ? err : local);
}

/* Puts a claim for each wanted interface to run->work; false when there is none. */
static bool gather(Run *run, bool (*is_wanted)(const Run *run, size_t index))
{
    run->work = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < run->live->interfaces.n; i++) {
        Claim *claim;
        if (!is_wanted(run, i))
            continue;
        claim = g_new(Claim, 1);
        *claim = (Claim){ .run = run, .index = i };
        g_ptr_array_add(run->work, claim);
    }
    if (run->work->len == 0)
        g_clear_pointer(&run->work, g_ptr_array_unref);
    return run->work != NULL;
}

static bool wants_port(const Run *run, size_t index)
{
    return run->live->interfaces.items[index]->type == INTERFACE_NETWORK;
}

static bool has_port(const Run *run, size_t index)
{
    const Interface *interface = run->live->interfaces.items[index];

    return interface->portid && interface->network;
}

static bool choose_ids(Run *run, GError **err)
{
    for (guint i = 0; i < run->work->len; i++) {
        g_autofree char *id = g_uuid_string_random();
        set_port_id(g_ptr_array_index(run->work, i), id);
    }
    return status_save(run->domain, run->live, err);
}

/* Answers come from the main loop, never from inside these calls: run->work stays as it is. */
void step_ports_claim(Run *run)
{
    GError *err = NULL;

    if (!gather(run, wants_port)) {
        run_step_done(run, NULL);
        return;
    }
    if (!choose_ids(run, &err)) {
        g_clear_pointer(&run->work, g_ptr_array_unref);
        run_step_done(run, err);
        return;
    }
    for (guint i = 0; i < run->work->len; i++) {
        Claim *claim = g_ptr_array_index(run->work, i);
        const NetworkPortPlace place = place_of(claim);
        g_autofree char *xml =
            interface_port_format(run->live, interface_of(claim), PORT_PLUG_OPEN);
        network_port_create(&place, xml, port_made, claim);
    }
}

/* ---- giving back -------------------------------------------------------------------------------
 */

static void port_released(const GError *err, void *data)
{
    Claim *claim = data;
    Run *run = claim->run;

    /* A port that is not given back is the network daemon's to forget. */
    if (err)
        log_warning(_("domain '%s' could not give a network port back: %s"), run->domain->name,
                    err->message);
    g_ptr_array_remove_fast(run->work, claim);
    if (run->work->len > 0)
        return;
    g_clear_pointer(&run->work, g_ptr_array_unref);
    run_undo_done(run);
}

void step_ports_release(Run *run)
{
    if (!gather(run, has_port)) {
        run_undo_done(run);
        return;
    }
    for (guint i = 0; i < run->work->len; i++) {
        Claim *claim = g_ptr_array_index(run->work, i);
        const NetworkPortPlace place = place_of(claim);
        network_port_release(&place, port_released, claim);
    }
}
