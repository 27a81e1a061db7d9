// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Network filters of links: libvirt's filter daemon (virtnwfilterd, or a monolithic libvirtd) binds
 * a filter to a device of the host and keeps its rules up to date, over its own restarts as well.
 */
#pragma once

#include "plan-xdr.h"

#include <glib.h>
#include <stdbool.h>

/* Whose links they are, and where the filter daemon's socket is; borrowed. */
typedef struct FilterOwner {
    const char *run_dir;
    const char *name; /* of the domain */
    uint8_t uuid[16];
} FilterOwner;

/*
 * Binds the link's filter, if it has one, to its host end. A new link may have its name from one
 * that is no more: what is still bound to that goes. Blocks: worker threads only, as the next.
 */
bool filter_binding_make(const FilterOwner *owner, const PlanLink *link, const char *host_name,
                         GError **err);

/* Fine when there is none. */
bool filter_binding_remove(const FilterOwner *owner, const char *host_name, GError **err);

/*
 * Links that live on keep their filters: those that the filter daemon has forgotten are bound
 * again, in a worker thread. Takes the plan; failures are logged.
 */
typedef void FilterBindingsKept(void *data);
void filter_bindings_keep(const FilterOwner *owner, Plan *plan, FilterBindingsKept *kept,
                          void *data);
