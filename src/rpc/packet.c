// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See packet.h for the layout. */
#include "rpc/packet.h"

#include <stdlib.h>
#include <string.h>

uint32_t rpc_word_read(const uint8_t *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return GUINT32_FROM_BE(word);
}

void rpc_word_write(uint8_t *at, uint32_t word)
{
    word = GUINT32_TO_BE(word);
    memcpy(at, &word, sizeof word);
}

void rpc_header_write(uint8_t *at, size_t packet_size, const RpcHeader *header)
{
    rpc_word_write(at, (uint32_t)packet_size);
    rpc_word_write(at + 4, header->program);
    rpc_word_write(at + 8, header->version);
    rpc_word_write(at + 12, (uint32_t)header->procedure);
    rpc_word_write(at + 16, (uint32_t)header->type);
    rpc_word_write(at + 20, header->serial);
    rpc_word_write(at + 24, (uint32_t)header->status);
}

void rpc_header_read(const uint8_t *at, RpcHeader *ret_header)
{
    *ret_header = (RpcHeader){
        .program = rpc_word_read(at + 4),
        .version = rpc_word_read(at + 8),
        .procedure = (int32_t)rpc_word_read(at + 12),
        .type = (int32_t)rpc_word_read(at + 16),
        .serial = rpc_word_read(at + 20),
        .status = (int32_t)rpc_word_read(at + 24),
    };
}

XdrStatus rpc_packet_build(XdrBuffer *out, const RpcHeader *header, uint32_t n_fds,
                           const XdrType *type, const void *value)
{
    bool with_fds =
        header->type == RPC_TYPE_CALL_WITH_FDS || header->type == RPC_TYPE_REPLY_WITH_FDS;
    XdrStatus status;

    out->allocated = 256; /* most packets fit */
    out->data = malloc(out->allocated);
    if (!out->data)
        return XDR_NO_MEMORY;
    out->len = RPC_HEADER_SIZE;
    if (with_fds) {
        rpc_word_write(out->data + out->len, n_fds);
        out->len += 4;
    }
    status = type ? xdr_encode(type, value, out) : XDR_OK;
    if (status == XDR_OK && out->len > RPC_PACKET_MAX)
        status = XDR_TOO_LONG;
    if (status == XDR_OK)
        rpc_header_write(out->data, out->len, header);
    return status;
}
