// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Where the init of a whole system says that it is ready: see sd_notify(3). The socket is made
 * here, is given its name by who builds the tree, and is listened to by the monitor; each run of
 * the container has a new one.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "controller/run.h"

#include <errno.h>
#include <sys/socket.h>

bool notify_open(Run *run, GError **err)
{
    const int on = 1;

    if (!run_has_mount(run, PLAN_MOUNT_NOTIFY))
        return true;
    run->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (run->notify_fd < 0 ||
        setsockopt(run->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        return fail_errno(err, errno, _("cannot make the socket that hears from init"));
    return true;
}

void notify_close(Run *run)
{
    fd_close(fd_steal(&run->notify_fd));
}
