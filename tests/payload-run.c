// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The payload's verbs that go on as something else: another program, another control group
 * namespace. */
#include "payload.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* run SCRIPT: by the shell of the tree; what it prints is ours. */
void do_run(char **args)
{
    pid_t child = fork();

    if (child == 0) {
        execl("/bin/sh", "sh", args[0], (char *)NULL);
        _exit(127);
    }
    result("run", child > 0 && waitpid(child, NULL, 0) == child);
}

/* Makes the groups that we are in the root of all that we see of them. */
void do_new_groups(char **args)
{
    (void)args;
    result("new-groups", unshare(CLONE_NEWCGROUP) == 0);
}
