// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* What every container has, whatever its definition says. */
#pragma once

#include "conf/compile.h"

/* /proc, /sys, /dev and what is below them. */
void base_plan_mounts(PlanBuilder *builder);
/* The size of a file system in memory of which nothing is said. */
uint64_t base_tmpfs_kib(const DomainDef *def);
/* Nodes and links in /dev, and which devices may be used. */
void base_plan_devices(PlanBuilder *builder);
/* The devices that every container may use; borrowed. */
size_t base_device_rules(const PlanDeviceRule **ret_rules);
void base_plan_environment(PlanBuilder *builder);
/* What the user sets replaces what would be set anyway. */
bool base_env_is_users(const DomainDef *def, const char *name);
void base_add_env(PlanBuilder *builder, const char *name, const char *value);

/* dev-names.c: whether the devices of the host have names that nothing else has. */
bool dev_names_check(const Plan *plan, GError **err);

/* No id map, or one with the host's root in it, which keeps whoever has that from nothing. */
bool plan_has_host_root(const Plan *plan);
