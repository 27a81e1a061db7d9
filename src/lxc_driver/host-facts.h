// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What definitions are held against: the CPUs and NUMA nodes that there are, and what the kernel
 * lacks. Found out once, when the daemon starts.
 */
#pragma once

#include <glib.h>

#include "conf/domain-def.h"

/*
 * Fills in n_cpus, n_nodes and lacks. `root` as in host.h; `hierarchies` are Hierarchy, none of
 * them: nothing is said about controllers.
 */
void host_facts_read(const char *root, const GPtrArray *hierarchies, DomainDefHost *host);
