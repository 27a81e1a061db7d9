// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The container's /dev: a small tmpfs with exactly the nodes and links of the plan, the devices of
 * the host that were found for it, and a place for each
 * console. It is made detached by host root, since root of a user namespace may not make nodes, and
 * everything in it belongs to the container's root.
 */
#pragma once

#include "kernel/device-set.h"
#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

bool dev_make(const Plan *plan, const DeviceSet *devices, const char *options, int *ret_fd,
              GError **err);

/* One node below `dev_fd`, a /dev that nobody else can change, with the directories that it is in.
 */
bool dev_make_node(int dev_fd, const PlanNode *node, const Plan *plan, GError **err);
