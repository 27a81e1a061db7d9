// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Encoding and decoding by field tables.
 *
 * Decoding zeroes the struct first and puts each pointer into it the moment it is allocated, so
 * whatever a failing walk leaves behind is a struct that xdr_clear can free.
 */
#include "base/xdr.h"

#include "base/xdr-walk.h"

#include <stdlib.h>
#include <string.h>

/* The unread part of the input, and the field at hand for error messages. */
typedef struct Reader {
    const uint8_t *at;
    size_t left;
    const char *where;
} Reader;

static size_t padding(size_t len)
{
    return (4 - len % 4) % 4;
}

static bool union_is_known(const XdrType *type, const void *value)
{
    for (size_t i = 1; i < type->n_fields; i++) {
        if (xdr_is_present(type, &type->fields[i], value))
            return true;
    }
    return !type->is_union;
}

/* ---- the buffer ---------------------------------------------------------------------------- */

void xdr_buffer_clear(XdrBuffer *buffer)
{
    free(buffer->data);
    *buffer = (XdrBuffer){ 0 };
}

static uint8_t *buffer_grow(XdrBuffer *buffer, size_t size)
{
    size_t wanted;
    uint8_t *data;

    if (buffer->failed)
        return NULL;
    if (size > buffer->allocated - buffer->len) {
        wanted = buffer->len + size + buffer->len / 2 + 64;
        data = realloc(buffer->data, wanted);
        if (!data) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->allocated = wanted;
    }
    buffer->len += size;
    return buffer->data + buffer->len - size;
}

/* Appends the low `size` bytes of `word`, most significant first. */
static XdrStatus put(XdrBuffer *out, uint64_t word, int size)
{
    uint8_t *at = buffer_grow(out, (size_t)size);

    if (!at)
        return XDR_NO_MEMORY;
    for (int i = size; i-- > 0; word >>= 8)
        at[i] = (uint8_t)word;
    return XDR_OK;
}

static XdrStatus put_bytes(XdrBuffer *out, const void *data, size_t len)
{
    uint8_t *at = buffer_grow(out, len + padding(len));

    if (!at)
        return XDR_NO_MEMORY;
    if (len > 0)
        memcpy(at, data, len);
    memset(at + len, 0, padding(len));
    return XDR_OK;
}

static XdrStatus put_counted(XdrBuffer *out, const void *data, size_t len, uint32_t limit)
{
    XdrStatus status;

    if (!data && len > 0)
        return XDR_BAD_VALUE;
    if (len > limit)
        return XDR_TOO_LONG;
    status = put(out, len, 4);
    return status == XDR_OK ? put_bytes(out, data, len) : status;
}

/* ---- encode -------------------------------------------------------------------------------- */

static XdrStatus encode_fields(const XdrType *type, const void *value, XdrBuffer *out);

static XdrStatus encode_string(const XdrField *field, const char *string, XdrBuffer *out)
{
    if (!string)
        return XDR_BAD_VALUE;
    return put_counted(out, string, strlen(string), field->limit);
}

/* The word that says whether an optional value follows. */
static XdrStatus encode_optional(const XdrField *field, const void *pointer, XdrBuffer *out)
{
    XdrStatus status = put(out, pointer != NULL, 4);

    if (status != XDR_OK || !pointer)
        return status;
    if (field->kind == XDR_STRING_OR_NULL)
        return encode_string(field, pointer, out);
    return encode_fields(field->type, pointer, out);
}

static XdrStatus encode_element(const XdrField *field, const void *at, XdrBuffer *out)
{
    uint64_t wide;
    XdrItems bytes;

    switch (field->kind) {
    case XDR_INT:
    case XDR_UINT:
    case XDR_ENUM:
        return put(out, (uint32_t)xdr_load_int(at), 4);
    case XDR_HYPER:
    case XDR_UHYPER:
    case XDR_DOUBLE:
        memcpy(&wide, at, sizeof wide);
        return put(out, wide, 8);
    case XDR_BOOL:
        return put(out, *(const bool *)at, 4);
    case XDR_CHAR:
        return put(out, (uint32_t) * (const int8_t *)at, 4);
    case XDR_UCHAR:
        return put(out, *(const uint8_t *)at, 4);
    case XDR_USHORT:
        return put(out, *(const uint16_t *)at, 4);
    case XDR_STRING:
        return encode_string(field, xdr_load(at), out);
    case XDR_BYTES:
        bytes = xdr_load_items(at);
        return put_counted(out, bytes.items, bytes.len, field->limit);
    case XDR_RAW:
        return put_bytes(out, at, field->limit);
    case XDR_STRUCT:
        return encode_fields(field->type, at, out);
    case XDR_STRING_OR_NULL:
    case XDR_STRUCT_OR_NULL:
        return encode_optional(field, xdr_load(at), out);
    }
    return XDR_BAD_VALUE;
}

