// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Project quotas; see quota.h. `fd` is a directory, open for reading. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether the file system keeps files within their projects' limits. */
bool project_is_enforced(int fd);

/* The number that is ours for this directory; fails if it is in a project of somebody else's. */
bool project_choose(int fd, const char *path, uint32_t *ret_id, GError **err);

/* The same, if the directory has it. */
bool project_find(int fd, uint32_t *ret_id);

/* Puts it on the directory and all that is in it, unless that was done before. */
bool project_mark(int fd, const char *path, uint32_t id, GError **err);

/* 0: no limit. False: errno. */
bool project_limit(int fd, uint32_t id, uint64_t bytes);
