// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See monitor.h. */
#include "controller/monitor.h"

#include "base/fd.h"
#include "plan/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A getty hangs its terminal up, and with it every slave that is open. */
void monitor_console_revive(MonitorConsole *console)
{
    fd_close(console->slave);
    console->slave = ioctl(console->kept->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void monitor_console_start(MonitorConsole *console, ControlHandoverConsole *kept)
{
    *console = (MonitorConsole){ .kept = kept, .slave = -1 };
    (void)fd_set_nonblocking(kept->master, true); /* it is already, unless a daemon changed it */
    monitor_console_revive(console);
}

/* Writes at the end of the ring; the oldest bytes give way. */
static void keep(ControlHandoverConsole *kept, const char *data, size_t size)
{
    if (kept->backlog < 0)
        kept->backlog = memfd_create("backlog", MFD_CLOEXEC);
    while (size > 0) {
        uint32_t at = (kept->start + kept->length) % BACKLOG_SIZE;
        size_t part = size < BACKLOG_SIZE - at ? size : BACKLOG_SIZE - at;
        uint32_t over;
        if (pwrite(kept->backlog, data, part, at) != (ssize_t)part)
            return; /* no memory: what is printed now is lost, its writer goes on */
        over = kept->length + (uint32_t)part > BACKLOG_SIZE
                   ? kept->length + (uint32_t)part - BACKLOG_SIZE
                   : 0;
        kept->start = (kept->start + over) % BACKLOG_SIZE;
        kept->length += (uint32_t)part - over;
        data += part;
        size -= part;
    }
}

/* One read: others want their turn too. */
void monitor_console_drain(MonitorConsole *console)
{
    char data[4096];
    ssize_t n = read(console->kept->master, data, sizeof data);

    if (n > 0)
        keep(console->kept, data, (size_t)n);
    else if (n < 0 && errno == EIO)
        monitor_console_revive(console);
}

bool monitor_console_lend(MonitorConsole *console, unsigned index, int daemon_fd)
{
    ControlHandoverConsole *kept = console->kept;
    ControlConsole opened = {
        .index = index, .start = kept->start, .length = kept->length, .size = BACKLOG_SIZE
    };
    int fds[2] = { kept->master, kept->backlog };

    if (!message_send(daemon_fd, CONTROL_CONSOLE_OPENED, &opened, fds, kept->length > 0 ? 2 : 1))
        return false;
    kept->lent = true;
    fd_close(fd_steal(&kept->backlog));
    kept->start = kept->length = 0;
    return true;
}