static XdrStatus encode_field(const XdrField *field, const void *value, XdrBuffer *out)
{
    XdrItems list = xdr_elements(field, value);
    XdrStatus status = XDR_OK;

    if (list.len > 0 && !list.items)
        return XDR_BAD_VALUE;
    if (field->shape == XDR_LIST)
        status = list.len > field->count ? XDR_TOO_LONG : put(out, list.len, 4);
    for (uint32_t i = 0; i < list.len && status == XDR_OK; i++)
        status = encode_element(field, xdr_element(field, list, i), out);
    return status;
}

static XdrStatus encode_fields(const XdrType *type, const void *value, XdrBuffer *out)
{
    XdrStatus status = union_is_known(type, value) ? XDR_OK : XDR_BAD_VALUE;

    for (size_t i = 0; i < type->n_fields && status == XDR_OK; i++) {
        if (xdr_is_present(type, &type->fields[i], value))
            status = encode_field(&type->fields[i], value, out);
    }
    return status;
}

XdrStatus xdr_encode(const XdrType *type, const void *value, XdrBuffer *out)
{
    size_t before = out->len;
    XdrStatus status = encode_fields(type, value, out);

    if (status != XDR_OK)
        out->len = before;
    return status;
}

/* ---- decode -------------------------------------------------------------------------------- */

static XdrStatus decode_fields(const XdrType *type, Reader *in, void *value);

/* Reads `size` bytes, most significant first. */
static XdrStatus get(Reader *in, int size, uint64_t *ret_word)
{
    uint64_t word = 0;

    if (in->left < (size_t)size)
        return XDR_TRUNCATED;
    for (int i = 0; i < size; i++)
        word = word << 8 | in->at[i];
    in->at += size;
    in->left -= (size_t)size;
    *ret_word = word;
    return XDR_OK;
}

/* Takes `len` bytes and their padding. The padding's contents do not matter. */
static XdrStatus take(Reader *in, size_t len, const uint8_t **ret_bytes)
{
    size_t padded = len + padding(len);

    if (in->left < padded)
        return XDR_TRUNCATED;
    *ret_bytes = in->at;
    in->at += padded;
    in->left -= padded;
    return XDR_OK;
}

/* Reads a count; what it announces fits both the limit and the input, `wire` bytes for each. */
static XdrStatus get_count(Reader *in, uint32_t limit, uint32_t wire, uint32_t *ret_count)
{
    uint64_t count;
    XdrStatus status = get(in, 4, &count);

    if (status != XDR_OK)
        return status;
    if (count > limit)
        return XDR_TOO_LONG;
    if (count > in->left / wire)
        return XDR_TRUNCATED;
    *ret_count = (uint32_t)count;
    return XDR_OK;
}

/* Reads counted bytes into memory of their own, with a NUL after them. */
static XdrStatus get_counted(Reader *in, uint32_t limit, XdrItems *ret_list)
{
    const uint8_t *bytes = NULL;
    uint32_t len = 0;
    XdrStatus status = get_count(in, limit, 1, &len);
    char *copy;

    if (status == XDR_OK)
        status = take(in, len, &bytes);
    if (status != XDR_OK)
        return status;
    copy = malloc((size_t)len + 1);
    if (!copy)
        return XDR_NO_MEMORY;
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    *ret_list = (XdrItems){ .len = len, .items = copy };
    return XDR_OK;
}

static XdrStatus decode_string(const XdrField *field, Reader *in, void *at)
{
    XdrItems string = { 0 };
    XdrStatus status = get_counted(in, field->limit, &string);

    if (status == XDR_OK)
        xdr_store(at, string.items);
    return status;
}

static XdrStatus decode_bytes(const XdrField *field, Reader *in, void *at)
{
    XdrItems bytes = { 0 };
    XdrStatus status = get_counted(in, field->limit, &bytes);

    if (status == XDR_OK)
        xdr_store_items(at, bytes);
    return status;
}

static XdrStatus decode_flag(Reader *in, bool *ret_flag)
{
    uint64_t word = 0;
    XdrStatus status = get(in, 4, &word);

    if (status != XDR_OK)
        return status;
    if (word > 1)
        return XDR_BAD_VALUE;
    *ret_flag = word == 1;
    return XDR_OK;
}

