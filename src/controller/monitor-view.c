// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor.h. Requests queue in the kernel while there is no server; a connection with one in
 * its queue starts it. A server that is killed is started again like one that ended. When it cannot
 * stay, the kernel's own files come back: they are put over the dead ones first, while who asks
 * waits; then those who wait are told to look again, and find them; and only then is the connection
 * cut off, for those who have a file open.
 */
#include "controller/monitor.h"

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Mounts go before their last process is gone: then it was not the connection that failed. */
#define LOST_MS 500
#define LOOK_MS 500

/* Who waits in a lookup may have locked what is to be covered. Then it has to be let go first. */
#define COVER_MS 2000

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

/* To a name that is stale the kernel looks anew, once: to who opens or examines a file by it. */
static void send_away(int fd)
{
    _Alignas(struct fuse_in_header) char request[FUSE_MIN_READ_BUFFER];
    const struct fuse_in_header *in = (const struct fuse_in_header *)request;

    if (!fd_set_nonblocking(fd, true))
        return;
    while (read(fd, request, sizeof request) >= (ssize_t)sizeof *in) {
        struct fuse_out_header out = { .len = sizeof out, .error = -ESTALE, .unique = in->unique };
        (void)write(fd, &out, sizeof out); /* fails for what wants no answer */
    }
}

/* The child keeps no connection open, should it be held up. */
static void give_up(MonitorView *view, const char *why)
{
    static const char what[] = "the limits are not shown inside any more: ";
    ControlHandover *handover = view->handover;
    pid_t pid;

    (void)fd_write_full(2, what, sizeof what - 1); /* nowhere else to say it */
    (void)fd_write_full(2, why, strlen(why));
    pid = monitor_server_start(&view->server);
    if (pid == 0) {
        hang_up(handover);
        _exit(view_cover(handover->init_pidfd, handover->view_device) ? EXIT_SUCCESS
                                                                      : EXIT_FAILURE);
    }
    if (pid > 0)
        view->covering = monotonic_ms();
    else
        hang_up(handover);
}

static void end_covering(MonitorView *view, bool covered)
{
    view->covering = 0;
    if (covered && view->handover->view_fd >= 0)
        send_away(view->handover->view_fd);
    hang_up(view->handover);
}

/* ---- what happens ---- */

static void reap(MonitorView *view)
{
    bool fine = monitor_server_reap(&view->server); /* the next request starts another */

    if (view->covering)
        end_covering(view, fine);
    else if (view->handover->view_fd >= 0 && monitor_server_is_useless(&view->server))
        give_up(view, "virtlxc-view does not stay\n");
}

static void lose_connection(MonitorView *view)
{
    hang_up(view->handover);
    view->lost = monotonic_ms();
}

int monitor_view_patience(const MonitorView *view)
{
    return view->lost || view->covering ? LOOK_MS : -1;
}

/* The container lives on: all of its mounts were taken away inside, or it was cut off outside. */
void monitor_view_look(MonitorView *view)
{
    if (view->covering && monotonic_ms() - view->covering > COVER_MS)
        end_covering(view, false);
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
