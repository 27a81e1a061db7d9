// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Asks virtlxc-image, which does what is to be done with the bytes of an image in a process of its
 * own (see src/image/main.c). Its answer is not trusted either.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct ImageHelper {
    int program_fd;    /* virtlxc-image */
    const char **argv; /* what it is to do, NULL at the end */
    int input;         /* a file or block device, */
    int input_flags;   /* O_RDONLY or O_RDWR, as which it gets it */
    const char *name;  /* which people know as this */
} ImageHelper;

/*
 * *ret_words: what it found, of words without a surprise in them. `ret_fds` are n_fds that it has
 * to send along. False, too, when it refuses.
 */
bool image_helper_ask(const ImageHelper *helper, char ***ret_words, int *ret_fds, size_t n_fds,
                      GError **err);

/* False, with an error about words that make no sense. */
bool image_helper_fail(const ImageHelper *helper, GError **err);
