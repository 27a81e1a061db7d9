// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See reconnect.h. */
#include "lxc_driver/reconnect.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/interface-port.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/events.h"
#include "lxc_driver/file.h"
#include "lxc_driver/filter-binding.h"
#include "lxc_driver/network-port.h"
#include "lxc_driver/start.h"
#include "lxc_driver/state.h"
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"
#include "lxc_driver/stop.h"
#include "lxc_driver/store.h"

#include <libvirt/libvirt.h>
#include <string.h>
#include <unistd.h>

/* ---- definitions -------------------------------------------------------------------------------
 */

static void definition_found(DomainDef *def, bool autostart, void *data)
{
    Driver *driver = data;
    g_autoptr(GError) err = NULL;
    Domain *domain;

    if (!domain_list_adopt(driver->domains, driver, def, &domain, &err)) {
        log_error(_("the definition of domain '%s' is skipped: %s"), def->name, err->message);
        domain_def_free(def);
        return;
    }
    if (domain_is_described(domain)) { /* a reload: what is known stays */
        domain_def_free(def);
        return;
    }
    domain_set_config(domain, def);
    domain->was_defined = true;
    domain->autostart = autostart;
    events_lifecycle(domain, VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_ADDED);
}

bool reconnect_load_definitions(Driver *driver, GError **err)
{
    return store_load(driver->paths, &driver->host, definition_found, driver, err);
}

/* ---- containers --------------------------------------------------------------------------------
 */

#define PATIENCE_SECONDS 5 /* with controllers that do not answer */

/* How many containers are still to be settled. */
typedef struct Reconnecting {
    Driver *driver;
    unsigned pending;
    guint patience;      /* the source that ends the waiting */
    ReconnectDone *done; /* NULL once told */
    void *data;
} Reconnecting;

static void tell_done(Reconnecting *reconnecting)
{
    ReconnectDone *done = g_steal_pointer(&reconnecting->done);

    if (done)
        done(reconnecting->data);
}

static void settled(Reconnecting *reconnecting)
{
    if (--reconnecting->pending > 0)
        return;
    g_clear_handle_id(&reconnecting->patience, g_source_remove);
    tell_done(reconnecting);
    g_free(reconnecting);
}

/* One container whose controller hangs does not keep the others from being served. */
static gboolean patience_over(void *data)
{
    Reconnecting *reconnecting = data;

    reconnecting->patience = 0;
    log_warning(_("containers that do not answer: %u; the others are served now"),
                reconnecting->pending);
    tell_done(reconnecting);
    return G_SOURCE_REMOVE;
}

/* A job for each container; what it hands from one step to the next. */
typedef struct Meeting {
    Reconnecting *reconnecting;
    Status status;
    Job *job;
} Meeting;

/* The answers of other daemons that are still to come for a domain; its job ends with the last. */
typedef struct Reclaiming {
    Job *job;
    unsigned pending;
} Reclaiming;

static void one_settled(Reclaiming *reclaiming)
{
    if (--reclaiming->pending > 0)
        return;
    job_end(reclaiming->job, NULL);
    g_free(reclaiming);
}

static void reclaimed(const GError *err, void *data)
{
    if (err)
        log_warning(_("a network port could not be claimed again: %s"), err->message);
    one_settled(data);
}

/* The network daemon may have restarted too and must learn of our ports again. */
static void reclaim_ports(const Domain *domain, Reclaiming *reclaiming)
{
    const DomainDef *live = domain_live(domain);

    for (size_t i = 0; i < live->interfaces.n; i++) {
        const Interface *interface = live->interfaces.items[i];
        NetworkPortPlace place = { .run_dir = domain->driver->network_run_dir,
                                   .network = interface->network,
                                   .id = interface->portid };
        g_autofree char *xml = NULL;
        if (interface->type != INTERFACE_NETWORK || !place.id)
            continue;
        xml = interface_port_format(live, interface, PORT_PLUG_KNOWN);
        reclaiming->pending++;
        network_port_reclaim(&place, xml, reclaimed, reclaiming);
    }
}

static void filters_kept(void *data)
{
    one_settled(data);
}

static bool has_filter(const DomainDef *live)
{
    for (size_t i = 0; i < live->interfaces.n; i++)
        if (live->interfaces.items[i]->filter)
            return true;
    return false;
}

