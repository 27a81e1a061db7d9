// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A program is an array of procedures; a row says everything the dispatcher needs to know.
 *
 * dispatch.c does, in this order and nowhere else: number known, authenticated, decoded, flags
 * understood, connection opened, read-only allowed, target found, permission, state, handler,
 * encode. A refused call never reaches a handler.
 */
#pragma once

#include "base/xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RpcCall RpcCall;
typedef struct RpcClient RpcClient;

/* Who answers. NONE rows are VIR_ERR_NO_SUPPORT; EVENT rows are never called. */
typedef enum RpcRoute {
    RPC_NONE,
    RPC_OURS,
    RPC_EVENT,
    RPC_NETWORK, /* from here on: relayed, byte for byte, to the daemon that owns it */
    RPC_STORAGE,
    RPC_NODEDEV,
    RPC_INTERFACE,
    RPC_SECRET,
    RPC_NWFILTER,
    RPC_ROUTE_LAST,
} RpcRoute;

/* What must be there before the handler runs. */
typedef enum RpcTarget {
    RPC_TARGET_CONNECTION, /* CONNECT_OPEN was called; the default */
    RPC_TARGET_NONE,       /* nothing: may come before CONNECT_OPEN */
    RPC_TARGET_AUTH,       /* nothing, not even authentication */
    RPC_TARGET_DOMAIN,     /* the args' own field `dom` names a domain that exists */
} RpcTarget;

typedef enum RpcState {
    RPC_STATE_ANY,
    RPC_STATE_RUNNING, /* running or paused, else OPERATION_INVALID */
    RPC_STATE_SHUTOFF,
} RpcState;

/*
 * Handlers run on the main loop and must not block. `args` and `ret` are the decoded and the zeroed
 * reply struct (NULL for void) of the row's types; dispatch clears both. True: `ret` is the answer.
 * False: *err is. A handler that cannot answer yet calls rpc_call_defer, keeps the call, and
 * returns true; rpc_call_finish answers later.
 */
typedef bool RpcHandler(RpcCall *call, const void *args, void *ret, GError **err);

#define RPC_FLAGS_ANY UINT32_MAX /* the handler looks at the flags itself */

typedef struct RpcProcedure {
    int32_t number;
    const char *name;    /* CONNECT_OPEN */
    const char *api;     /* virConnectOpen: the detail of NO_SUPPORT and of flag errors */
    const XdrType *args; /* NULL: void */
    const XdrType *ret;  /* NULL: void */
    RpcRoute route;
    RpcTarget target;
    RpcState state;
    bool priority;            /* libvirt's "high": never waits behind low-priority work */
    bool readonly;            /* allowed on a read-only connection */
    uint32_t readonly_denied; /* ... unless one of these bits is in the args' `flags` */
    uint32_t flags;           /* bits of the args' `flags` that are understood */
    bool stream;              /* a successful reply leaves a stream open */
    const char *acl;          /* "domain:write domain:save", as polkit actions are named */
    RpcHandler *handler;      /* for RPC_OURS */
} RpcProcedure;

/* What dispatch asks of the program's owner. `data` is RpcProgram.data. */
typedef struct RpcProgramHooks {
    /* Finds the domain of a 16-byte uuid; borrowed, valid during the call. False: NO_DOMAIN in err.
     */
    bool (*find_domain)(RpcCall *call, const uint8_t *uuid, void **ret_domain, GError **err,
                        void *data);
    bool (*domain_is_active)(void *domain, void *data);
    bool (*is_open)(RpcClient *client, void *data);     /* CONNECT_OPEN was called */
    bool (*is_readonly)(RpcClient *client, void *data); /* socket or open flag says so */
    /* acl is the row's; domain may be NULL. True: allowed. NULL hook: everything is allowed. */
    bool (*may)(RpcCall *call, const char *acl, void *domain, GError **err, void *data);
    void (*closed)(RpcClient *client, void *data); /* the connection ended, cleanly or not */
} RpcProgramHooks;

typedef struct RpcProgram {
    uint32_t number;
    uint32_t version;
    const char *name;
    const RpcProcedure *procedures; /* sorted by number, gaps allowed */
    size_t n_procedures;
    const RpcProgramHooks *hooks;
    void *data;
} RpcProgram;
