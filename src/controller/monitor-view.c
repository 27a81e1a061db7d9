// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor.h. Requests queue in the kernel while there is no server; a connection with one in
 * its queue starts it. A server that is killed is started again like one that ended. When it cannot
 * stay, the connection is cut off, so that nobody waits, and the kernel's own files come back.
 */
#include "controller/monitor.h"

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Mounts go before their last process is gone: then it was not the connection that failed. */
#define LOST_MS 2000
#define LOOK_MS 1000

void monitor_view_start(MonitorView *view, ControlHandover *handover)
{
    *view = (MonitorView){ .handover = handover };
    monitor_server_init(&view->server);
}

int monitor_view_fd(const MonitorView *view)
{
    return view->server.pid ? view->server.pidfd : view->handover->view_fd;
}

/* ---- the server ---- */

/* False: there is no server, and none is to come. */
static bool start_server(MonitorView *view)
{
    const int fds[] = { view->handover->view_memory_fd, view->handover->view_fd };
    pid_t pid = monitor_server_start(&view->server);

    if (pid == 0)
        monitor_server_exec(view->handover, "files", fds, sizeof fds / sizeof *fds);
    return pid > 0;
}

/* ---- without it ---- */

static void hang_up(ControlHandover *handover)
{
    fd_close(fd_steal(&handover->view_fd)); /* the last holder cuts the connection off */
    fd_close(fd_steal(&handover->view_memory_fd));
}

static void give_up(MonitorView *view, const char *why)
{
    static const char what[] = "the limits are not shown inside any more: ";
    ControlHandover *handover = view->handover;

    (void)fd_write_full(2, what, sizeof what - 1); /* nowhere else to say it */
    (void)fd_write_full(2, why, strlen(why));
    hang_up(handover);
    if (monitor_server_start(&view->server) == 0)
        _exit(view_cover(handover->init_pidfd, handover->view_device) ? EXIT_SUCCESS
                                                                      : EXIT_FAILURE);
}

/* ---- what happens ---- */

static void reap(MonitorView *view)
{
    bool is_server = view->handover->view_fd >= 0;

    (void)monitor_server_reap(&view->server); /* the next request starts another */
    if (is_server && monitor_server_is_useless(&view->server))
        give_up(view, "virtlxc-view does not stay\n");
}

static void lose_connection(MonitorView *view)
{
    hang_up(view->handover);
    view->lost = monotonic_ms();
}

int monitor_view_patience(const MonitorView *view)
{
    return view->lost ? LOOK_MS : -1;
}

/* The container lives on: all of its mounts were taken away inside, or it was cut off outside. */
void monitor_view_look(MonitorView *view)
{
    if (!view->lost || monotonic_ms() - view->lost < LOST_MS)
        return;
    view->lost = 0;
    give_up(view, "the connection was cut off\n");
}

void monitor_view_serve(MonitorView *view, short events)
{
    if (view->server.pid)
        reap(view);
    else if (!(events & POLLIN))
        lose_connection(view);
    else if (!start_server(view))
        give_up(view, "virtlxc-view cannot be started\n");
}

void monitor_view_stop(MonitorView *view)
{
    hang_up(view->handover);
    monitor_server_stop(&view->server);
}
