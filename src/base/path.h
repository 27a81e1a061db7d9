// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Paths below a root descriptor. A root tree may belong to an attacker: every path in it is opened
 * with openat2 so that neither ".." nor a symlink nor a magic link of /proc leads out of it. Uses
 * libc only. Failure is -1 or false with errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a symlink on the way does. */
typedef enum PathLinks {
    PATH_LINKS_INSIDE, /* followed as a process inside would, "/" being the root */
    PATH_LINKS_REFUSE, /* ELOOP */
} PathLinks;

/* openat2 below `root_fd`; O_CLOEXEC is added. "" and "/" are the root itself. */
int path_open(int root_fd, const char *path, int flags, PathLinks links);

/*
 * An O_PATH descriptor of a place to mount on: what is there, or else a new directory or a new
 * empty file, with directories above it as needed. Nothing is written when it exists already.
 */
typedef enum PathKind { PATH_DIRECTORY, PATH_FILE } PathKind;
int path_make(int root_fd, const char *path, PathKind kind, PathLinks links);

/* A small file's whole content below `root_fd`, NUL-terminated, from malloc. EFBIG over `max`. */
char *path_read(int root_fd, const char *path, size_t max);

/* The same of a file of the kernel's (/proc, /sys), at that place on the host. */
char *path_read_kernel(const char *path, size_t max);

/* Opens, writes and closes a file of the kernel's (/proc, /sys): one write, O_TRUNC not needed. */
bool path_write(int dir_fd, const char *path, const char *text);
