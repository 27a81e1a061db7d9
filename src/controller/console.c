// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The consoles of a container: each is a pseudo terminal inside, whatever the host's side of it is.
 * Both sides outlast a reboot; the slaves are the new container's.
 */
#include "kernel/console.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "controller/run.h"
#include "kernel/closed-places.h"
#include "kernel/console-host.h"
#include "kernel/idmap.h"
#include "kernel/label.h"
#include "kernel/mount.h"

#include <unistd.h>

static const ControlConsoleFile no_file = { .fd = -1, .dir = -1 };

static void console_init(RunConsole *console, const PlanConsole *plan)
{
    console->slave = console->mount = -1;
    console->kept = (ControlHandoverConsole){
        .kind = (int)plan->kind,
        .master = -1,
        .kept = { .memory = -1 },
        .reader = -1,
        .reader_end = -1,
        .listener = -1,
        .file = no_file,
        .log = no_file,
    };
}

void consoles_init(Run *run)
{
    run->n_consoles = run->plan.consoles.len;
    run->consoles = g_new0(RunConsole, run->n_consoles + 1);
    for (size_t i = 0; i < run->n_consoles; i++)
        console_init(&run->consoles[i], &run->plan.consoles.items[i]);
}

/* ---- the container's side ---- */

static bool open_master(ControlHandoverConsole *kept, GError **err)
{
    unsigned number;

    if (kept->master >= 0)
        return true;
    if (!console_open(&kept->master, &number, err))
        return false;
    kept->pts = number;
    return true;
}

/* Root of the container may give the slave away only once it is its own. */
static bool open_slave(RunConsole *console, const Run *run, GError **err)
{
    const Plan *plan = &run->plan;

    if (!console_open_slave(console->kept.master, &console->slave, err) ||
        (run->restart && !console_reset(console->slave, err)))
        return false;
    if (fchown(console->slave, idmap_root_uid(plan), idmap_root_gid(plan)) < 0)
        return fail_errno(err, errno, _("cannot give '/dev/pts/%u' to the container's root"),
                          console->kept.pts);
    if (!label_terminal(plan, console->slave))
        return fail_errno(err, errno, _("cannot label '/dev/pts/%u' for the container"),
                          console->kept.pts);
    console->mount = mount_clone(console->slave, "", MOUNT_TOP_ONLY);
    if (console->mount < 0)
        return fail_errno(err, errno, _("cannot make a mount of '/dev/pts/%u'"), console->kept.pts);
    return true;
}

/* ---- the host's side ---- */

static bool open_socket(const PlanConsole *plan, HostPlaces closed, ControlHandoverConsole *kept,
                        GError **err)
{
    if (!plan->connect)
        return console_listen(plan, closed, &kept->listener, err);
    kept->path = plan->path;
    kept->reconnect = plan->reconnect;
    return console_connect(plan, closed, &kept->reader, err);
}

static bool open_log(Run *run, const PlanConsole *plan, ControlConsoleFile *log, GError **err)
{
    if (!*plan->log)
        return true;
    log->max_size = run->log_max_size;
    log->max_backups = run->log_max_backups;
    return console_open_log(plan, closed_places(run->closed), log, err);
}

static bool open_host_side(Run *run, size_t index, GError **err)
{
    const PlanConsole *plan = &run->plan.consoles.items[index];
    ControlHandoverConsole *kept = &run->consoles[index].kept;
    HostPlaces closed = closed_places(run->closed);

    if (plan->kind == PLAN_CONSOLE_FILE && !console_open_file(plan, closed, &kept->file, err))
        return false;
    if (plan->kind == PLAN_CONSOLE_UNIX && !open_socket(plan, closed, kept, err))
        return false;
    return open_log(run, plan, &kept->log, err);
}

/* ---- the step ---- */

bool consoles_open(Run *run, GError **err)
{
    run->closed = closed_places_new(&run->plan);
    for (size_t i = 0; i < run->n_consoles; i++) {
        RunConsole *console = &run->consoles[i];
        if (!open_master(&console->kept, err) || !open_slave(console, run, err) ||
            (!run->restart && !open_host_side(run, i, err)))
            return fail_while(err, "console%zu", i);
    }
    return true;
}

static void close_host_side(ControlHandoverConsole *kept)
{
    fd_close(fd_steal(&kept->kept.memory));
    fd_close(fd_steal(&kept->reader));
    fd_close(fd_steal(&kept->reader_end));
    fd_close(fd_steal(&kept->listener));
    fd_close(fd_steal(&kept->file.fd));
    fd_close(fd_steal(&kept->log.fd));
    fd_close(fd_steal(&kept->log.dir));
}

void consoles_close(Run *run)
{
    bool listens = false;

    for (size_t i = 0; i < run->n_consoles; i++) {
        RunConsole *console = &run->consoles[i];
        listens |= console->kept.listener >= 0;
        fd_close(fd_steal(&console->kept.master));
        fd_close(fd_steal(&console->slave));
        fd_close(fd_steal(&console->mount));
        close_host_side(&console->kept);
    }
    if (listens)
        console_remove_sockets(&run->plan);
}