static void keep_filters(const Domain *domain, Reclaiming *reclaiming)
{
    FilterOwner owner = { .run_dir = domain->driver->network_run_dir, .name = domain->name };
    g_autoptr(GError) err = NULL;
    Plan *plan = NULL;

    if (!has_filter(domain_live(domain)))
        return;
    if (!domain_def_compile(domain_live(domain), &domain->driver->host, &plan, &err)) {
        log_warning("%s", err->message);
        return;
    }
    memcpy(owner.uuid, domain->uuid, sizeof owner.uuid);
    reclaiming->pending++;
    filter_bindings_keep(&owner, plan, filters_kept, reclaiming);
}

/* Whoever stops the domain waits for them: what is claimed after its release would stay. */
static void met(Domain *domain, const GError *err, void *data)
{
    Meeting *meeting = data;
    Reconnecting *reconnecting = meeting->reconnecting;
    Reclaiming *reclaiming = g_new(Reclaiming, 1);

    *reclaiming = (Reclaiming){ .job = meeting->job, .pending = 1 /* this function */ };
    status_clear(&meeting->status);
    g_free(meeting);
    if (err)
        log_warning(_("domain '%s' is lost: %s"), domain->name, err->message);
    if (!err && domain_is_active(domain)) {
        reclaim_ports(domain, reclaiming);
        keep_filters(domain, reclaiming);
    }
    one_settled(reclaiming);
    settled(reconnecting);
}

/* A run whose controller is at work already: it tells whether the container runs. */
static void meet(Domain *domain, void *data)
{
    Meeting *meeting = data;
    DomainDef *live = g_steal_pointer(&meeting->status.live);
    ControllerAddress where = { domain->driver->poller, domain->driver->state_dir_fd,
                                domain->uuid };
    g_autoptr(GError) err = NULL;
    Run *run;

    meeting->job = job_hold(domain);
    if (!controller_link_connect(&where, &step_controller_events, domain, &domain->link, &err)) {
        log_info("domain '%s': nobody answers: %s", domain->name, err->message);
        stop_clean_up(domain, live, meeting->status.init_pid, met, meeting);
        return;
    }
    run = run_new(domain, live, met, meeting);
    run->success = STATE_FOUND_RUNNING;
    run->outcome = STATE_FOUND_GONE;
    run->init_pid = meeting->status.init_pid;
    run_from_controller(run);
}

static void status_found(Status *status, void *data)
{
    Reconnecting *reconnecting = data;
    Driver *driver = reconnecting->driver;
    g_autoptr(GError) err = NULL;
    Meeting *meeting;
    Domain *domain;

    if (!domain_list_adopt(driver->domains, driver, status->live, &domain, &err)) {
        log_error(_("the running domain '%s' is not managed: %s"), status->live->name,
                  err->message);
        return;
    }
    meeting = g_new0(Meeting, 1);
    meeting->reconnecting = reconnecting;
    meeting->status = *status;
    memset(status, 0, sizeof *status);
    reconnecting->pending++;
    job_run(domain, meet, meeting);
}

bool reconnect_containers(Driver *driver, ReconnectDone *done, void *data, GError **err)
{
    Reconnecting *reconnecting = g_new0(Reconnecting, 1);

    reconnecting->driver = driver;
    reconnecting->done = done;
    reconnecting->data = data;
    reconnecting->pending = 1; /* this function */
    if (!status_load(driver->paths, &driver->host, status_found, reconnecting, err)) {
        g_free(reconnecting);
        return false;
    }
    reconnecting->patience = g_timeout_add_seconds(PATIENCE_SECONDS, patience_over, reconnecting);
    settled(reconnecting);
    return true;
}

/* ---- autostart ---------------------------------------------------------------------------------
 */

static void autostarted(Domain *domain, const GError *err, void *data)
{
    if (err)
        log_error(_("domain '%s' could not be started with the host: %s"), domain->name,
                  err->message);
    job_end(data, NULL);
}

static void begin_autostart(Domain *domain, void *data)
{
    StartRequest request = { 0 };
    g_autoptr(GError) err = NULL;
    Job *job;

    if (domain_is_active(domain) || !domain->config)
        return;
    request.def = domain_def_unfold(domain->config);
    job = job_hold(domain);
    if (!start_domain(domain, &request, autostarted, job, &err))
        autostarted(domain, err, job);
}

void reconnect_autostart(Driver *driver)
{
    g_autofree char *mark = g_build_filename(driver->paths->state_dir, "autostarted", NULL);
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GError) err = NULL;

    if (access(mark, F_OK) == 0)
        return;
    if (!file_replace(mark, "", FILE_FOR_THIS_BOOT, &err))
        log_warning("%s", err->message);
    all = domain_list_all(driver->domains);
    for (guint i = 0; i < all->len; i++) {
        Domain *domain = g_ptr_array_index(all, i);
        if (domain->autostart)
            job_run(domain, begin_autostart, NULL);
    }
}
