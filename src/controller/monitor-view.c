// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor.h. Requests queue in the kernel while there is no server; a connection with one in
 * its queue starts it. A server that is killed is started again like one that ended. When it cannot
 * stay, the connection is cut off, so that nobody waits, and the kernel's own files come back.
 */
#include "controller/monitor.h"

#include "base/fd.h"
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILURES_MAX 5
#define QUICK_END_SECONDS 2
#define ENDING_MS 20
/* Mounts go before their last process is gone: then it was not the connection that failed. */
#define LOST_SECONDS 2
#define LOOK_MS 1000
#define NUMBER_SIZE 12

static int64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* every kernel has it */
    return time.tv_sec;
}

/* Without printf. */
static void format_number(unsigned number, char text[NUMBER_SIZE])
{
    char digits[NUMBER_SIZE];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0)
        *text++ = digits[--n];
    *text = '\0';
}

void monitor_view_start(MonitorView *view, ControlHandover *handover)
{
    *view = (MonitorView){ .handover = handover, .child_pidfd = -1 };
}

int monitor_view_fd(const MonitorView *view)
{
    return view->child ? view->child_pidfd : view->handover->view_fd;
}

/* ---- the server ---- */

static void become_server(const ControlHandover *handover)
{
    char connection[NUMBER_SIZE];
    char memory[NUMBER_SIZE];
    char *argv[] = { (char *)"virtlxc-view", connection, memory, handover->name, NULL };
    char *env[] = { NULL };

    format_number((unsigned)handover->view_fd, connection);
    format_number((unsigned)handover->view_memory_fd, memory);
    (void)fd_set_cloexec(handover->view_fd, false); /* a bad descriptor only */
    (void)fd_set_cloexec(handover->view_memory_fd, false);
    (void)execveat(handover->view_program_fd, "", argv, env, AT_EMPTY_PATH); /* only to fail */
    _exit(EXIT_FAILURE);
}

/* False: there is no server, and none is to come. */
static bool start_server(MonitorView *view)
{
    pid_t pid = process_clone(0, -1, &view->child_pidfd);

    if (pid == 0)
        become_server(view->handover);
    view->child = pid > 0 ? pid : 0;
    view->started = now();
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
    pid_t pid;

    (void)fd_write_full(2, what, sizeof what - 1); /* nowhere else to say it */
    (void)fd_write_full(2, why, strlen(why));
    hang_up(handover);
    pid = process_clone(0, -1, &view->child_pidfd);
    if (pid == 0)
        _exit(view_cover(handover->init_pidfd, handover->view_device) ? EXIT_SUCCESS
                                                                      : EXIT_FAILURE);
    view->child = pid > 0 ? pid : 0;
}

/* ---- what happens ---- */

static bool was_quick(const MonitorView *view)
{
    return now() - view->started < QUICK_END_SECONDS;
}

static void reap(MonitorView *view)
{
    int status = 0;

    (void)waitpid(view->child, &status, 0); /* has ended */
    fd_close(fd_steal(&view->child_pidfd));
    view->child = 0;
    if (view->handover->view_fd < 0)
        return; /* it was not the server */
    view->failures = status != 0 && was_quick(view) ? view->failures + 1 : 0;
    if (view->failures >= FAILURES_MAX)
        give_up(view, "virtlxc-view does not stay\n");
}

static void lose_connection(MonitorView *view)
{
    hang_up(view->handover);
    view->lost = now();
}

int monitor_view_patience(const MonitorView *view)
{
    return view->lost ? LOOK_MS : -1;
}

/* The container lives on: all of its mounts were taken away inside, or it was cut off outside. */
void monitor_view_look(MonitorView *view)
{
    if (!view->lost || now() - view->lost < LOST_SECONDS)
        return;
    view->lost = 0;
    give_up(view, "the connection was cut off\n");
}

void monitor_view_serve(MonitorView *view, short events)
{
    if (view->child)
        reap(view);
    else if (!(events & POLLIN))
        lose_connection(view);
    else if (!start_server(view))
        give_up(view, "virtlxc-view cannot be started\n");
}

void monitor_view_stop(MonitorView *view)
{
    hang_up(view->handover);
    if (!view->child)
        return;
    (void)kill(view->child, SIGKILL); /* our child, unreaped: it is there */
    if (process_wait_end(view->child_pidfd, ENDING_MS))
        reap(view);
}
