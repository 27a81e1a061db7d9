// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor-notify.h. Whatever root inside sends comes here. What is longer than a message of
 * systemd is cut off, and descriptors that come along find no room and are dropped by the kernel.
 * After what has come there is a rest, in which who sends has to wait: our time is not the
 * container's, which may have a limit.
 */
#include "controller/monitor-notify.h"

#include "base/fd.h"
#include "base/monotonic.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MESSAGE_MAX 4096
#define TURN_MAX 16
#define REST_MS 20

/* Lines of NAME=VALUE. */
static bool has_line(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);

    for (;; text++) {
        if (strncmp(text, wanted, length) == 0 && (text[length] == '\n' || !text[length]))
            return true;
        text = strchr(text, '\n');
        if (!text)
            return false;
    }
}

/* Who sent it, as we see pids; 0: nobody says. */
static pid_t find_sender(struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    struct ucred sender;

    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS)
        return 0;
    memcpy(&sender, CMSG_DATA(control), sizeof sender);
    return sender.pid;
}

static bool says_ready(const ControlHandover *handover, struct msghdr *message, char *text)
{
    return find_sender(message) == handover->init_pid && has_line(text, "READY=1");
}

/* False: none is there. */
static bool take_message(ControlHandover *handover)
{
    char text[MESSAGE_MAX + 1];
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec data = { text, MESSAGE_MAX };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t length = recvmsg(handover->notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (length < 0)
        return false;
    text[length] = '\0';
    handover->ready = says_ready(handover, &message, text);
    return true;
}

int monitor_notify_fd(const MonitorNotify *notify)
{
    return notify->rests_until ? -1 : notify->handover->notify_fd;
}

int monitor_notify_timeout(const MonitorNotify *notify)
{
    int64_t left = notify->rests_until - monotonic_ms();

    if (!notify->rests_until)
        return -1;
    return left > 0 ? (int)left : 0;
}

bool monitor_notify_serve(MonitorNotify *notify)
{
    ControlHandover *handover = notify->handover;
    int taken = 0;

    notify->rests_until = 0;
    while (taken < TURN_MAX && !handover->ready && take_message(handover))
        taken++;
    if (handover->ready)
        fd_close(fd_steal(&handover->notify_fd));
    else if (taken > 0)
        notify->rests_until = monotonic_ms() + REST_MS;
    return handover->ready;
}
