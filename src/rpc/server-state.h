// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* The server as the parts of this folder see it. */
#pragma once

#include "rpc/client.h"

/* Where a procedure's args keep what dispatch looks at; -1: they have no such field. */
typedef struct RpcFields {
    ptrdiff_t flags;
    ptrdiff_t domain;
} RpcFields;

typedef struct RpcProgramEntry {
    const RpcProgram *program; /* borrowed */
    RpcFields *fields;         /* one per procedure, in the same order */
} RpcProgramEntry;

struct RpcServer {
    Poller *poller;
    RpcClock *clock;
    RpcLimits limits;
    RpcProgramEntry *programs;
    size_t n_programs;
    char *run_dir;

    GQueue listeners; /* of Listener */
    bool started;
    bool out_of_fds; /* accept failed; try again when a client leaves or after a second */
    guint retry;     /* the source that does so */
    guint crowded;   /* the source that looks for strangers who say nothing */

    GQueue clients; /* of RpcClient, through its link */
    unsigned n_anonymous;
    uint64_t last_id;

    void (*changed)(void *data);
    void *changed_data;
};

/* A client came, went, or has authenticated: limits may be reached or no longer so. */
void rpc_server_clients_changed(RpcServer *server);
