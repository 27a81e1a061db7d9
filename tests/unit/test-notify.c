// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Who talks to the monitor has to wait after each turn; what init says is heard all the same. */
#include "base/fd.h"
#include "controller/monitor-notify.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_DONTWAIT), ==, (gssize)strlen(text));
}

static void rest(const MonitorNotify *notify)
{
    int left;

    g_assert_cmpint(monitor_notify_fd(notify), ==, -1);
    while ((left = monitor_notify_timeout(notify)) > 0)
        g_usleep((gulong)left * 1000);
    g_assert_cmpint(left, ==, 0);
}

static void test_rest(void)
{
    ControlHandover handover = { .init_pid = getpid() };
    MonitorNotify notify = { .handover = &handover };
    const int on = 1;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    g_assert_cmpint(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), ==, 0);
    handover.notify_fd = ends[0];
    g_assert_cmpint(monitor_notify_fd(&notify), ==, ends[0]);
    g_assert_cmpint(monitor_notify_timeout(&notify), ==, -1);

    say(ends[1], "STATUS=one of few");
    g_assert_false(monitor_notify_serve(&notify));
    rest(&notify);
    g_assert_false(monitor_notify_serve(&notify)); /* nothing came: it listens again */
    g_assert_cmpint(monitor_notify_fd(&notify), ==, ends[0]);

    say(ends[1], "STATUS=up\nREADY=1\nMAINPID=1");
    g_assert_true(monitor_notify_serve(&notify));
    g_assert_true(handover.ready);
    g_assert_cmpint(monitor_notify_fd(&notify), ==, -1);
    g_assert_cmpint(monitor_notify_timeout(&notify), ==, -1);
    fd_close(ends[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notify/rest", test_rest);
    return g_test_run();
}
