// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See state.h. On the way to shut off the live definition and the id go away before the clients
 * are told, and a transient domain leaves the list after it.
 */
#include "lxc_driver/state.h"

#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/domain-list.h"
#include "lxc_driver/events.h"
#include "lxc_driver/status.h"

#include <libvirt/libvirt.h>

#define IN(state) (1u << VIR_DOMAIN_##state)
#define ACTIVE (IN(RUNNING) | IN(PAUSED))

static const StateRow rows[] = {
    {STATE_STARTED,         IN(SHUTOFF), VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED,
     VIR_DOMAIN_EVENT_STARTED,                                                                                       VIR_DOMAIN_EVENT_STARTED_BOOTED   },
    { STATE_START_FAILED,   IN(SHUTOFF), VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED,
     STATE_TELL_NOBODY,                                                                                              0                                 },
    { STATE_SUSPENDED,      IN(RUNNING), VIR_DOMAIN_PAUSED,  VIR_DOMAIN_PAUSED_USER,
     VIR_DOMAIN_EVENT_SUSPENDED,                                                                                     VIR_DOMAIN_EVENT_SUSPENDED_PAUSED },
    { STATE_RESUMED,        IN(PAUSED),  VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED,
     VIR_DOMAIN_EVENT_RESUMED,                                                                                       VIR_DOMAIN_EVENT_RESUMED_UNPAUSED },
    { STATE_REBOOTED,       ACTIVE,      VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED,    STATE_TELL_REBOOT,        0                                 },
    { STATE_SHUT_DOWN,      ACTIVE,      VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN,
     VIR_DOMAIN_EVENT_STOPPED,                                                                                       VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN },
    { STATE_DESTROYED,      ACTIVE,      VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED,
     VIR_DOMAIN_EVENT_STOPPED,                                                                                       VIR_DOMAIN_EVENT_STOPPED_DESTROYED},
    { STATE_LOST,           ACTIVE,      VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN,  VIR_DOMAIN_EVENT_STOPPED,
     VIR_DOMAIN_EVENT_STOPPED_FAILED                                                                                                                   },
    { STATE_RESTART_FAILED, ACTIVE,      VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED,
     VIR_DOMAIN_EVENT_STOPPED,                                                                                       VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN },
    { STATE_FOUND_GONE,     IN(SHUTOFF), VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN,
     STATE_TELL_NOBODY,                                                                                              0                                 },
    { STATE_FOUND_RUNNING,  IN(SHUTOFF), VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN,
     STATE_TELL_NOBODY,                                                                                              0                                 },
    { STATE_FOUND_PAUSED,   IN(SHUTOFF), VIR_DOMAIN_PAUSED,  VIR_DOMAIN_PAUSED_USER,       STATE_TELL_NOBODY,
     0                                                                                                                                                 },
};

const StateRow *state_row(StateEvent event, int state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].event == event && (rows[i].from & (1u << state)))
            return &rows[i];
    return NULL;
}

static void leave_running(Domain *domain)
{
    domain_drop_link(domain);
    domain_list_set_id(domain->driver->domains, domain, -1);
    domain->controller_pid = -1;
    domain_set_owner(domain, 0);
    domain->gone = false;
    domain_forget_cgroup(domain);
    domain_set_live(domain, NULL);
}

static void tell(Domain *domain, const StateRow *row)
{
    if (row->type == STATE_TELL_REBOOT)
        events_reboot(domain);
    else if (row->type != STATE_TELL_NOBODY)
        events_lifecycle(domain, row->type, row->detail);
}

static void take_effect(Domain *domain, const StateRow *row)
{
    domain->state = row->to;
    domain->reason = row->reason;
    if (row->to == VIR_DOMAIN_SHUTOFF)
        leave_running(domain);
    else
        status_save_or_log(domain);
    tell(domain, row);
    if (row->to == VIR_DOMAIN_SHUTOFF && !domain->config)
        domain_list_remove(domain->driver->domains, domain);
}

bool state_change(Domain *domain, StateEvent event)
{
    g_autoptr(Domain) keep G_GNUC_UNUSED = domain_ref(domain);
    const StateRow *row = state_row(event, domain->state);

    if (!row) {
        log_warning(_("domain '%s': event %d does not fit state %d"), domain->name, (int)event,
                    domain->state);
        return false;
    }
    take_effect(domain, row);
    if (domain->driver->activity_changed)
        domain->driver->activity_changed(domain->driver->activity_data);
    return true;
}
