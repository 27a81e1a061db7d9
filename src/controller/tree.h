// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The container's tree and who puts it together: see tree.c. */
#pragma once

#include "controller/run.h"

/* plan.mounts[0] goes over "/" of the namespace; *ret_root_fd is its root. */
bool tree_attach_root(const Run *run, int *ret_root_fd, GError **err);

/* The other mounts, in their order. */
bool tree_attach_mounts(const Run *run, int root_fd, GError **err);

/* The last group to be joined. */
bool tree_join_freezer(const Run *run, GError **err);

/* For init: its tree stands and is its root when this comes back. */
bool tree_enter(Run *run, GError **err);
