// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* A qemu-nbd that serves one image over one connection, and ends with that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct ServerImage {
    int fd;
    bool readonly;
    const char *driver; /* qemu's word for its format */
} ServerImage;

/* NULL: it is nowhere to be found. */
const char *server_program(void);

typedef struct Server {
    int connection; /* when it is closed the server ends */
    int pidfd;
    int words; /* its last ones come here, if it has any */
} Server;

void server_init(Server *server); /* all descriptors -1 */
void server_clear(Server *server);
bool server_start(const ServerImage *image, const char *program, Server *server);
