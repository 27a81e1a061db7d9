// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See monitor-console.h. */
#include "controller/monitor-console.h"

#include "base/fd.h"
#include "controller/monitor-reader.h"
#include "controller/ring.h"
#include "plan-xdr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 16384
#define TURN_MAX 4    /* chunks in a row: others want their turn too */
#define FINISH_MAX 64 /* chunks after the end: somebody on the host may go on writing */
/* The reader's queue may grow by what is left at the end, so that nobody has to wait for it. */
#define FINISH_BUFFER (1024 * 1024)

/* A getty hangs its terminal up, and with it every slave that is open. */
static void revive(MonitorConsole *console)
{
    fd_close(console->slave);
    console->slave = ioctl(console->kept->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void monitor_console_start(MonitorConsole *console, ControlHandover *handover, uint32_t index)
{
    ControlHandoverConsole *kept = &handover->consoles.items[index];

    *console = (MonitorConsole){ .kept = kept, .handover = handover, .slave = -1 };
    (void)fd_set_nonblocking(kept->master, true); /* it is already */
    console_file_start(&console->file, &kept->file);
    console_file_start(&console->log, &kept->log);
    revive(console);
    reader_start(console);
}

/* ---- output ---- */

/* Whatever of it the reader does not take is kept. */
static void give(MonitorConsole *console, const char *data, size_t size)
{
    ControlHandoverConsole *kept = console->kept;
    ssize_t sent = 0;

    if (kept->reader >= 0 && !console->leaving && kept->kept.length == 0)
        sent = send(kept->reader, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        sent = 0; /* full, or gone, which poll tells */
    if ((size_t)sent < size)
        ring_add(&kept->kept, data + sent, size - (size_t)sent);
}

static void give_kept(MonitorConsole *console)
{
    ControlHandoverConsole *kept = console->kept;
    char data[CHUNK];
    size_t size;

    while ((size = ring_peek(&kept->kept, data, sizeof data)) > 0) {
        ssize_t sent = send(kept->reader, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)
            return;
        ring_drop(&kept->kept, (size_t)sent);
    }
}

static void put_out(MonitorConsole *console, const char *data, size_t size)
{
    int kind = console->kept->kind;

    if (console->log.kept->fd >= 0)
        console_file_write(&console->log, data, size);
    if (kind == PLAN_CONSOLE_FILE)
        console_file_write(&console->file, data, size);
    else if (kind != PLAN_CONSOLE_NULL)
        give(console, data, size);
}

/* A terminal gives a page at once at most: several are passed on together. False: no more. */
static bool pump_chunk(MonitorConsole *console)
{
    char data[CHUNK];
    size_t size = 0;
    ssize_t n;

    do {
        n = read(console->kept->master, data + size, sizeof data - size);
        size += n > 0 ? (size_t)n : 0;
    } while (n > 0 && size < sizeof data);
    if (size > 0)
        put_out(console, data, size);
    if (n < 0 && errno == EIO)
        revive(console);
    return n > 0;
}

static bool is_held_up(const MonitorConsole *console)
{
    return console->kept->reader >= 0 && !console->leaving && console->kept->kept.length > 0;
}

static void pump(MonitorConsole *console)
{
    for (int i = 0; i < TURN_MAX && !is_held_up(console) && pump_chunk(console); i++)
        continue;
}

void monitor_console_finish(MonitorConsole *console)
{
    static const int buffer = FINISH_BUFFER;

    for (int i = 0; i < FINISH_MAX && pump_chunk(console); i++)
        continue;
    if (console->leaving)
        reader_drop(console); /* it was typed for this run */
    if (!is_held_up(console))
        return;
    (void)setsockopt(console->kept->reader, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
    give_kept(console); /* at best all of it; the rest waits for the next run */
}

/* ---- input ---- */

/* Looked at first and taken then, so that it waits where it is. False: nothing more for now. */
static bool take_input(MonitorConsole *console)
{
    int reader = console->kept->reader;
    char data[CHUNK];
    ssize_t n = recv(reader, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
    ssize_t written;

    console->deaf = n == 0;
    if (n <= 0)
        return false;
    written = write(console->kept->master, data, (size_t)n);
    console->blocked = written < 0 && errno == EAGAIN;
    if (console->blocked)
        return false;
    /* Without a terminal at the other end it goes nowhere. */
    (void)recv(reader, data, (size_t)(written > 0 ? written : n), MSG_DONTWAIT);
    return true;
}

/* What it typed before it left counts, once the terminal takes it. */
static void reader_left(MonitorConsole *console)
{
    reader_leave(console);
    while (!console->blocked && take_input(console))
        continue;
    if (!console->blocked)
        reader_drop(console);
}

void monitor_console_return(MonitorConsole *console)
{
    if (console->kept->kind == PLAN_CONSOLE_PTY && console->kept->reader >= 0)
        reader_left(console);
}

/* ---- waiting ---- */

void monitor_console_polls(const MonitorConsole *console, struct pollfd polls[CONSOLE_POLLS])
{
    const ControlHandoverConsole *kept = console->kept;
    bool read = !is_held_up(console);
    bool type = !console->deaf && !console->blocked;
    bool meet = kept->reader < 0 || console->leaving;
    bool wait = console->leaving && console->blocked; /* it would say for ever that it has gone */

    polls[CONSOLE_MASTER] =
        (struct pollfd){ kept->master,
                         (short)((read ? POLLIN : 0) | (console->blocked ? POLLOUT : 0)), 0 };
    polls[CONSOLE_READER] =
        (struct pollfd){ wait ? -1 : kept->reader,
                         (short)((type ? POLLIN : 0) | (read ? 0 : POLLOUT)), 0 };
    polls[CONSOLE_LISTENER] = (struct pollfd){ meet ? kept->listener : -1, POLLIN, 0 };
}

int monitor_console_timeout(const MonitorConsole *console)
{
    return reader_timeout(console);
}

void monitor_console_serve(MonitorConsole *console, const struct pollfd polls[CONSOLE_POLLS])
{
    short master = polls[CONSOLE_MASTER].revents;
    short reader = polls[CONSOLE_READER].revents;

    if (master & POLLOUT)
        console->blocked = false;
    if (reader & POLLOUT)
        give_kept(console);
    if (master & POLLIN)
        pump(console);
    else if (master & POLLHUP)
        revive(console);
    if (reader & (POLLHUP | POLLERR))
        reader_left(console);
    else if (reader & POLLIN)
        (void)take_input(console); /* the rest next time */
    reader_meet(console, polls[CONSOLE_LISTENER].revents);
}
