// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The container's /dev: a small tmpfs with exactly the plan's nodes and links and a place for each
 * console. It is made detached by host root, since root of a user namespace may not make nodes, and
 * everything in it belongs to the container's root.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

bool dev_make(const Plan *plan, const char *options, int *ret_fd, GError **err);
