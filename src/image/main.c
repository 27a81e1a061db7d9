// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-image: does for a container that is about to start what is to be done with the bytes of
 * an image. Who made them may want to do harm, so they are read by processes that can do none.
 *
 * "probe" and "probe-partitions" look for a file system in descriptor 0; before, the program gives
 * up all that it could do harm with (confine.c).
 *
 * "nbd DRIVER ro|rw" makes a network block device of descriptor 0. The program reads none of it:
 * qemu-nbd does, in a jail (jail.c), and stays as long as the device.
 *
 * The answer is one message on descriptor 1, and the end.
 */
#include "base/fd.h"
#include "image/confine.h"
#include "image/look.h"
#include "image/nbd.h"
#include "image/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ANSWER_MAX 400
#define ATTEMPTS 5

static int answer_with(const char *answer)
{
    size_t size = strlen(answer);

    return write(1, answer, size) == (ssize_t)size ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- probe ---- */

static int probe(LookDepth depth)
{
    char answer[ANSWER_MAX];
    const char *what = NULL;

    if (!confine(&what)) {
        (void)snprintf(answer, sizeof answer, "no-confinement %s\n", what);
        return answer_with(answer);
    }
    look(0, depth, answer, sizeof answer);
    return answer_with(answer);
}

/* ---- nbd ---- */

/* Of the last line of what the server had to say, the reason: behind the name that it knows. */
static int refuse_server(int words)
{
    char said[2048];
    char answer[ANSWER_MAX];
    ssize_t n = fd_set_nonblocking(words, true) ? read(words, said, sizeof said - 1) : -1;
    const char *reason = said;

    said[n > 0 ? n : 0] = '\0';
    while (n > 0 && said[n - 1] == '\n')
        said[--n] = '\0';
    if (strrchr(reason, '\n'))
        reason = strrchr(reason, '\n') + 1;
    if (strstr(reason, "': "))
        reason = strstr(reason, "': ") + strlen("': ");
    (void)snprintf(answer, sizeof answer, "no-server %s\n", reason); /* it may be cut */
    return answer_with(answer);
}

static int refuse_device(void)
{
    char answer[ANSWER_MAX];

    (void)snprintf(answer, sizeof answer, "no-device %s\n", strerror(errno));
    return answer_with(answer);
}

/* False: the server's words say why. */
static bool serve(const ServerImage *image, const char *program, const NbdKernel *kernel,
                  Server *server, int *ret_device)
{
    NbdExport export;

    *ret_device = -1;
    if (!server_start(image, program, server) || !nbd_greet(server->connection, &export))
        return false;
    *ret_device =
        nbd_attach(kernel, server->connection, &export, image->readonly ? O_RDONLY : O_RDWR);
    return true;
}

/* The device, and the server, which is not there for long without it. */
static int hand_over(int device, const Server *server)
{
    static const char answer[] = "found nbd\n";
    const int fds[] = { device, server->pidfd };

    return fd_send_message(1, answer, sizeof answer - 1, fds, 2) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int make_device(const ServerImage *image)
{
    const char *program = server_program();
    NbdKernel kernel;
    Server server;
    int device = -1;

    if (!program)
        return answer_with("no-tool\n");
    if (!nbd_open_kernel(&kernel))
        return answer_with("no-nbd\n");
    server_init(&server);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        if (!serve(image, program, &kernel, &server, &device))
            return refuse_server(server.words);
        if (device >= 0)
            return hand_over(device, &server);
        if (errno != EAGAIN)
            break;
        server_clear(&server);
    }
    return refuse_device();
}

/* By _exit, as nothing that runs at the end of a program is allowed any more. */
int main(int argc, char **argv)
{
    static const char usage[] = "virtlxc-image is started by virtlxcd only\n";

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* its end is ours */
    if (argc == 2 && strcmp(argv[1], "probe") == 0)
        _exit(probe(LOOK_WHOLE));
    if (argc == 2 && strcmp(argv[1], "probe-partitions") == 0)
        _exit(probe(LOOK_PARTITIONS));
    if (argc == 4 && strcmp(argv[1], "nbd") == 0)
        _exit(make_device(&(ServerImage){ 0, strcmp(argv[3], "ro") == 0, argv[2] }));
    (void)fputs(usage, stderr); /* nowhere else to say it */
    return EXIT_FAILURE;
}
