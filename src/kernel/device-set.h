// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The devices of one run of a container. A plan names devices of the host, which have their numbers
 * only when the container starts, and perhaps others when it starts again: so node and rule are
 * found out together, each time.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

typedef struct DeviceSet {
    GArray *nodes; /* PlanNode, beside those of the plan; paths are the set's */
    GArray *rules; /* PlanDeviceRule, those of the plan included: nothing else is allowed */
} DeviceSet;

DeviceSet *device_set_new(const Plan *plan);
void device_set_free(DeviceSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeviceSet, device_set_free)

/* The node is copied; one without a path is a rule alone. `access` is some of PLAN_ACCESS_*. */
void device_set_add(DeviceSet *set, const PlanNode *node, uint32_t access);

/* Looks for the host's device, unless that is an image. Only a rule may be about what is not there.
 */
bool device_set_find(DeviceSet *set, const PlanHostNode *wanted, GError **err);

/* The same for a USB device. */
bool device_set_find_usb(DeviceSet *set, const PlanUsb *wanted, GError **err);
