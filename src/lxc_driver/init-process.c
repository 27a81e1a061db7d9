// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See init-process.h. Whose a number is, its groups tell; those of others are called otherwise. */
#include "lxc_driver/init-process.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

bool init_process_fail_ended(GError **err)
{
    return fail(err, ERR(DOMAIN, OPERATION_INVALID), _("the container has just ended"));
}

int init_process_open_in(pid_t pid, const char *path)
{
    g_autofree char *file = g_strdup_printf("/proc/%d/cgroup", (int)pid);
    g_autofree char *groups = NULL;
    autofd int fd = pid > 0 ? process_open(pid) : -1;

    if (fd < 0 || !g_file_get_contents(file, &groups, NULL, NULL) || !strstr(groups, path))
        return -1;
    return process_signal(fd, 0) ? fd_steal(&fd) : -1;
}

bool init_process_is_there(const InitProcess *init, GError **err)
{
    return process_signal(init->fd, 0) || init_process_fail_ended(err);
}
