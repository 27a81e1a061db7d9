// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The relay: calls that belong to other daemons (networks, storage, node devices, interfaces,
 * secrets, network filters) go there byte for byte, and what comes back goes to the client.
 *
 *     client --- RpcClient --- RpcRelay --+-- upstream network:///system  virtnetworkd-sock
 *                                         +-- upstream storage:///system  virtstoraged-sock
 *                                         ...                             or libvirt-sock for all
 *
 * A client has one connection of its own to each daemon it calls, opened when it first does, with
 * its read-only state and its identity: the daemon at the other end decides what it may. A
 * connection that cannot be opened is the error of the calls that needed it, and the next call
 * tries again; one that breaks fails the calls and streams under way, and the client stays.
 *
 * Only serial numbers are translated. Descriptors pass in both directions, events to the client.
 * Neither side can make us store much: while the client does not read, the upstream's streams are
 * not read; while the upstream does not read, the client's stream packets are refused with
 * RPC_RELAY_BUSY, and rpc_channel_resume asks for them again.
 */
#pragma once

#include "base/poller.h"
#include "rpc/packet.h"
#include "rpc/program.h"

typedef struct RpcRelay RpcRelay;

typedef enum RpcRelayVerdict {
    RPC_RELAY_UNKNOWN, /* no stream of the relay: not for us */
    RPC_RELAY_TAKEN,
    RPC_RELAY_BUSY, /* not now: hold the packet; the client's channel is resumed in time */
} RpcRelayVerdict;

/* `client` and `run_dir`, where the daemons' sockets are, are borrowed and outlive the relay. */
RpcRelay *rpc_relay_new(RpcClient *client, Poller *poller, const char *run_dir);

/* Closes all connections; calls under way are forgotten. NULL is fine. */
void rpc_relay_free(RpcRelay *relay);

/*
 * Relays a CALL or CALL_WITH_FDS that holds a slot; `procedure` has a route of RPC_NETWORK or
 * after. The packet's bytes are copied, its descriptors duplicated. The answer goes out, and the
 * slot comes back, by rpc_client_send_reply or rpc_client_send_error, possibly before this returns.
 */
void rpc_relay_call(RpcRelay *relay, const RpcProcedure *procedure, const RpcPacket *packet);

/* Offers a STREAM or STREAM_HOLE packet of the client. */
RpcRelayVerdict rpc_relay_stream(RpcRelay *relay, const RpcPacket *packet);
