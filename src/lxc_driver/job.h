// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One thing at a time happens to a domain. What changes it or its container is a job; jobs of one
 * domain run in the order they came, and one that has not begun after 30 s fails its call with
 * OPERATION_TIMEOUT. Queries are no jobs: they answer from state at once.
 *
 * Most jobs are over when their handler returns. One that has to wait for something calls job_hold
 * and later job_end.
 */
#pragma once

#include "conf/domain-def.h"
#include "rpc/call.h"

#include <glib.h>

typedef struct Domain Domain;
typedef struct Job Job;

/* Zeroed to start. */
typedef struct JobQueue {
    Job *running;
    GQueue waiting;
    bool starting_next; /* guards against nesting */
} JobQueue;

/* The rest of a handler: runs `handler` as a job of the call's domain, now or in its turn. */
bool job_call(RpcCall *call, RpcHandler *handler, GError **err);

/*
 * The same for a call that names no domain in its arguments: the caller found it, and has a
 * definition to hand on. `def` is taken over and freed when the job is over. Should the domain be
 * removed while this waits, it is done to the domain of that name and uuid that is there then.
 */
typedef bool JobHandler(RpcCall *call, Domain *domain, DomainDef *def, GError **err);
bool job_call_on(RpcCall *call, Domain *domain, JobHandler *handler, DomainDef *def, GError **err);

/* Work of the daemon's own, without a call and without a time limit. */
typedef void JobBegin(Domain *domain, void *data);
void job_run(Domain *domain, JobBegin *begin, void *data);

/* Inside a job: it goes on after its function has returned, and its call is answered by job_end. */
Job *job_hold(Domain *domain);

/* The call a job answers; NULL for the daemon's own. */
RpcCall *job_rpc_call(Job *job);

Domain *job_domain(Job *job);

/* Ends a held job; answers its call, with `err` (ownership taken) if that is not NULL. */
void job_end(Job *job, GError *err);

/* For the domain's end: what waits is dropped. */
void job_queue_clear(JobQueue *queue);
