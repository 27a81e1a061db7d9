// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A domain as it is now. It holds up to two definitions, folded, since a host has many domains and
 * few are looked at; domain_config and domain_live show them:
 *
 *     config   what is on disk and will be started next; NULL: the domain is transient
 *     live     what runs, runtime names filled in; NULL: the domain is shut off
 *
 * At least one of them, or the one being started (`draft`), is there. A change of a definition is a
 * changed copy put in the old one's place. State changes go through state.h, work through job.h.
 */
#pragma once

#include "conf/domain-def.h"
#include "lxc_driver/driver.h"
#include "lxc_driver/job.h"

typedef struct Domain {
    Driver *driver; /* borrowed */
    char *name;
    uint8_t uuid[16];
    FoldedDef *config;      /* NULL: transient */
    FoldedDef *live;        /* NULL: shut off */
    const DomainDef *draft; /* borrowed from the start under way; NULL */
    bool autostart;
    bool was_defined; /* it had a config since it came into the list */
    bool removed;     /* no longer in the list; queued jobs are answered with that */
    int state;        /* virDomainState */
    int reason;
    bool gone;      /* the container ended and is not taken down yet */
    int gone_as;    /* how; a StateEvent */
    pid_t init_pid; /* host pid, the id; -1 when shut off */
    pid_t controller_pid;
    ControllerLink *link;  /* NULL when shut off */
    struct Cgroup *cgroup; /* opened on first use, see domain_cgroup */
    GSList *consoles;      /* of ConsoleUse, see console.c */
    guint lateness;        /* destroys it when a shutdown takes too long; see stop_when_late */
    uint64_t owner;        /* client whose end destroys the domain; 0: nobody's */
    JobQueue jobs;
    struct Run *run; /* the start or stop under way (run.h); NULL */
} Domain;

/* `def` gives name and uuid; it is not kept. */
Domain *domain_new(Driver *driver, const DomainDef *def);
Domain *domain_ref(Domain *domain);
void domain_unref(Domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_unref)

static inline bool domain_is_active(const Domain *domain)
{
    return domain->live != NULL;
}

static inline int domain_id(const Domain *domain)
{
    return domain->live ? (int)domain->init_pid : -1;
}

/*
 * Definitions to look at, until the caller returns to the main loop or sets another; see
 * unfolded.h. What describes the domain now is live, else config, else what is being started.
 */
const DomainDef *domain_config(const Domain *domain); /* NULL: transient */
const DomainDef *domain_live(const Domain *domain);   /* NULL: shut off */
const DomainDef *domain_def(const Domain *domain);    /* NULL: see domain_is_described */

/* False of a domain that is about to get its first definition. */
static inline bool domain_is_described(const Domain *domain)
{
    return domain->live || domain->config || domain->draft;
}

/* `def` (may be NULL) is folded and freed, and so is the old one. */
void domain_set_config(Domain *domain, DomainDef *def);
void domain_set_live(Domain *domain, DomainDef *def);

/*
 * Inside a held job: writes `def` (ownership taken) to disk, puts it in the config's place when
 * that has succeeded, and then says so.
 */
typedef void DomainSaved(Domain *domain, const GError *err, void *data);
void domain_save_config(Domain *domain, DomainDef *def, DomainSaved *saved, void *data);

/* The simplest thing to do then: ends the job `data` with the outcome. */
void domain_saved_end_job(Domain *domain, const GError *err, void *data);

/*
 * Resolves VIR_DOMAIN_AFFECT_*: neither bit means what the domain is now. Fails when LIVE is asked
 * of a domain that is not running or CONFIG of one that is transient.
 */
bool domain_impact(const Domain *domain, unsigned flags, unsigned *ret_impact, GError **err);

/* The same for getters, where both bits at once make no sense; gives the definition meant. */
bool domain_impact_def(const Domain *domain, unsigned flags, const char *api,
                       const DomainDef **ret_def, GError **err);

struct InitProcess; /* see init-process.h */
/* The process `init_pid`, if it still is that. The caller closes its descriptor. OPERATION_INVALID:
 * the container has just ended, or is restarting. */
bool domain_open_init(Domain *domain, struct InitProcess *ret_init, GError **err);

/* The running container's control groups; borrowed. */
struct Cgroup *domain_cgroup(Domain *domain, GError **err);

/* Its host ids may have changed: the next domain_cgroup looks again. */
void domain_forget_cgroup(Domain *domain);

/* Hangs up on the controller; safe inside its own events. */
void domain_drop_link(Domain *domain);

/* Binds a running domain to a client; 0: to nobody. */
void domain_set_owner(Domain *domain, uint64_t client_id);

/* OPERATION_INVALID unless it runs. */
bool domain_check_active(const Domain *domain, GError **err);
