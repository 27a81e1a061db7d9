// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * One packet as it travels:
 *
 *     length  prog  vers  proc  type  serial  status | [number of descriptors] payload | 0 0 ...
 *     `------------ seven words, big-endian ---------'                                   `- one
 * byte per descriptor, outside length
 *
 * The length counts itself. Each descriptor follows the packet on a byte of its own, sent by a
 * sendmsg of its own.
 */
#pragma once

#include "base/xdr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define RPC_LENGTH_SIZE 4u
#define RPC_HEADER_SIZE 28u               /* the length word included */
#define RPC_PACKET_MAX ((32u << 20) + 4u) /* likewise */
#define RPC_FDS_MAX 32u
#define RPC_STREAM_CHUNK 262120u /* most data in one stream packet */

#define RPC_PROGRAM_KEEPALIVE 0x6b656570u

typedef enum RpcType {
    RPC_TYPE_CALL,
    RPC_TYPE_REPLY,
    RPC_TYPE_MESSAGE,
    RPC_TYPE_STREAM,
    RPC_TYPE_CALL_WITH_FDS,
    RPC_TYPE_REPLY_WITH_FDS,
    RPC_TYPE_STREAM_HOLE,
} RpcType;

typedef enum RpcStatus { RPC_STATUS_OK, RPC_STATUS_ERROR, RPC_STATUS_CONTINUE } RpcStatus;

typedef struct RpcHeader {
    uint32_t program;
    uint32_t version;
    int32_t procedure;
    int32_t type; /* RpcType, but it comes from the peer */
    uint32_t serial;
    int32_t status; /* RpcStatus, likewise */
} RpcHeader;

/* A packet that arrived. Everything in it is borrowed from the channel it came by. */
typedef struct RpcPacket {
    RpcHeader header;
    const uint8_t *bytes; /* the whole packet from its length word on */
    size_t size;
    const uint8_t *payload; /* behind the header and the number of descriptors */
    size_t payload_size;
    int *fds; /* one that is taken is set to -1; the rest is closed */
    size_t n_fds;
} RpcPacket;

void rpc_header_write(uint8_t *at, size_t packet_size, const RpcHeader *header);
void rpc_header_read(const uint8_t *at, RpcHeader *ret_header);

uint32_t rpc_word_read(const uint8_t *at);
void rpc_word_write(uint8_t *at, uint32_t word);

/* A packet with `type` (NULL: void) encoded from `value`; `out` starts zeroed. The number of
 * descriptors goes in when the header's type says so. */
XdrStatus rpc_packet_build(XdrBuffer *out, const RpcHeader *header, uint32_t n_fds,
                           const XdrType *type, const void *value);
