// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * On a host of systemd each container has a scope of its own. systemd wants a process to put into
 * it: that is the controller, which is started here and gets its order by the next step. It makes
 * the container's groups below the scope's, and one for itself beside them, so that neither shares
 * the other's. What systemd calls the scope is kept in the live definition, and so over a new
 * daemon.
 *
 * Without a bus to ask on, groups are made as on any other host. systemd that does not do what it
 * is asked is a start that fails.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/status.h"
#include "lxc_driver/steps.h"
#include "lxc_driver/systemd.h"

#include <net/if.h>
#include <string.h>

static char *machine_of(const Domain *domain)
{
    return systemd_machine_name(domain->name, domain->uuid);
}

/* "0::/machine.slice/x.scope", or on older hosts "1:name=systemd:/machine.slice/x.scope". */
static char *group_of(pid_t pid, const char *unit)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cgroup", (int)pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *group = strstr(*line, ":/");
        const char *last = group ? strrchr(group, '/') : NULL;
        if (last && !strcmp(last + 1, unit))
            return g_strdup(group + 1);
    }
    return NULL;
}

static bool use_scope(Run *run, GError **err)
{
    Domain *domain = run->domain;
    g_autofree char *machine = machine_of(domain);
    g_autofree char *unit = systemd_scope_name(machine);
    char *group = group_of(controller_link_pid(domain->link), unit);

    if (!group)
        return fail(err, ERR(LXC, OPERATION_FAILED), _("the controller is not in the scope '%s'"),
                    unit);
    g_free(run->plan->cgroup.partition);
    run->plan->cgroup.partition = g_strdup(group);
    run->live->extension.scope = group;
    return status_save(domain, run->live, err);
}

static void scope_made(SystemdResult result, const GError *why, void *data)
{
    Run *run = data;
    GError *err = NULL;

    run->bus_under_way = false;
    if (run->late_error)
        err = g_steal_pointer(&run->late_error);
    else if (result == SYSTEMD_NO_BUS)
        log_warning(_("domain '%s' gets no scope of systemd: %s"), run->domain->name, why->message);
    else if (result == SYSTEMD_FAILED)
        err = g_error_copy(why);
    else
        (void)use_scope(run, &err); /* told by err */
    run_step_done(run, err);
}

void step_scope_make(Run *run)
{
    Domain *domain = run->domain;
    g_autofree char *machine = machine_of(domain);
    g_autofree char *unit = systemd_scope_name(machine);
    g_autofree char *slice = systemd_slice_name(run->plan->cgroup.partition);
    g_autofree char *description = g_strdup_printf("Container %s", domain->name);
    ScopeRequest request = { .unit = unit, .slice = slice, .description = description };
    GError *err = NULL;

    if (!domain->driver->uses_systemd || !step_controller_spawn(run, &err)) {
        run_step_done(run, err);
        return;
    }
    request.pid = controller_link_pid(domain->link);
    run->bus_under_way = true;
    systemd_start_scope(&request, scope_made, run);
}

/* ---- undo ---- */

static void scope_gone(SystemdResult result, const GError *why, void *data)
{
    Run *run = data;

    if (result != SYSTEMD_DONE)
        log_warning(_("domain '%s': its scope may be left behind: %s"), run->domain->name,
                    why->message);
    run_undo_done(run);
}

/* systemd is about to find it empty by itself; the next start is not to come before that. */
void step_scope_remove(Run *run)
{
    const char *group = run->live->extension.scope;

    if (group)
        systemd_stop_scope(strrchr(group, '/') + 1, scope_gone, run);
    else
        run_undo_done(run);
}

/* ---- machined ---- */

static void add_link(GArray *links, const Interface *interface)
{
    int index = interface->target_dev ? (int)if_nametoindex(interface->target_dev) : 0;

    if (index > 0)
        g_array_append_val(links, index);
}

void step_scope_register(const Domain *domain, const DomainDef *live, pid_t init_pid)
{
    g_autofree char *machine = machine_of(domain);
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(int));
    MachineRequest request = { .name = machine, .uuid = domain->uuid, .leader = init_pid };

    if (!live->extension.scope)
        return;
    for (size_t i = 0; i < live->interfaces.n; i++)
        add_link(links, live->interfaces.items[i]);
    request.links = (const int *)(void *)links->data;
    request.n_links = links->len;
    systemd_register_machine(&request);
}
