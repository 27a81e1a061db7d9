// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A controller process comes to be: vfork-like spawn, empty environment, one message with all. */
#include "lxc_driver/controller-images.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "lxc_driver/uuid.h"
#include "plan/message.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CHILD_SOCKET 3
/* Our descriptors are brought above the child's fixed numbers before those are overwritten. */
#define OUT_OF_THE_WAY 10

char *controller_socket_name(const uint8_t uuid[16])
{
    char text[UUID_TEXT_SIZE];

    uuid_print(uuid, text);
    return g_strconcat(text, ".sock", NULL);
}

void controller_socket_address(int state_dir_fd, const char *name, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    (void)snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d/%s",
                   state_dir_fd, name); /* at most 60 bytes */
}

/* Bound here; the controller listens, so that whoever connects learns its pid. */
static bool make_socket(int state_dir_fd, const char *name, int *ret_fd, GError **err)
{
    autofd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;

    controller_socket_address(state_dir_fd, name, &address);
    (void)unlinkat(state_dir_fd, name, 0); /* left over by a crash, or not there */
    if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof address) < 0 ||
        fchmodat(state_dir_fd, name, 0600, 0) < 0)
        return fail_errno(err, errno, _("cannot make socket '%s'"), name);
    *ret_fd = fd_steal(&sock);
    return true;
}

static bool encode_plan(const Plan *plan, int *ret_fd, GError **err)
{
    XdrBuffer encoded = { 0 };
    XdrStatus status = xdr_encode(&plan_xdr, plan, &encoded);
    int fd = -1;

    if (status == XDR_OK)
        fd = process_seal_bytes("plan", encoded.data, encoded.len);
    xdr_buffer_clear(&encoded);
    if (status != XDR_OK)
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("cannot encode the plan: %s"),
                    xdr_status_text(status));
    if (fd < 0)
        return fail_errno(err, errno, _("cannot put the plan into memory"));
    *ret_fd = fd;
    return true;
}

/* ---- the process ---- */

static int open_log(const char *path)
{
    if (!path)
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int spawn(int image, int sock, int log, const char *name, pid_t *ret_pid)
{
    char *argv[] = { (char *)"virtlxc-controller", (char *)"start", (char *)"-", (char *)name,
                     NULL };
    char *env[] = { NULL };
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", image);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    sigset_t none;
    int failed;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSID);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, 0, 1);
    (void)posix_spawn_file_actions_adddup2(&actions, log, 2);
    (void)posix_spawn_file_actions_adddup2(&actions, sock, CHILD_SOCKET);
    failed = posix_spawn(ret_pid, path, &actions, &attributes, argv, env);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

static bool start_process(const ControllerLaunch *launch, int sock, pid_t *ret_pid, GError **err)
{
    autofd int log = open_log(launch->log_path);
    autofd int high_image = -1;
    autofd int high_sock = -1;
    autofd int high_log = -1;
    int failed;

    if (log < 0)
        return fail_errno(err, errno, _("cannot open log '%s'"), launch->log_path);
    high_image = fcntl(launch->images->controller_fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    high_sock = fcntl(sock, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    high_log = fcntl(log, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (high_image < 0 || high_sock < 0 || high_log < 0)
        return fail_errno(err, errno, _("cannot start the controller"));
    failed = spawn(high_image, high_sock, high_log, launch->plan->name, ret_pid);
    if (failed)
        return fail_errno(err, failed, _("cannot start the controller"));
    return true;
}

/* ---- the order ---- */

static bool send_start(const ControllerLaunch *launch, int sock, int plan_fd, int listen_fd,
                       GError **err)
{
    g_autofree char *name = controller_socket_name(launch->plan->uuid);
    ControlStart start = { .socket_name = name,
                           .fail_step = (char *)(launch->fail_step ? launch->fail_step : ""),
                           .log_max_size = launch->console_log_max_size,
                           .log_max_backups = launch->console_log_max_backups };
    int fds[FD_MESSAGE_FDS_MAX] = {
        [CONTROL_FD_PLAN] = plan_fd,
        [CONTROL_FD_LISTEN] = listen_fd,
        [CONTROL_FD_STATE_DIR] = launch->state_dir_fd,
        [CONTROL_FD_CONTROLLER] = launch->images->controller_fd,
        [CONTROL_FD_MONITOR] = launch->images->monitor_fd,
        [CONTROL_FD_VIEW] = launch->images->view_fd,
        [CONTROL_FD_IMAGE] = launch->images->image_fd,
    };

    for (size_t i = 0; i < launch->n_fds; i++)
        fds[CONTROL_FD_PASSED + i] = launch->fds[i];
    if (!message_send(sock, CONTROL_START, &start, fds, CONTROL_FD_PASSED + launch->n_fds))
        return fail_errno(err, errno, _("cannot send the plan to the controller"));
    return true;
}

bool controller_order(const ControllerLaunch *launch, int sock, GError **err)
{
    g_autofree char *name = controller_socket_name(launch->plan->uuid);
    size_t most = FD_MESSAGE_FDS_MAX - CONTROL_FD_PASSED;
    autofd int plan_fd = -1;
    autofd int listen_fd = -1;

    if (launch->n_fds > most)
        return fail(err, ERR(LXC, INVALID_ARG), _("at most %zu descriptors can be passed to init"),
                    most);
    if (!encode_plan(launch->plan, &plan_fd, err) ||
        !make_socket(launch->state_dir_fd, name, &listen_fd, err))
        return false;
    if (send_start(launch, sock, plan_fd, listen_fd, err))
        return true;
    (void)unlinkat(launch->state_dir_fd, name, 0); /* ours, just made */
    return false;
}

bool controller_spawn(const ControllerLaunch *launch, int *ret_sock, pid_t *ret_pid, int *ret_pidfd,
                      GError **err)
{
    int ends[2];
    bool fine;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(err, errno, _("cannot make a socket"));
    fine = fd_set_nonblocking(ends[0], true) && start_process(launch, ends[1], ret_pid, err);
    fd_close(ends[1]);
    if (!fine) {
        fd_close(ends[0]);
        return false;
    }
    *ret_sock = ends[0];
    *ret_pidfd = process_open(*ret_pid); /* our child: it is there until it is reaped */
    return true;
}
