// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The payload's verbs that say something at $NOTIFY_SOCKET. */
#include "payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool say(struct msghdr *message)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool said;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path ? path : "unset");
    message->msg_name = &address;
    message->msg_namelen = sizeof address;
    said = fd >= 0 && sendmsg(fd, message, MSG_NOSIGNAL) >= 0;
    if (fd >= 0)
        close(fd);
    return said;
}

/* notify TEXT: a ';' of it is the end of a line. */
void do_notify(char **args)
{
    struct iovec text = { args[0], strlen(args[0]) };

    for (char *at = args[0]; *at; at++)
        *at = *at == ';' ? '\n' : *at;
    result("notify", say(&(struct msghdr){ .msg_iov = &text, .msg_iovlen = 1 }));
}

/* notify-after BYTES: so many, then READY=1, and a descriptor with it. */
void do_notify_after(char **args)
{
    static const char ready[] = "\nREADY=1";
    size_t size = strtoul(args[0], NULL, 10);
    char *text = malloc(size + sizeof ready);
    struct iovec data = { text, size + sizeof ready - 1 };
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { 0 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    const int passed = STDIN_FILENO;

    control.align = (struct cmsghdr){ CMSG_LEN(sizeof passed), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.align), &passed, sizeof passed);
    memset(text, 'x', size);
    memcpy(text + size, ready, sizeof ready);
    result("notify-after", say(&message));
    free(text);
}

/* notify-much TIMES: READY=1 so often. */
void do_notify_much(char **args)
{
    struct iovec text = { (char *)"READY=1", 7 };
    bool good = true;

    for (int left = atoi(args[0]); left > 0 && good; left--)
        good = say(&(struct msghdr){ .msg_iov = &text, .msg_iovlen = 1 });
    result("notify-much", good);
}
