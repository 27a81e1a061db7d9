// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The id maps of a container with a user namespace of its own. */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Writes both maps of the plan for the user namespace that `pid` is in. */
bool idmap_write(pid_t pid, const Plan *plan, GError **err);

/* The host's numbers for root of the container: 0 without a map of its own. */
uid_t idmap_root_uid(const Plan *plan);
gid_t idmap_root_gid(const Plan *plan);

/*
 * From now on the calling process makes files in the name of the container's root. The capabilities
 * that let it make them anywhere stay. False: errno.
 */
bool idmap_make_files_as_root(const Plan *plan);

/* Whether somebody inside can be this user and group. */
bool idmap_check_user(const Plan *plan, uid_t uid, gid_t gid, GError **err);

/* Mount options (mount(8)) with the ids of uid= and gid= as the host has them. The caller's. */
char *idmap_options(const Plan *plan, const char *options);
