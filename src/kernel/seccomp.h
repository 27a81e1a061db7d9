// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The system call filter of a container. The daemon makes the program (libseccomp does the
 * translation), which travels in the plan; init only installs it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "plan-xdr.h"

/*
 * The program of a profile for this machine and its 32-bit partner, in the form of seccomp(2).
 * *ret_program is NULL for PLAN_SECCOMP_NONE. For PLAN_SECCOMP_FILE the file is read: LXC's format,
 * versions 1 and 2, or a JSON object as in an OCI configuration. Errors name file and line.
 */
bool seccomp_make(const PlanSeccomp *profile, GBytes **ret_program, GError **err);

/*
 * The program that goes with limits on the space of directories, whatever the profile: on btrfs,
 * new subvolumes and snapshots are outside of the limit on the one that they are made in.
 */
bool seccomp_make_guard(GBytes **ret_program, GError **err);

/*
 * Binds the calling process and all it will start. Needs CAP_SYS_ADMIN or no_new_privs. False:
 * errno. Uses libc only.
 */
bool seccomp_install(const void *program, size_t size);

/* The same for one that notifies: the descriptor to hear of that at, close-on-exec. -1: errno. */
int seccomp_install_listener(const void *program, size_t size);
