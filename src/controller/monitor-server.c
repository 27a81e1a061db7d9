// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See monitor-server.h. */
#include "controller/monitor-server.h"

#include "base/decimal.h"
#include "base/fd.h"
#include "base/monotonic.h"
#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILURES_MAX 5
#define QUICK_END_MS 2000
#define ENDING_MS 20

void monitor_server_init(MonitorServer *server)
{
    *server = (MonitorServer){ .pidfd = -1 };
}

pid_t monitor_server_start(MonitorServer *server)
{
    pid_t pid = process_clone(0, -1, &server->pidfd);

    server->pid = pid > 0 ? pid : 0;
    server->started = monotonic_ms();
    return pid;
}

void monitor_server_exec(const ControlHandover *handover, const char *what, const int *fds,
                         size_t n_fds)
{
    char numbers[SERVER_FDS_MAX][DECIMAL_SIZE];
    char *argv[2 + SERVER_FDS_MAX + 1] = { (char *)"virtlxc-view", (char *)what };
    char *env[] = { NULL };

    for (size_t i = 0; i < n_fds && fds[i] >= 0; i++) {
        argv[2 + i] = decimal((unsigned)fds[i], numbers[i]);
        (void)fd_set_cloexec(fds[i], false); /* a bad descriptor only */
    }
    (void)execveat(handover->view_program_fd, "", argv, env, AT_EMPTY_PATH); /* only to fail */
    _exit(EXIT_FAILURE);
}

bool monitor_server_reap(MonitorServer *server)
{
    int status = 0;
    bool quick = monotonic_ms() - server->started < QUICK_END_MS;

    (void)waitpid(server->pid, &status, 0); /* has ended */
    fd_close(fd_steal(&server->pidfd));
    server->pid = 0;
    server->failures = status != 0 && quick ? server->failures + 1 : 0;
    return status == 0;
}

bool monitor_server_is_useless(const MonitorServer *server)
{
    return server->failures >= FAILURES_MAX;
}

void monitor_server_stop(MonitorServer *server)
{
    if (!server->pid)
        return;
    (void)kill(server->pid, SIGKILL); /* our child, unreaped: it is there */
    if (process_wait_end(server->pidfd, ENDING_MS))
        (void)monitor_server_reap(server); /* killed, of course */
}
