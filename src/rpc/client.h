// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One connection to the server, as the parts of this folder see it: its channel, who is at the
 * other end, the calls that are being worked on and the streams that are open. What drivers may
 * know of it is in server.h.
 *
 * The request window: a call takes a slot when it is dispatched and gives it back when its reply is
 * on the socket. While no slot is free the next call stays where it is, and with it everything
 * behind it on that socket. Pings, stream packets and events take no slots.
 */
#pragma once

#include "rpc/call.h"
#include "rpc/channel.h"
#include "rpc/keepalive.h"
#include "rpc/server.h"

typedef struct RpcRelay RpcRelay;

struct RpcClient {
    RpcServer *server;
    RpcChannel *channel;
    GList link;  /* in server->clients */
    uint64_t id; /* 1, 2, ... */

    uid_t uid; /* from the socket */
    gid_t gid;
    pid_t pid;
    uint64_t start_time; /* of pid, in clock ticks since boot; 0: not known */
    RpcAuth auth;
    bool authenticated;
    int64_t born; /* monotonic time */
    bool socket_readonly;
    bool readonly;                                 /* what relayed connections are opened with */
    struct RemoteConnectSetIdentityArgs *identity; /* NULL: its own */
    bool closing;                                  /* no further call is taken */

    unsigned requests;  /* slots in use */
    size_t event_bytes; /* events that wait for the socket */
    GQueue calls;       /* of RpcCall, through its link */
    GQueue streams;     /* of RpcStream, through its link */
    RpcKeepalive keepalive;
    RpcRelay *relay; /* connections to other daemons; NULL until the first relayed call */
    void *data;      /* the driver's */
};

/* `fd` is owned from here on. NULL with errno when it cannot be watched. */
RpcClient *rpc_client_new(RpcServer *server, int fd, bool readonly, RpcAuth auth);
void rpc_client_free(RpcClient *client);

/* Ends the connection, from the loop. */
void rpc_client_disconnect(RpcClient *client, const char *why);

void rpc_client_set_authenticated(RpcClient *client);

/* A slot of the window. Giving one back lets a held call continue. */
void rpc_client_begin_request(RpcClient *client);
void rpc_client_end_request(RpcClient *client);

/*
 * Sends the reply to a call that holds a slot, a whole packet, and gives the slot back once it is
 * on the socket. `fds` are borrowed.
 */
void rpc_client_send_reply(RpcClient *client, const uint8_t *bytes, size_t size, const int *fds,
                           size_t n_fds);

/* Sends a reply of type REPLY, status ERROR; gives the slot back. `err` is borrowed. */
void rpc_client_send_error(RpcClient *client, const RpcHeader *call, const GError *err);

/* Sends a whole packet that answers no call: an event. Bounded, see rpc_client_send_event. */
void rpc_client_send_message(RpcClient *client, const uint8_t *bytes, size_t size);

/*
 * Sends a whole stream packet. True: it is on the socket; false: `sent` will say when. A source
 * is not to send its next one before.
 */
bool rpc_client_send_stream(RpcClient *client, const RpcOutgoing *packet);
