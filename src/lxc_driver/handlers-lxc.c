// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The LXC program's one call: descriptors of a container's namespaces, for a client that enters. */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "lxc_driver/domain.h"
#include "lxc_driver/handlers.h"
#include "lxc_driver/init-process.h"
#include "remote-xdr.h"

#include <fcntl.h>

/*
 * The order is the one clients enter them in. What the container shares with the host, or with
 * another container, belongs to a user namespace that only who is not in the container's yet has
 * rights in; so that one comes after all others but the mounts. A kind the kernel lacks is left
 * out.
 */
static const char *const namespaces[] = { "time", "ipc", "uts", "net", "pid", "user", "mnt" };

static bool open_all(const InitProcess *init, int *ret_fds, size_t *ret_n, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++) {
        g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", (int)init->pid, namespaces[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            ret_fds[(*ret_n)++] = fd;
        else if (errno != ENOENT)
            return fail_errno(err, errno, _("cannot open the namespace '%s'"), path);
    }
    return *ret_n > 0 ? init_process_is_there(init, err) : init_process_fail_ended(err);
}

static bool open_namespaces(RpcCall *call, const void *args, void *ret, GError **err)
{
    InitProcess init = { .fd = -1 };
    int fds[G_N_ELEMENTS(namespaces)];
    size_t n = 0;
    bool ok = domain_open_init(rpc_call_domain(call), &init, err) && open_all(&init, fds, &n, err);

    fd_close(init.fd);
    for (size_t i = 0; i < n; i++) {
        if (ok)
            rpc_call_return_fd(call, fds[i]);
        else
            fd_close(fds[i]);
    }
    return ok;
}

bool on_domain_open_namespace(RpcCall *call, const void *args, void *ret, GError **err)
{
    return job_call(call, open_namespaces, err);
}
