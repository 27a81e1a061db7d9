// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What the files of init's half share: see init.c. */
#pragma once

#include "controller/run.h"

/* plan.mounts[0] goes over "/" of the namespace; *ret_root_fd is its root. */
bool init_attach_root(const Run *run, int *ret_root_fd, GError **err);

/* The other mounts, in their order. */
bool init_attach_mounts(const Run *run, int root_fd, GError **err);
