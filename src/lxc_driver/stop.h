// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The end of a container, whoever wanted it: the container is told to end unless it has, then the
 * list of run.c goes backwards.
 */
#pragma once

#include "lxc_driver/run.h"
#include "lxc_driver/state.h"

/* Inside a held job, for an active domain: kills the container at once. */
void stop_domain(Domain *domain, RunDone *done, void *data);

/* The same, but asks init to end and gives up with an error when it does not. */
void stop_domain_gracefully(Domain *domain, RunDone *done, void *data);

/* It was asked to shut down: if its definition says how long that may take, it is destroyed then.
 */
void stop_when_late(Domain *domain);

/* Whatever is left of a container whose controller is gone; becomes shut off with `outcome`. */
void stop_clean_up(Domain *domain, DomainDef *live, pid_t init_pid, RunDone *done, void *data);

/* A controller reported the end (domain->gone says how). */
void stop_container_ended(Domain *domain);

/* Destroys what was bound to this client. */
void stop_owned_by(Driver *driver, uint64_t client_id);
void stop_later(Domain *domain);
