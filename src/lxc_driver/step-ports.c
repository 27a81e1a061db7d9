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

/* How many answers are still to come, and the first thing that went wrong. */
static void answer_came(Run *run, Claim *claim, const GError *err)
{
    g_ptr_array_remove_fast(run->work, claim);
    if (err && !run->error)
        run->error = g_error_copy(err);
    if (run->work->len > 0)
        return;
    g_clear_pointer(&run->work, g_ptr_array_unref);
    if (!run->error)
        (void)status_save(run->domain, run->live, &run->error); /* told by run->error */
    run_step_done(run, g_steal_pointer(&run->error));
}

/* From here on the link is a bridge's. */
static void plug_in(Run *run, size_t index, const NetworkPort *port)
{
    Interface *interface = run->live->interfaces.items[index];
    PlanLink *link = &run->links[index];

    g_free(interface->bridge);
    interface->bridge = g_strdup(port->bridge);
    free(link->bridge);
    link->bridge = strdup(port->bridge);
    link->kind = PLAN_LINK_BRIDGE;
    link->isolated = link->isolated || port->isolated;
}

static void set_port_id(const Claim *claim, const char *id)
{
    Interface *interface = claim->run->live->interfaces.items[claim->index];

    g_free(interface->portid);
    interface->portid = g_strdup(id);
}

static void port_made(NetworkPort *port, const GError *err, void *data)
{
    Claim *claim = data;

    if (port)
        plug_in(claim->run, claim->index, port);
    else
        set_port_id(claim, NULL);
    network_port_free(port);
    answer_came(claim->run, claim, err);
}

static bool copy_links(Run *run, GError **err)
{
    const Plan *plan = run->plan;

    run->links = g_new0(PlanLink, plan->links.len + 1);
    for (size_t i = 0; i < plan->links.len; i++)
        if (!xdr_copy(&plan_link_xdr, &plan->links.items[i], &run->links[i]))
            return fail(err, ERR(LXC, NO_MEMORY), _("out of memory"));
    if (plan->links.len != run->live->interfaces.n)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("the plan of %zu interfaces has %u links"),
                    run->live->interfaces.n, plan->links.len);
    return true;
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
    return run->links[index].kind == PLAN_LINK_NETWORK;
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
    Domain *domain = run->domain;
    NetworkPortOwner owner = { .run_dir = domain->driver->network_run_dir, .name = domain->name };
    GError *err = NULL;

    memcpy(owner.uuid, domain->uuid, sizeof owner.uuid);
    if (!copy_links(run, &err) || !gather(run, wants_port)) {
        run_step_done(run, err);
        return;
    }
    if (!choose_ids(run, &err)) {
        g_clear_pointer(&run->work, g_ptr_array_unref);
        run_step_done(run, err);
        return;
    }
    for (guint i = 0; i < run->work->len; i++) {
        Claim *claim = g_ptr_array_index(run->work, i);
        const Interface *interface = run->live->interfaces.items[claim->index];
        network_port_create(&owner, &run->links[claim->index], interface->portid, port_made, claim);
    }
}

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
        const Interface *interface = run->live->interfaces.items[claim->index];
        network_port_release(run->domain->driver->network_run_dir, interface->network,
                             interface->portid, port_released, claim);
    }
}
