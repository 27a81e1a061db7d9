// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-controller: the part of a container's own process that changes things. It is run for a
 * moment, when the daemon starts the container (start) and when its init has ended (ended); in
 * between the process is virtlxc-monitor, which only watches.
 *
 *     daemon --spawn--> controller start --exec--> monitor watch --exec--> controller ended
 *                                                        ^                      | reboot
 *                                                        +----------exec--------+
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "controller/end.h"
#include "controller/handover.h"
#include "controller/run.h"
#include "plan/message.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAEMON_FD 3
#define LISTEN_BACKLOG 16

static void take_start(Run *run, Message *message)
{
    run->plan_fd = message_take_fd(message, CONTROL_FD_PLAN);
    run->listen_fd = message_take_fd(message, CONTROL_FD_LISTEN);
    run->state_dir_fd = message_take_fd(message, CONTROL_FD_STATE_DIR);
    run->controller_fd = message_take_fd(message, CONTROL_FD_CONTROLLER);
    run->monitor_fd = message_take_fd(message, CONTROL_FD_MONITOR);
    run->view_program_fd = message_take_fd(message, CONTROL_FD_VIEW);
    run->image_program_fd = message_take_fd(message, CONTROL_FD_IMAGE);
    run->passed = g_new(int, FD_MESSAGE_FDS_MAX);
    for (size_t i = CONTROL_FD_PASSED; i < message->n_fds; i++)
        run->passed[run->n_passed++] = message_take_fd(message, i);
    run->socket_name = g_strdup(message->body.start.socket_name);
    run->log_max_size = message->body.start.log_max_size;
    run->log_max_backups = message->body.start.log_max_backups;
    if (*message->body.start.fail_step)
        run->fail_step = g_strdup(message->body.start.fail_step);
}

static bool receive_start(Run *run, GError **err)
{
    Message message = { 0 };
    bool fine = message_receive(run->daemon_fd, &message) > 0 && message.kind == CONTROL_START;

    if (fine)
        take_start(run, &message);
    message_clear(&message);
    /* Listening ourselves makes our pid the one that a connecting daemon sees. */
    if (fine &&
        (listen(run->listen_fd, LISTEN_BACKLOG) < 0 || !fd_set_nonblocking(run->listen_fd, true)))
        return fail_errno(err, errno, _("cannot listen at '%s'"), run->socket_name);
    return fine ||
           fail(err, ERR(LXC, INTERNAL_ERROR), _("the daemon sent no order to start a container"));
}

/* The daemon may be gone: the container runs all the same, and the next one is told. */
static int start(void)
{
    static Run run; /* static, as what it has is freed by the end of the process */
    g_autoptr(GError) why = NULL;

    run_init(&run);
    (void)close_range(DAEMON_FD + 1, ~0u, 0); /* whatever somebody left open in the daemon */
    run.daemon_fd = DAEMON_FD;
    (void)fd_set_cloexec(DAEMON_FD, true); /* if it is not open, receiving says so */
    if (!receive_start(&run, &why) || !run_load_plan(&run, &why) || !run_start(&run, &why)) {
        end_unlink_socket(&run);
        (void)send_error(run.daemon_fd, CONTROL_FAILED, why); /* nobody there: nobody to tell */
        return EXIT_FAILURE;
    }
    return end_watch(&run, CONTROL_RUNNING);
}

static int ended(const char *number)
{
    static ControlHandover handover; /* static, as above */
    static Run run;

    if (!handover_load(number, &handover)) {
        g_printerr("cannot read the handover: %s\n", g_strerror(errno));
        return EXIT_FAILURE;
    }
    return end_run(&handover, &run);
}

/* The standard streams are always open, so that no other descriptor is ever taken for one. */
static bool fill_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd < 3);
    fd_close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_NAME, "virtlxc-ctl", 0, 0, 0); /* for ps only */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);         /* nor are init and builder to be traced */
    if (!fill_standard_streams())
        return EXIT_FAILURE;
    if (argc >= 2 && !strcmp(argv[1], HANDOVER_START))
        return start();
    if (argc >= 3 && !strcmp(argv[1], HANDOVER_ENDED))
        return ended(argv[2]);
    if (argc == 2 && !strcmp(argv[1], "--steps")) {
        run_print_steps();
        tree_print_steps();
        init_print_steps();
        return EXIT_SUCCESS;
    }
    (void)fprintf(stderr, "%s\n", _("virtlxc-controller is started by virtlxcd only"));
    return EXIT_FAILURE;
}
