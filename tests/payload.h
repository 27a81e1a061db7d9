// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the files of the payload have of each other. */
#pragma once

#include <stdbool.h>

/* "VERB ok", or "VERB errno NAME". */
void result(const char *verb, bool good);

void do_affinity(char **args);
void do_device_program(char **args);
void do_echo(char **args);
void do_fuse(char **args);
void do_hangup(char **args);
void do_inject(char **args);
void do_keyring(char **args);
void do_new_groups(char **args);
void do_notify(char **args);
void do_notify_after(char **args);
void do_notify_much(char **args);
void do_project(char **args);
void do_ptmx(char **args);
void do_run(char **args);
void do_subvolume(char **args);
void do_swap(char **args);
void do_tap(char **args);
void do_sysinfo(char **args);
void do_tty(char **args);
