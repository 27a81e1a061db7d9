// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See sockets.h. systemd's protocol is short enough to speak without its library: LISTEN_PID says
 * whether it means us, descriptors count from 3, LISTEN_FDNAMES names them.
 */
#include "lxc_driver/sockets.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3

/* A socket of ours: its file, what systemd calls it, what may be done over it. */
typedef struct Place {
    const char *file;
    const char *unit;
    bool readonly;
} Place;

static const Place places[] = {
    {"virtlxcd-sock",     "virtlxcd.socket",    false},
    { "virtlxcd-sock-ro", "virtlxcd-ro.socket", true },
};

typedef struct Socket {
    int fd;
    char *path; /* to be removed; NULL when systemd made it */
    RpcAuth auth;
} Socket;

struct Sockets {
    Socket all[G_N_ELEMENTS(places)]; /* in the order of places */
};

static bool has_polkit(void)
{
    return access("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service", F_OK) ==
           0;
}

/* Unset: a system's daemon asks polkit where there is one. A private instance does not. */
static RpcAuth auth_of(const Paths *paths, const Config *config, bool readonly)
{
    const char *word = readonly ? config->auth_unix_ro : config->auth_unix_rw;

    if (word)
        return g_str_equal(word, "polkit") ? RPC_AUTH_POLKIT : RPC_AUTH_NONE;
    return *paths->root == '\0' && has_polkit() ? RPC_AUTH_POLKIT : RPC_AUTH_NONE;
}

/* ---- systemd's ---------------------------------------------------------------------------------
 */

static size_t n_passed(void)
{
    const char *pid = g_getenv("LISTEN_PID");
    const char *count = g_getenv("LISTEN_FDS");

    if (!pid || !count || strtol(pid, NULL, 10) != getpid())
        return 0;
    return (size_t)MAX(0, strtol(count, NULL, 10));
}

/* Takes what has one of our names; the rest is not for us and is closed. */
static void take_passed(Sockets *sockets)
{
    const char *names = g_getenv("LISTEN_FDNAMES");
    g_auto(GStrv) name = g_strsplit(names ? names : "", ":", -1);
    size_t known = g_strv_length(name);
    size_t n = n_passed();

    for (size_t i = 0; i < n; i++) {
        int fd = FIRST_PASSED_FD + (int)i;
        bool taken = false;
        for (size_t p = 0; p < G_N_ELEMENTS(places) && i < known && !taken; p++) {
            taken = g_str_equal(name[i], places[p].unit) && sockets->all[p].fd < 0;
            if (taken)
                sockets->all[p].fd = fd;
        }
        (void)fd_set_cloexec(fd, true); /* fails for nothing but a bad number */
        if (!taken) {
            log_info("the passed socket '%s' is not used", i < known ? name[i] : "");
            fd_close(fd);
        }
    }
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
}

/* ---- our own -----------------------------------------------------------------------------------
 */

static bool parse_mode(const char *key, const char *text, mode_t *ret_mode, GError **err)
{
    char *end;
    guint64 mode = g_ascii_strtoull(text, &end, 8);

    if (*end || end == text || mode > 07777)
        return fail(err, ERR(CONF, CONF_SYNTAX), _("'%s' must be an octal mode, not '%s'"), key,
                    text);
    *ret_mode = (mode_t)mode;
    return true;
}

static bool mode_of(const Config *config, bool readonly, RpcAuth auth, mode_t *ret_mode,
                    GError **err)
{
    if (readonly)
        return parse_mode("unix_sock_ro_perms", config->unix_sock_ro_perms, ret_mode, err);
    if (config->unix_sock_rw_perms)
        return parse_mode("unix_sock_rw_perms", config->unix_sock_rw_perms, ret_mode, err);
    *ret_mode = auth == RPC_AUTH_POLKIT ? 0777 : 0700;
    return true;
}

static bool group_of(const Config *config, gid_t *ret_gid, GError **err)
{
    const struct group *group;

    *ret_gid = (gid_t)-1;
    if (!config->unix_sock_group)
        return true;
    group = getgrnam(config->unix_sock_group);
    if (!group)
        return fail(err, ERR(CONF, CONF_SYNTAX), _("'unix_sock_group': there is no group '%s'"),
                    config->unix_sock_group);
    *ret_gid = group->gr_gid;
    return true;
}

static bool bind_path(int fd, const char *path, GError **err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t old;
    int rc;

    if (strlen(path) >= sizeof address.sun_path)
        return fail(err, ERR(RPC, INTERNAL_ERROR), _("the path of the socket '%s' is too long"),
                    path);
    strcpy(address.sun_path, path);
    (void)unlink(path); /* of a daemon that was killed: the lock says that none is there */
    old = umask(0777);  /* nobody gets in before group and mode are right */
    rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(old);
    if (rc < 0)
        return fail_errno(err, errno, _("cannot bind the socket '%s'"), path);
    return true;
}

static bool open_own(const char *dir, const Config *config, size_t index, Socket *socket_,
                     GError **err)
{
    g_autofree char *path = g_build_filename(dir, places[index].file, NULL);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mode = 0;
    gid_t gid = (gid_t)-1;

    if (fd < 0)
        return fail_errno(err, errno, _("cannot make the socket '%s'"), path);
    if (!mode_of(config, places[index].readonly, socket_->auth, &mode, err) ||
        !group_of(config, &gid, err) || !bind_path(fd, path, err))
        return false;
    if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0) || chmod(path, mode) < 0)
        return fail_errno(err, errno, _("cannot set group and mode of the socket '%s'"), path);
    if (listen(fd, (int)config->max_queued_clients) < 0)
        return fail_errno(err, errno, _("cannot listen on the socket '%s'"), path);
    socket_->fd = fd_steal(&fd);
    socket_->path = g_steal_pointer(&path);
    return true;
}

/* ------------------------------------------------------------------------------------------------
 */

static void free_sockets(Sockets *sockets)
{
    sockets_free(sockets);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sockets, free_sockets)

bool sockets_open(const Paths *paths, const Config *config, Sockets **ret_sockets, GError **err)
{
    const char *dir = config->unix_sock_dir ? config->unix_sock_dir : paths->run_dir;
    g_autoptr(Sockets) sockets = g_new0(Sockets, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        sockets->all[i].fd = -1;
        sockets->all[i].auth = auth_of(paths, config, places[i].readonly);
    }
    take_passed(sockets);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (sockets->all[i].fd < 0 && !open_own(dir, config, i, &sockets->all[i], err))
            return false;
    *ret_sockets = g_steal_pointer(&sockets);
    return true;
}

bool sockets_serve(Sockets *sockets, RpcServer *server, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (!rpc_server_add_socket(server, fd_steal(&sockets->all[i].fd), places[i].readonly,
                                   sockets->all[i].auth, err))
            return false;
    return true;
}

void sockets_free(Sockets *sockets)
{
    if (!sockets)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        fd_close(sockets->all[i].fd);
        if (sockets->all[i].path)
            (void)unlink(sockets->all[i].path); /* mine; nothing to do about a failure */
        g_free(sockets->all[i].path);
    }
    g_free(sockets);
}
