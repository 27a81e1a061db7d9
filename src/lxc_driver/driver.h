// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The driver: everything the daemon knows, reachable from one struct that main.c owns. Handlers get
 * it with call_driver(); nothing else is shared, and only the main loop touches it.
 */
#pragma once

#include "conf/domain-def.h"
#include "lxc_driver/changeable.h"
#include "lxc_driver/controller-link.h"
#include "lxc_driver/daemon-config.h"
#include "lxc_driver/id-ranges.h"
#include "lxc_driver/paths.h"
#include "lxc_driver/unfolded.h"
#include "rpc/call.h"
#include "rpc/server.h"

#include <glib.h>
#include <stdbool.h>

typedef struct DomainList DomainList; /* domain-list.h */
typedef struct Events Events;         /* events.h */

typedef struct Driver {
    const Paths *paths;        /* borrowed from main */
    Config *config;            /* replaced by a reload */
    DomainDefHost host;        /* strings borrowed from paths and main; the schema is ours */
    DomainList *domains;       /* every domain, by uuid, name and id */
    Unfolded *unfolded;        /* those of their definitions that somebody looks at */
    Changeable *changeable;    /* directories of the host that containers have writable */
    Events *events;            /* who wants to hear of what */
    RpcProgram remote_program; /* the main program, `data` is this driver */
    RpcProgram qemu_program;   /* all of it refused as unsupported */
    RpcProgram lxc_program;    /* the LXC extras */
    RpcServer *server;
    Poller *poller; /* watches the controllers */
    ControllerImages *images;
    void (*activity_changed)(void *data); /* a container started or ended */
    void *activity_data;
    unsigned n_owned;                   /* domains that end with their client */
    IdRanges *id_ranges;                /* of automatic id maps */
    int state_dir_fd;                   /* Paths.state_dir */
    GBytes *filters[PLAN_SECCOMP_FILE]; /* system call filters by PlanSeccompKind; NULL: not made */
    char **security_models; /* in force, ends with NULL; what host.security_models borrows */
    char *network_run_dir; /* holds virtnetworkd-sock or libvirt-sock; the start path connects there
                            */
    char *emulator;        /* what host.emulator borrows */
    char *arch;            /* what host.arch borrows */
    bool is_private;       /* an instance below --root */
    bool uses_systemd;     /* containers have scopes: see step-scope.c */
    const char *fail_step; /* for the fault test: a step that fails on purpose; NULL otherwise */
} Driver;

/* `paths` is borrowed, `config` taken over on success. */
bool driver_new(const Paths *paths, Config *config, Driver **ret_driver, GError **err);
void driver_free(Driver *driver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Driver, driver_free)

static inline Driver *call_driver(RpcCall *call)
{
    return rpc_call_program_data(call);
}
