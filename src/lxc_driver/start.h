// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Starting a container: everything before the first step, then the list of run.c forwards. */
#pragma once

#include "lxc_driver/run.h"

typedef struct StartRequest {
    DomainDef *def; /* what to run; it and */
    int *fds;       /* those for init are taken over whatever happens; may be NULL */
    size_t n_fds;
} StartRequest;

/*
 * Inside a held job. False: refused before anything was done, the domain's state is unchanged and
 * `done` is not told. True: `done` tells how it went.
 */
bool start_domain(Domain *domain, const StartRequest *request, RunDone *done, void *data,
                  GError **err);

/* What the container is to be made of: the plan of its live definition as that is now. */
bool start_make_plan(Domain *domain, DomainDef *live, Plan **ret_plan, GError **err);
