// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The container's tree and who puts it together: see tree.c. */
#pragma once

#include "controller/run.h"

/* plan.mounts[0] goes over "/" of the namespace; *ret_root_fd is its root. */
bool tree_attach_root(Run *run, int *ret_root_fd, GError **err);

/* Where generated files are made, when there are any; over "/" of the namespace, below the root. */
bool tree_files_prepare(Run *run, int top_fd, GError **err);
/* The file or socket of plan.mounts[index], as a detached mount. */
bool tree_file_make(const Run *run, uint32_t index, int *ret_fd, GError **err);

/* What stands in for a file that is not to be opened. */
bool tree_file_refuse(const Run *run, int *ret_fd, GError **err);

/* The same for the files with limits in them; *ret_fd of what stands in for the kernel's `path`. */
bool tree_view_prepare(const Run *run, int top_fd, GError **err);
void tree_view_learn(const Run *run); /* before the first of them */
bool tree_view_clone(const Run *run, const char *path, int *ret_fd, GError **err);

/* The other mounts, in their order. */
bool tree_attach_mounts(const Run *run, int root_fd, GError **err);

/* The last group to be joined. */
bool tree_join_freezer(const Run *run, GError **err);

/* For init: its tree stands and is its root when this comes back. */
bool tree_enter(Run *run, GError **err);
