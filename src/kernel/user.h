// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Users and groups of the container, read from its own /etc/passwd and /etc/group by nobody's
 * plug-ins. A word of digits is always a number, whatever a file calls its users.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* "" user: root. "" group: the user's primary group. `root_fd` is the container's tree. */
typedef struct UserIds {
    uid_t uid;
    gid_t gid;
} UserIds;

bool user_find(int root_fd, const char *user, const char *group, UserIds *ret_ids, GError **err);

/* For the test: one text instead of a file. `field` 0 matches names, 2 matches ids. */
bool user_find_line(const char *text, unsigned field, const char *wanted, unsigned ret_ids[2]);
bool user_parse_id(const char *text, unsigned *ret_id);
