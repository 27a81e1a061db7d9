// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * rpc-test-server SOCKET [polkit]: the RPC server with the tests' program, for clients that are
 * scripts. Says "ready" on standard output; ends when standard input does.
 */
#include "rpc-test-program.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1000) < 0)
        g_error("%s: %s", path, g_strerror(errno));
    return fd;
}

static gboolean quit(gint fd, GIOCondition condition, gpointer loop)
{
    char byte;

    if (read(fd, &byte, 1) > 0)
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    const RpcLimits limits = { .max_clients = 5000,
                               .max_anonymous_clients = 20,
                               .max_client_requests = 5,
                               .keepalive_interval = 1,
                               .keepalive_count = 1 };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) err = NULL;
    g_autofree RpcProgram *program = NULL;
    RpcServer *server;
    TestState state;

    if (argc != 2 && argc != 3)
        g_error("usage: rpc-test-server SOCKET [polkit]");
    (void)signal(SIGPIPE, SIG_IGN);
    test_state_init(&state);
    program = test_program_new(&state);
    server = rpc_server_new(&limits, (const RpcProgram *const[]){ program }, 1, "/nonexistent");
    if (!rpc_server_add_socket(server, listen_at(argv[1]), false,
                               argc == 3 ? RPC_AUTH_POLKIT : RPC_AUTH_NONE, &err))
        g_error("%s", err->message);
    rpc_server_start(server);
    (void)printf("ready\n");
    (void)fflush(stdout);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, quit, loop);
    g_main_loop_run(loop);
    rpc_server_free(server);
    test_state_clear(&state);
    return 0;
}
