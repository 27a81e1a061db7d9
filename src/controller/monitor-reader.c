// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See monitor-reader.h. The daemon's end of the socket pair stays open here as well: the next of
 * its clients gets the same, and what is in it when the last has gone can be taken back.
 */
#include "controller/monitor-reader.h"

#include "base/fd.h"
#include "base/host-path.h"
#include "base/monotonic.h"
#include "controller/ring.h"
#include "plan-xdr.h"
#include "plan/message.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 4096

static void plan_retry(MonitorConsole *console)
{
    uint32_t seconds = console->kept->reconnect;

    console->retry_at = seconds > 0 ? monotonic_ms() + (int64_t)seconds * 1000 : 0;
}

/* A byte that was sent out of band is one like the others. Else poll tells of it for ever, and
 * nobody gets it. */
static void use_reader(ControlHandoverConsole *kept, int reader)
{
    const int on = 1;

    kept->reader = reader;
    (void)setsockopt(reader, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on); /* every socket has it */
}

void reader_start(MonitorConsole *console)
{
    use_reader(console->kept, console->kept->reader);
    if (console->kept->reader < 0)
        plan_retry(console);
}

int reader_timeout(const MonitorConsole *console)
{
    int64_t left;

    if (console->retry_at == 0)
        return -1;
    left = console->retry_at - monotonic_ms();
    if (left > INT_MAX)
        return INT_MAX;
    return left > 0 ? (int)left : 0;
}

/* ---- it comes ---- */

static void connect_again(MonitorConsole *console)
{
    const ControlHandover *handover = console->handover;
    HostPlaces closed = { handover->closed.len / sizeof *closed.items,
                          (const HostPlace *)(const void *)handover->closed.data };

    use_reader(console->kept, host_path_socket(console->kept->path, closed, connect));
    console->retry_at = 0;
    if (console->kept->reader < 0)
        plan_retry(console);
}

void reader_meet(MonitorConsole *console, short listener_events)
{
    ControlHandoverConsole *kept = console->kept;
    bool comes = listener_events & POLLIN;

    if ((kept->reader >= 0 && !console->leaving) || (!comes && reader_timeout(console) != 0))
        return;
    if (console->leaving)
        reader_drop(console); /* nobody waits for what the last one typed */
    if (comes)
        use_reader(kept, accept4(kept->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    else
        connect_again(console);
    console->deaf = false;
}

static bool make_pair(ControlHandoverConsole *kept)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return false;
    kept->reader = ends[0];
    kept->reader_end = ends[1];
    return true;
}

static bool refuse(int daemon_fd, unsigned index, int errnum)
{
    ControlConsole refused = { .index = index, .errnum = errnum };

    return message_send(daemon_fd, CONTROL_CONSOLE_OPENED, &refused, NULL, 0);
}

/* Of several clients the first gets what was kept. */
bool monitor_console_lend(MonitorConsole *console, unsigned index, int daemon_fd)
{
    ControlHandoverConsole *kept = console->kept;
    ControlConsole opened = { .index = index, .size = RING_SIZE };
    bool is_first = kept->reader < 0 || console->leaving;
    int fds[2];

    if (console->leaving)
        reader_drop(console);
    if (kept->kind != PLAN_CONSOLE_PTY)
        return refuse(daemon_fd, index, ENOTTY);
    if (is_first && !make_pair(kept))
        return refuse(daemon_fd, index, errno);
    fds[0] = kept->reader_end;
    fds[1] = kept->kept.memory;
    if (is_first) {
        opened.start = kept->kept.start;
        opened.length = kept->kept.length;
    }
    if (!message_send(daemon_fd, CONTROL_CONSOLE_OPENED, &opened, fds, opened.length > 0 ? 2 : 1))
        return false;
    if (is_first)
        ring_clear(&kept->kept);
    console->deaf = false;
    return true;
}

/* ---- it goes ---- */

/* What it has not read is older than what is kept already. */
static void take_back(ControlHandoverConsole *kept)
{
    ControlRing newer = kept->kept;
    char data[CHUNK];
    size_t size;
    ssize_t n;

    kept->kept = (ControlRing){ .memory = -1 };
    while ((n = recv(kept->reader_end, data, sizeof data, MSG_DONTWAIT)) > 0)
        ring_add(&kept->kept, data, (size_t)n);
    while ((size = ring_peek(&newer, data, sizeof data)) > 0) {
        ring_add(&kept->kept, data, size);
        ring_drop(&newer, size);
    }
    ring_clear(&newer);
}

void reader_leave(MonitorConsole *console)
{
    ControlHandoverConsole *kept = console->kept;

    if (console->leaving)
        return;
    if (kept->reader_end >= 0)
        take_back(kept);
    fd_close(fd_steal(&kept->reader_end));
    console->leaving = true;
    plan_retry(console);
}

void reader_drop(MonitorConsole *console)
{
    reader_leave(console);
    fd_close(fd_steal(&console->kept->reader));
    console->leaving = console->blocked = false;
}