static XdrStatus decode_optional(const XdrField *field, Reader *in, void *at)
{
    bool present = false;
    XdrStatus status = decode_flag(in, &present);
    void *item;

    if (status != XDR_OK || !present)
        return status;
    if (field->kind == XDR_STRING_OR_NULL)
        return decode_string(field, in, at);
    item = calloc(1, field->type->size);
    if (!item)
        return XDR_NO_MEMORY;
    xdr_store(at, item);
    return decode_fields(field->type, in, item);
}

/* Scalars of one or two words; the narrow ones keep the word's low bits. */
static XdrStatus decode_scalar(const XdrField *field, Reader *in, void *at)
{
    bool wide = field->kind == XDR_HYPER || field->kind == XDR_UHYPER || field->kind == XDR_DOUBLE;
    uint64_t word = 0;
    uint32_t low;
    XdrStatus status = get(in, wide ? 8 : 4, &word);

    if (status != XDR_OK)
        return status;
    low = (uint32_t)word;
    if (wide)
        memcpy(at, &word, sizeof word);
    else if (field->size == 4)
        memcpy(at, &low, sizeof low);
    else if (field->kind == XDR_USHORT)
        *(uint16_t *)at = (uint16_t)low;
    else
        *(uint8_t *)at = (uint8_t)low;
    return XDR_OK;
}

static XdrStatus decode_element(const XdrField *field, Reader *in, void *at)
{
    const uint8_t *bytes = NULL;
    XdrStatus status;

    switch (field->kind) {
    case XDR_INT:
    case XDR_UINT:
    case XDR_HYPER:
    case XDR_UHYPER:
    case XDR_DOUBLE:
    case XDR_CHAR:
    case XDR_UCHAR:
    case XDR_USHORT:
    case XDR_ENUM:
        return decode_scalar(field, in, at);
    case XDR_BOOL:
        return decode_flag(in, at);
    case XDR_STRING:
        return decode_string(field, in, at);
    case XDR_BYTES:
        return decode_bytes(field, in, at);
    case XDR_RAW:
        status = take(in, field->limit, &bytes);
        if (status == XDR_OK)
            memcpy(at, bytes, field->limit);
        return status;
    case XDR_STRUCT:
        return decode_fields(field->type, in, at);
    case XDR_STRING_OR_NULL:
    case XDR_STRUCT_OR_NULL:
        return decode_optional(field, in, at);
    }
    return XDR_BAD_VALUE;
}

/* Makes room for a list's elements and puts it in place, so that xdr_clear finds it. */
static XdrStatus decode_list(const XdrField *field, Reader *in, void *value)
{
    XdrItems list = { 0 };
    XdrStatus status = get_count(in, field->count, field->wire, &list.len);

    if (status != XDR_OK || list.len == 0)
        return status;
    list.items = calloc(list.len, field->size);
    if (!list.items)
        return XDR_NO_MEMORY;
    xdr_store_items((char *)value + field->offset, list);
    return XDR_OK;
}

static XdrStatus decode_field(const XdrField *field, Reader *in, void *value)
{
    XdrStatus status = XDR_OK;
    XdrItems list;

    in->where = field->name;
    if (field->shape == XDR_LIST)
        status = decode_list(field, in, value);
    list = xdr_elements(field, value);
    for (uint32_t i = 0; i < list.len && status == XDR_OK; i++)
        status = decode_element(field, in, xdr_element(field, list, i));
    return status;
}

static XdrStatus decode_fields(const XdrType *type, Reader *in, void *value)
{
    XdrStatus status = XDR_OK;

    for (size_t i = 0; i < type->n_fields && status == XDR_OK; i++) {
        if (xdr_is_present(type, &type->fields[i], value))
            status = decode_field(&type->fields[i], in, value);
        if (i == 0 && status == XDR_OK && !union_is_known(type, value))
            status = XDR_BAD_VALUE;
    }
    return status;
}

XdrStatus xdr_decode(const XdrType *type, const void *data, size_t size, void *ret_value,
                     XdrEnd *ret_end)
{
    Reader in = { .at = data, .left = size, .where = "" };
    XdrStatus status;

    memset(ret_value, 0, type->size);
    status = decode_fields(type, &in, ret_value);
    if (ret_end)
        *ret_end = (XdrEnd){ .used = size - in.left, .field = in.where };
    if (status != XDR_OK)
        xdr_clear(type, ret_value);
    return status;
}
