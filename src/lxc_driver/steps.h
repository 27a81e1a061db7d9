// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The steps of the daemon's list in run.c, a file each: step-NAME.c. */
#pragma once

#include "lxc_driver/run.h"

void step_status_save(Run *run);
void step_status_remove(Run *run);

void step_volumes_find(Run *run);
void step_volumes_forget(Run *run);

void step_disks_look(Run *run);
void step_disks_forget(Run *run);
/* Those of `missing` (a set of paths, or NULL), and volumes nobody knows; the plan and the status
 * follow. */
bool disks_leave_out(Run *run, GHashTable *missing, GError **err);

void step_quotas_set(Run *run);
void step_quotas_lift(Run *run);

void step_ports_claim(Run *run);
void step_ports_release(Run *run);

void step_labels_prepare(Run *run);
void step_labels_release(Run *run);

void step_links_prepare(Run *run);
void step_links_remove(Run *run);
/* The controller's namespace is there: make the links in it, then tell the controller. */
void step_links_create(Run *run, pid_t init_pid);

void step_scope_make(Run *run);
void step_scope_remove(Run *run);
/* Tells machined of a container that runs in a scope. */
void step_scope_register(const Domain *domain, const DomainDef *live, pid_t init_pid);

/* The process, if it is not there yet. */
bool step_controller_spawn(Run *run, GError **err);
void step_controller_start(Run *run);
void step_controller_remove(Run *run);
/* What a controller tells its daemon all its life; data is the Domain. */
extern const ControllerEvents step_controller_events;
