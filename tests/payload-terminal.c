// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The payload's verbs about its terminal. */
#include "payload.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Whether standard input is a terminal and this session's controlling one. */
void do_tty(char **args)
{
    (void)args;
    printf("tty %s pgrp %d\n", isatty(0) ? ttyname(0) ? ttyname(0) : "unnamed" : "none",
           tcgetpgrp(0));
    fflush(stdout);
}

/* Gives back every byte of standard input. */
void do_echo(char **args)
{
    char buffer[65536];
    ssize_t n;

    (void)args;
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0, written; at < n; at += written)
            if ((written = write(STDOUT_FILENO, buffer + at, (size_t)(n - at))) < 0)
                exit(98);
}

/* Hangs the terminal up as a getty does, and opens it again for all that follows. */
void do_hangup(char **args)
{
    int fd = open(args[0], O_RDWR | O_NOCTTY | O_CLOEXEC);

    signal(SIGHUP, SIG_IGN);
    if (fd < 0 || ioctl(fd, TIOCVHANGUP) < 0) {
        result("hangup", false);
        return;
    }
    close(fd);
    fd = open(args[0], O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        exit(94);
    close(fd);
    result("hangup", true);
}

/* Types a text into the terminal that standard input is, and a line feed. */
void do_inject(char **args)
{
    bool good = true;

    for (const char *at = args[0]; good && *at; at++)
        good = ioctl(STDIN_FILENO, TIOCSTI, at) == 0;
    result("inject", good && ioctl(STDIN_FILENO, TIOCSTI, "\n") == 0);
}
