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

/*
 * *ret_connection is the connection. When that is closed the server ends; nobody has to wait for
 * it. *ret_words is where its last words come, if it has any.
 */
bool server_start(const ServerImage *image, const char *program, int *ret_connection,
                  int *ret_words);
