// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Child processes by descriptor, and programs that run from sealed memory instead of their file.
 * Uses libc only, so that the resident monitor can link it. Failure is -1 or false with errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * clone3 with fork's semantics and `flags` (CLONE_NEW*, CLONE_PARENT) besides. `cgroup_fd` >= 0:
 * the child is born in that v2 group. Returns 0 in the child. `ret_pidfd` may be NULL.
 */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* Close-on-exec, as everything. The second works before the process is known to be ours alone. */
int process_open(pid_t pid);
bool process_signal(int pidfd, int signum);

/* Waits until the process has ended, at most so long; -1: for ever. Reaps nothing. */
bool process_wait_end(int pidfd, int timeout_ms);

/* The copy of a program file, or of some bytes, in memory that nobody can change any more. */
int process_seal_file(const char *path, const char *name);
int process_seal_bytes(const char *name, const void *data, size_t size);
