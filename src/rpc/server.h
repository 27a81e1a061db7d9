// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The server: listening sockets, their clients, and the programs they may call. Main loop only.
 */
#pragma once

#include "rpc/program.h"

#include <sys/types.h>

struct RemoteConnectSetIdentityArgs; /* remote.x */

typedef enum RpcAuth { RPC_AUTH_NONE, RPC_AUTH_POLKIT = 2 } RpcAuth;

/* From virtlxcd.conf; the defaults are libvirt's (5000, 20, 5, 5 s, 5). */
typedef struct RpcLimits {
    unsigned max_clients;
    unsigned max_anonymous_clients; /* 0: no cap */
    unsigned max_client_requests;
    int keepalive_interval; /* seconds; <= 0: off */
    unsigned keepalive_count;
} RpcLimits;

typedef struct RpcServer RpcServer;

/* `programs` are borrowed and outlive the server. `run_dir` is where the other daemons' sockets
 * are. */
RpcServer *rpc_server_new(const RpcLimits *limits, const RpcProgram *const *programs,
                          size_t n_programs, const char *run_dir);
void rpc_server_free(RpcServer *server); /* disconnects everybody */

/* Takes a listening socket over. Accepting begins with rpc_server_start. */
bool rpc_server_add_socket(RpcServer *server, int fd, bool readonly, RpcAuth auth, GError **err);
void rpc_server_start(RpcServer *server);
void rpc_server_set_limits(RpcServer *server, const RpcLimits *limits);
unsigned rpc_server_n_clients(RpcServer *server);

/* Called whenever the number of clients changes, for the daemon's idle timeout. */
void rpc_server_on_clients_changed(RpcServer *server, void (*changed)(void *data), void *data);

/* ---- one client ---------------------------------------------------------------------------- */

uid_t rpc_client_uid(RpcClient *client);
bool rpc_client_socket_is_readonly(RpcClient *client);
uint64_t rpc_client_id(RpcClient *client); /* 1, 2, ...: never reused */

/* The driver's own state for this client. */
void *rpc_client_data(RpcClient *client);
void rpc_client_set_data(RpcClient *client, void *data);

/* Sends an event: type MESSAGE of `program`, `procedure`. Bounded: a client that does not read its
 * events is disconnected when too much is waiting. */
void rpc_client_send_event(RpcClient *client, const RpcProgram *program, int32_t procedure,
                           const XdrType *type, const void *payload);

/* Starts server-side keepalive pings; repeat calls are harmless. */
void rpc_client_start_keepalive(RpcClient *client);

/* Stops reading, sends what is queued (the reply to this call included), then closes. */
void rpc_client_close_after_reply(RpcClient *client);

/* What relayed connections are opened with: read-only or not, and the identity to pass on, which is
 * the peer's own unless the client speaks for another. `identity` is copied. */
void rpc_client_set_readonly(RpcClient *client, bool readonly);
void rpc_client_set_identity(RpcClient *client,
                             const struct RemoteConnectSetIdentityArgs *identity);
