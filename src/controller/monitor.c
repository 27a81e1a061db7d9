// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-monitor: what stays resident for each running container. It is the parent of its init,
 * keeps its consoles flowing, answers the daemon of the day, and when init ends it becomes the
 * controller again, which knows what to do. One thread, one poll, no library but libc.
 * Of several daemons at the socket the newest counts.
 */
#include "controller/monitor.h"

#include "base/decimal.h"
#include "base/fd.h"
#include "base/process.h"
#include "controller/daemon.h"
#include "controller/handover.h"
#include "controller/monitor-calls.h"
#include "controller/monitor-console.h"
#include "controller/monitor-notify.h"
#include "plan/message.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH_SIZE 24 /* "/dev/pts/4294967295" */

typedef struct Monitor {
    ControlHandover handover;
    MonitorConsole *consoles; /* one per handover.consoles */
    MonitorView view;
    MonitorCalls calls;
    MonitorNotify notify;
    struct pollfd *polls; /* as below; then CONSOLE_POLLS of each console */
} Monitor;

enum {
    POLL_INIT,
    POLL_LISTEN,
    POLL_DAEMON,
    POLL_VIEW,
    POLL_NOTIFY,
    POLL_CALLS,
    POLL_CONSOLES = POLL_CALLS + CALLS_POLLS
};

/* ---- the daemon ---- */

static void hang_up(Monitor *monitor)
{
    fd_close(fd_steal(&monitor->handover.daemon_fd));
    for (uint32_t i = 0; i < monitor->handover.consoles.len; i++)
        monitor_console_return(&monitor->consoles[i]);
}

static void format_path(unsigned number, char path[PATH_SIZE])
{
    char digits[DECIMAL_SIZE];

    strcat(strcpy(path, "/dev/pts/"), decimal(number, digits));
}

/* What a new daemon needs to know; freed again at once. */
static bool tell_running(Monitor *monitor)
{
    uint32_t n = monitor->handover.consoles.len;
    ControlRunning running = { .init_pid = monitor->handover.init_pid,
                               .ready = monitor->handover.ready };
    char(*paths)[PATH_SIZE] = calloc(n + 1, sizeof *paths);
    char **items = calloc(n + 1, sizeof *items);
    bool sent = false;

    if (paths && items) {
        for (uint32_t i = 0; i < n; i++) {
            format_path(monitor->handover.consoles.items[i].pts, paths[i]);
            items[i] = paths[i];
        }
        running.consoles.len = n;
        running.consoles.items = items;
        sent = message_send(monitor->handover.daemon_fd, CONTROL_RUNNING, &running, NULL, 0);
    }
    free(items);
    free(paths);
    return sent;
}

static void meet_daemon(Monitor *monitor)
{
    int sock = accept_daemon(monitor->handover.listen_fd);

    if (sock < 0)
        return;
    hang_up(monitor);
    monitor->handover.daemon_fd = sock;
    if (!tell_running(monitor))
        hang_up(monitor);
}

/* Thawed first: a process frozen by v1 does not die. The end itself is seen by init's pidfd. */
static void kill_container(Monitor *monitor)
{
    ControlHandover *handover = &monitor->handover;
    const char *thaw = handover->cgroup_thaw_v1 ? "THAWED" : "0";

    handover->destroyed = true;
    (void)process_signal(handover->init_pidfd, SIGKILL); /* ended is what is wanted */
    if (handover->cgroup_kill_fd >= 0)
        (void)fd_write_full(handover->cgroup_kill_fd, "1", 1); /* the controller looks again */
    if (handover->cgroup_thaw_fd >= 0)
        (void)fd_write_full(handover->cgroup_thaw_fd, thaw, strlen(thaw)); /* the same */
}

static bool open_console(Monitor *monitor, unsigned index)
{
    ControlConsole refused = { .index = index, .errnum = ENOENT };

    if (index < monitor->handover.consoles.len)
        return monitor_console_lend(&monitor->consoles[index], index, monitor->handover.daemon_fd);
    return message_send(monitor->handover.daemon_fd, CONTROL_CONSOLE_OPENED, &refused, NULL, 0);
}

/* False: not a message that a daemon sends to us. */
static bool obey(Monitor *monitor, const Message *message)
{
    unsigned index = message->body.console.index;

    if (message->kind == CONTROL_CONSOLE_OPEN)
        return open_console(monitor, index);
    if (message->kind == CONTROL_CONSOLE_CLOSE) {
        if (index < monitor->handover.consoles.len)
            monitor_console_return(&monitor->consoles[index]);
        return true;
    }
    if (message->kind != CONTROL_KILL)
        return false;
    kill_container(monitor);
    return true;
}

static void serve_daemon(Monitor *monitor)
{
    Message message = { 0 };
    int got = message_receive(monitor->handover.daemon_fd, &message);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || !obey(monitor, &message))
        hang_up(monitor);
    if (got > 0)
        message_clear(&message);
}

/* A daemon that is not there now is told when it comes. */
static void hear_init(Monitor *monitor)
{
    int sock = monitor->handover.daemon_fd;

    if (monitor_notify_serve(&monitor->notify) && sock >= 0 &&
        !message_send(sock, CONTROL_READY, NULL, NULL, 0))
        hang_up(monitor);
}

/* ---- the loop ---- */

/* What was printed last is read before the end is seen to. */
static void become_controller(Monitor *monitor)
{
    for (uint32_t i = 0; i < monitor->handover.consoles.len; i++)
        monitor_console_finish(&monitor->consoles[i]);
    monitor_view_stop(&monitor->view);
    monitor_calls_stop(&monitor->calls);
    fd_close(fd_steal(&monitor->handover.notify_fd));
    handover_exec(monitor->handover.controller_fd, "virtlxc-controller", HANDOVER_ENDED,
                  &monitor->handover);
    _exit(EXIT_FAILURE); /* the daemon sees us gone, and cleans up */
}

