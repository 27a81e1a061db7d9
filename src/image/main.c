// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * virtlxc-image: looks into an image for a container that is about to start, and says on descriptor
 * 1 in one line what there is in descriptor 0. Who made the image may want to do harm, and what
 * looks for file systems is a lot of old code: so the program first gives up all that it could do
 * harm with, and ends after the one answer.
 */
#include "image/confine.h"
#include "image/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX 200

static int answer_with(const char *answer)
{
    size_t size = strlen(answer);

    return write(1, answer, size) == (ssize_t)size ? EXIT_SUCCESS : EXIT_FAILURE;
}

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

/* By _exit, as nothing that runs at the end of a program is allowed any more. */
int main(int argc, char **argv)
{
    static const char usage[] = "virtlxc-image is started by virtlxcd only\n";

    if (argc == 2 && strcmp(argv[1], "probe") == 0)
        _exit(probe(LOOK_WHOLE));
    if (argc == 2 && strcmp(argv[1], "probe-partitions") == 0)
        _exit(probe(LOOK_PARTITIONS));
    (void)fputs(usage, stderr); /* nowhere else to say it */
    return EXIT_FAILURE;
}
