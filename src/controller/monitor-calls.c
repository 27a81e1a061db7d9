// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor-calls.h. Once the kernel has given a notice to somebody it gives it to nobody else,
 * whatever becomes of that one. So it is taken here, where nothing is done with it that could go
 * wrong: the memory of who asks is for the server to touch, which may be held up there.
 */
#include "controller/monitor-calls.h"

#include "base/fd.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void monitor_calls_start(MonitorCalls *calls, ControlHandover *handover)
{
    *calls = (MonitorCalls){ .handover = handover, .talk = -1 };
    monitor_server_init(&calls->server);
}

static void leave_to_kernel(MonitorCalls *calls)
{
    struct seccomp_notif_resp response = { .id = calls->notice.id,
                                           .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

    (void)ioctl(calls->handover->calls_fd, SECCOMP_IOCTL_NOTIF_SEND,
                &response); /* else it is answered, or gone */
    calls->waiting = false;
}

/* ---- the server ---- */

static bool start_server(MonitorCalls *calls)
{
    const ControlHandover *handover = calls->handover;
    int ends[2];
    pid_t pid;

    if (calls->server.pid)
        return true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    pid = monitor_server_start(&calls->server);
    if (pid == 0) {
        const int fds[] = { handover->view_memory_fd, ends[1], handover->calls_fd,
                            handover->userns_fd };
        monitor_server_exec(handover, "calls", fds, sizeof fds / sizeof *fds);
    }
    fd_close(ends[1]);
    fd_close(calls->talk);
    calls->talk = ends[0];
    return pid > 0;
}

/* Without the files there is no answer either: the two never differ. */
static void hand_over(MonitorCalls *calls)
{
    size_t size = sizeof calls->notice;

    if (calls->useless || calls->handover->view_memory_fd < 0 || !start_server(calls) ||
        send(calls->talk, &calls->notice, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
        leave_to_kernel(calls);
}

/* One that ended well did not see what came last. */
static void server_ended(MonitorCalls *calls)
{
    static const char what[] = "system calls are not answered for the container any more: "
                               "virtlxc-view does not stay\n";
    bool well = monitor_server_reap(&calls->server);

    fd_close(fd_steal(&calls->talk));
    if (monitor_server_is_useless(&calls->server) && !calls->useless) {
        (void)fd_write_full(2, what, sizeof what - 1); /* nowhere else to say it */
        calls->useless = true;
    }
    if (calls->waiting && well)
        hand_over(calls);
    else if (calls->waiting)
        leave_to_kernel(calls);
}

/* ---- what comes ---- */

static void take_notice(MonitorCalls *calls)
{
    memset(&calls->notice, 0, sizeof calls->notice); /* which the kernel insists on */
    if (ioctl(calls->handover->calls_fd, SECCOMP_IOCTL_NOTIF_RECV, &calls->notice) < 0)
        return; /* who asked is gone */
    calls->waiting = true;
    hand_over(calls);
}

/* The end of it is seen by its end. */
static void take_answer(MonitorCalls *calls)
{
    char done;

    if (recv(calls->talk, &done, sizeof done, MSG_DONTWAIT) == sizeof done)
        calls->waiting = false;
}

void monitor_calls_polls(const MonitorCalls *calls, struct pollfd polls[CALLS_POLLS])
{
    int talk = calls->waiting ? calls->talk : calls->handover->calls_fd;

    polls[CALLS_TALK] = (struct pollfd){ talk, POLLIN, 0 };
    polls[CALLS_SERVER] =
        (struct pollfd){ calls->server.pid ? calls->server.pidfd : -1, POLLIN, 0 };
}

void monitor_calls_serve(MonitorCalls *calls, const struct pollfd polls[CALLS_POLLS])
{
    short talk = polls[CALLS_TALK].revents;

    if (talk && calls->waiting)
        take_answer(calls);
    else if (talk & POLLIN)
        take_notice(calls);
    else if (talk)
        fd_close(fd_steal(&calls->handover->calls_fd)); /* nobody is left who could ask */
    if (polls[CALLS_SERVER].revents)
        server_ended(calls);
}

void monitor_calls_stop(MonitorCalls *calls)
{
    monitor_server_stop(&calls->server);
    fd_close(fd_steal(&calls->talk));
    fd_close(fd_steal(&calls->handover->calls_fd));
}