static struct pollfd *console_polls(const Monitor *monitor, uint32_t index)
{
    return monitor->polls + POLL_CONSOLES + (size_t)index * CONSOLE_POLLS;
}

static void fill_polls(Monitor *monitor)
{
    struct pollfd *polls = monitor->polls;

    polls[POLL_INIT] = (struct pollfd){ monitor->handover.init_pidfd, POLLIN, 0 };
    polls[POLL_LISTEN] = (struct pollfd){ monitor->handover.listen_fd, POLLIN, 0 };
    polls[POLL_DAEMON] = (struct pollfd){ monitor->handover.daemon_fd, POLLIN, 0 };
    polls[POLL_VIEW] = (struct pollfd){ monitor_view_fd(&monitor->view), POLLIN, 0 };
    polls[POLL_NOTIFY] = (struct pollfd){ monitor_notify_fd(&monitor->notify), POLLIN, 0 };
    monitor_calls_polls(&monitor->calls, polls + POLL_CALLS);
    for (uint32_t i = 0; i < monitor->handover.consoles.len; i++)
        monitor_console_polls(&monitor->consoles[i], console_polls(monitor, i));
}

/* Until something is to be done though nothing came. */
static int find_timeout(const Monitor *monitor)
{
    int timeout = monitor_view_patience(&monitor->view);
    int rest = monitor_notify_timeout(&monitor->notify);

    if (rest >= 0 && (timeout < 0 || rest < timeout))
        timeout = rest;
    for (uint32_t i = 0; i < monitor->handover.consoles.len; i++) {
        int wanted = monitor_console_timeout(&monitor->consoles[i]);
        if (wanted >= 0 && (timeout < 0 || wanted < timeout))
            timeout = wanted;
    }
    return timeout;
}

static void serve_consoles(Monitor *monitor)
{
    for (uint32_t i = 0; i < monitor->handover.consoles.len; i++)
        monitor_console_serve(&monitor->consoles[i], console_polls(monitor, i));
}

/*
 * SIGTERM is what systemd sends to all of a scope, when the machine is terminated or the host goes
 * down: the container ends, and its daemon hears of it. The signal comes while we wait, or not yet.
 */
static void on_term(int signum)
{
    (void)signum;
}

static void await_term(sigset_t *ret_waiting)
{
    struct sigaction action = { .sa_handler = on_term };
    sigset_t term;

    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, ret_waiting); /* fails for bad words only, as the others */
    (void)sigdelset(ret_waiting, SIGTERM);
    (void)sigaction(SIGTERM, &action, NULL);
}

static int wait_for_news(Monitor *monitor, nfds_t n_polls, const sigset_t *waiting)
{
    int timeout = find_timeout(monitor);
    struct timespec time = { timeout / 1000, timeout % 1000 * 1000000L };

    return ppoll(monitor->polls, n_polls, timeout < 0 ? NULL : &time, waiting);
}

static void watch(Monitor *monitor)
{
    nfds_t n_polls = POLL_CONSOLES + (nfds_t)monitor->handover.consoles.len * CONSOLE_POLLS;
    sigset_t waiting;

    await_term(&waiting);
    for (;;) {
        fill_polls(monitor);
        if (wait_for_news(monitor, n_polls, &waiting) < 0) {
            if (errno == EINTR)
                kill_container(monitor); /* no other signal is handled */
            continue;
        }
        serve_consoles(monitor);
        if (monitor->polls[POLL_INIT].revents)
            become_controller(monitor);
        if (monitor->polls[POLL_DAEMON].revents)
            serve_daemon(monitor);
        if (monitor->polls[POLL_LISTEN].revents)
            meet_daemon(monitor);
        if (monitor->polls[POLL_VIEW].revents)
            monitor_view_serve(&monitor->view, monitor->polls[POLL_VIEW].revents);
        if (monitor->polls[POLL_NOTIFY].revents || monitor_notify_timeout(&monitor->notify) == 0)
            hear_init(monitor);
        monitor_view_look(&monitor->view);
        monitor_calls_serve(&monitor->calls, monitor->polls + POLL_CALLS);
    }
}

static bool start(Monitor *monitor, const char *number)
{
    uint32_t n;

    if (!handover_load(number, &monitor->handover))
        return false;
    n = monitor->handover.consoles.len;
    monitor->consoles = calloc(n + 1, sizeof *monitor->consoles);
    monitor->polls = calloc(POLL_CONSOLES + (size_t)n * CONSOLE_POLLS, sizeof *monitor->polls);
    if (!monitor->consoles || !monitor->polls)
        return false;
    for (uint32_t i = 0; i < n; i++)
        monitor_console_start(&monitor->consoles[i], &monitor->handover, i);
    monitor_view_start(&monitor->view, &monitor->handover);
    monitor_calls_start(&monitor->calls, &monitor->handover);
    monitor->notify = (MonitorNotify){ .handover = &monitor->handover };
    return monitor->handover.daemon_fd < 0 || fd_set_nonblocking(monitor->handover.daemon_fd, true);
}

int main(int argc, char **argv)
{
    static const char usage[] = "virtlxc-monitor is started by virtlxcd only\n";
    Monitor monitor = { 0 };

    (void)prctl(PR_SET_NAME, "virtlxc-mon", 0, 0, 0); /* for ps only */
    if (argc < 3 || strcmp(argv[1], HANDOVER_WATCH) || !start(&monitor, argv[2])) {
        (void)fd_write_full(2, usage, sizeof usage - 1); /* nowhere else to say it */
        return EXIT_FAILURE;
    }
    watch(&monitor);
}
