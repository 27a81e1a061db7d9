// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Walks over field tables: encode, decode, clear, copy, compare. Printing is in xdr-print.c.
 *
 * Every walk has the same three layers. A type's fields in order (of a union: the discriminant and
 * the one arm it selects); a field's elements, one or several; one element, by its kind. Decoding
 * zeroes the struct first and puts each pointer into it the moment it is allocated, so whatever a
 * failing walk leaves behind is a struct that xdr_clear can free.
 */
#include "base/xdr.h"

#include "base/xdr-table.h"

#include <stdlib.h>
#include <string.h>

/* How lists and byte strings look in memory, whatever their element. */
typedef struct List {
    uint32_t len;
    void *items;
} List;

/* The unread part of the input, and the field at hand for error messages. */
typedef struct Reader {
    const uint8_t *at;
    size_t left;
    const char *where;
} Reader;

/* Pointers of any type go through memcpy: an lvalue of type void * may not alias a char *. */
static void *load(const void *from)
{
    void *pointer;

    memcpy(&pointer, from, sizeof pointer);
    return pointer;
}

static void store(void *to, const void *pointer)
{
    memcpy(to, &pointer, sizeof pointer);
}

static List load_list(const void *from)
{
    List list = { .items = load((const char *)from + offsetof(List, items)) };

    memcpy(&list.len, from, sizeof list.len);
    return list;
}

static void store_list(void *to, List list)
{
    memcpy(to, &list.len, sizeof list.len);
    store((char *)to + offsetof(List, items), list.items);
}

static int32_t load_int(const void *from)
{
    int32_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static size_t padding(size_t len)
{
    return (4 - len % 4) % 4;
}

/* A union's arms other than the one in use are skipped by every walk. */
static bool is_present(const XdrType *type, const XdrField *field, const void *value)
{
    return !type->is_union || field == type->fields || field->arm == load_int(value);
}

static bool union_is_known(const XdrType *type, const void *value)
{
    for (size_t i = 1; i < type->n_fields; i++) {
        if (is_present(type, &type->fields[i], value))
            return true;
    }
    return !type->is_union;
}

/* The elements of a field that is inside `value`. */
static List elements(const XdrField *field, const void *value)
{
    char *at = (char *)value + field->offset;

    if (field->shape == XDR_LIST)
        return load_list(at);
    return (List){ .len = field->shape == XDR_ARRAY ? field->count : 1, .items = at };
}

static void *element(const XdrField *field, List list, uint32_t i)
{
    return (char *)list.items + i * field->size;
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
    List bytes;

    switch (field->kind) {
    case XDR_INT:
    case XDR_UINT:
    case XDR_ENUM:
        return put(out, (uint32_t)load_int(at), 4);
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
        return encode_string(field, load(at), out);
    case XDR_BYTES:
        bytes = load_list(at);
        return put_counted(out, bytes.items, bytes.len, field->limit);
    case XDR_RAW:
        return put_bytes(out, at, field->limit);
    case XDR_STRUCT:
        return encode_fields(field->type, at, out);
    case XDR_STRING_OR_NULL:
    case XDR_STRUCT_OR_NULL:
        return encode_optional(field, load(at), out);
    }
    return XDR_BAD_VALUE;
}

static XdrStatus encode_field(const XdrField *field, const void *value, XdrBuffer *out)
{
    List list = elements(field, value);
    XdrStatus status = XDR_OK;

    if (list.len > 0 && !list.items)
        return XDR_BAD_VALUE;
    if (field->shape == XDR_LIST)
        status = list.len > field->count ? XDR_TOO_LONG : put(out, list.len, 4);
    for (uint32_t i = 0; i < list.len && status == XDR_OK; i++)
        status = encode_element(field, element(field, list, i), out);
    return status;
}

static XdrStatus encode_fields(const XdrType *type, const void *value, XdrBuffer *out)
{
    XdrStatus status = union_is_known(type, value) ? XDR_OK : XDR_BAD_VALUE;

    for (size_t i = 0; i < type->n_fields && status == XDR_OK; i++) {
        if (is_present(type, &type->fields[i], value))
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
static XdrStatus get_counted(Reader *in, uint32_t limit, List *ret_list)
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
    *ret_list = (List){ .len = len, .items = copy };
    return XDR_OK;
}

static XdrStatus decode_string(const XdrField *field, Reader *in, void *at)
{
    List string = { 0 };
    XdrStatus status = get_counted(in, field->limit, &string);

    if (status == XDR_OK)
        store(at, string.items);
    return status;
}

static XdrStatus decode_bytes(const XdrField *field, Reader *in, void *at)
{
    List bytes = { 0 };
    XdrStatus status = get_counted(in, field->limit, &bytes);

    if (status == XDR_OK)
        store_list(at, bytes);
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
    store(at, item);
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
    List list = { 0 };
    XdrStatus status = get_count(in, field->count, field->wire, &list.len);

    if (status != XDR_OK || list.len == 0)
        return status;
    list.items = calloc(list.len, field->size);
    if (!list.items)
        return XDR_NO_MEMORY;
    store_list((char *)value + field->offset, list);
    return XDR_OK;
}

static XdrStatus decode_field(const XdrField *field, Reader *in, void *value)
{
    XdrStatus status = XDR_OK;
    List list;

    in->where = field->name;
    if (field->shape == XDR_LIST)
        status = decode_list(field, in, value);
    list = elements(field, value);
    for (uint32_t i = 0; i < list.len && status == XDR_OK; i++)
        status = decode_element(field, in, element(field, list, i));
    return status;
}

static XdrStatus decode_fields(const XdrType *type, Reader *in, void *value)
{
    XdrStatus status = XDR_OK;

    for (size_t i = 0; i < type->n_fields && status == XDR_OK; i++) {
        if (is_present(type, &type->fields[i], value))
            status = decode_field(&type->fields[i], in, value);
        if (i == 0 && status == XDR_OK && !union_is_known(type, value))
            status = XDR_BAD_VALUE;
    }
    return status;
}

XdrStatus xdr_decode(const XdrType *type, const void *data, size_t size, void *ret_value,
                     size_t *ret_used, const char **ret_where)
{
    Reader in = { .at = data, .left = size };
    XdrStatus status;

    memset(ret_value, 0, type->size);
    status = decode_fields(type, &in, ret_value);
    if (status == XDR_OK && ret_used)
        *ret_used = size - in.left;
    if (status != XDR_OK && ret_where)
        *ret_where = in.where;
    if (status != XDR_OK)
        xdr_clear(type, ret_value);
    return status;
}

/* ---- clear and copy ------------------------------------------------------------------------ */

static void clear_fields(const XdrType *type, void *value);

static void clear_element(const XdrField *field, void *at)
{
    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL)
        free(load(at));
    else if (field->kind == XDR_BYTES)
        free(load_list(at).items);
    else if (field->kind == XDR_STRUCT)
        clear_fields(field->type, at);
    else if (field->kind == XDR_STRUCT_OR_NULL)
        xdr_free(field->type, load(at));
}

static void clear_fields(const XdrType *type, void *value)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];
        List list;

        if (!is_present(type, field, value))
            continue;
        list = elements(field, value);
        for (uint32_t j = 0; list.items && j < list.len; j++)
            clear_element(field, element(field, list, j));
        if (field->shape == XDR_LIST)
            free(list.items);
    }
}

void xdr_clear(const XdrType *type, void *value)
{
    clear_fields(type, value);
    memset(value, 0, type->size);
}

void xdr_free(const XdrType *type, void *value)
{
    if (!value)
        return;
    clear_fields(type, value);
    free(value);
}

/*
 * Copying starts from a byte-wise copy, whose pointers still are the original's, and gives it
 * pointers of its own one after the other. One that cannot be had becomes NULL and the walk goes
 * on, so that the copy owns everything it points to and can be cleared.
 */
static void own_fields(const XdrType *type, void *value, bool *ok);

static void *duplicate(const void *from, size_t size, bool *ok)
{
    void *copy = from ? malloc(size > 0 ? size : 1) : NULL;

    if (from && !copy)
        *ok = false;
    if (copy)
        memcpy(copy, from, size);
    return copy;
}

static void own_element(const XdrField *field, void *at, bool *ok)
{
    void *item;
    List bytes;

    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL) {
        item = load(at);
        store(at, duplicate(item, item ? strlen(item) + 1 : 0, ok));
    } else if (field->kind == XDR_BYTES) {
        bytes = load_list(at);
        bytes.items = duplicate(bytes.items, bytes.len, ok);
        store_list(at, bytes);
    } else if (field->kind == XDR_STRUCT) {
        own_fields(field->type, at, ok);
    } else if (field->kind == XDR_STRUCT_OR_NULL) {
        item = duplicate(load(at), field->type->size, ok);
        store(at, item);
        if (item)
            own_fields(field->type, item, ok);
    }
}

static void own_fields(const XdrType *type, void *value, bool *ok)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];
        List list;

        if (!is_present(type, field, value))
            continue;
        list = elements(field, value);
        if (field->shape == XDR_LIST) {
            list.items = duplicate(list.items, list.len * field->size, ok);
            store_list((char *)value + field->offset, list);
        }
        for (uint32_t j = 0; list.items && j < list.len; j++)
            own_element(field, element(field, list, j), ok);
    }
}

bool xdr_copy(const XdrType *type, const void *from, void *to)
{
    bool ok = true;

    memcpy(to, from, type->size);
    own_fields(type, to, &ok);
    if (!ok)
        xdr_clear(type, to);
    return ok;
}

/* ---- compare and look up ------------------------------------------------------------------- */

static bool strings_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool element_equal(const XdrField *field, const void *a, const void *b)
{
    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL)
        return strings_equal(load(a), load(b));
    if (field->kind == XDR_BYTES) {
        List x = load_list(a), y = load_list(b);

        return x.len == y.len && (x.len == 0 || memcmp(x.items, y.items, x.len) == 0);
    }
    if (field->kind == XDR_STRUCT)
        return xdr_equal(field->type, a, b);
    if (field->kind == XDR_STRUCT_OR_NULL) {
        void *x = load(a), *y = load(b);

        return x && y ? xdr_equal(field->type, x, y) : x == y;
    }
    return memcmp(a, b, field->size) == 0;
}

static bool field_equal(const XdrField *field, const void *a, const void *b)
{
    List x = elements(field, a), y = elements(field, b);

    if (x.len != y.len)
        return false;
    for (uint32_t i = 0; i < x.len; i++) {
        if (!element_equal(field, element(field, x, i), element(field, y, i)))
            return false;
    }
    return true;
}

bool xdr_equal(const XdrType *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (is_present(type, &type->fields[i], a) && !field_equal(&type->fields[i], a, b))
            return false;
    }
    return true;
}

ptrdiff_t xdr_field_offset(const XdrType *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, name) == 0)
            return (ptrdiff_t)type->fields[i].offset;
    }
    return -1;
}

size_t xdr_size(const XdrType *type)
{
    return type->size;
}

const char *xdr_name(const XdrType *type)
{
    return type->name;
}

const char *xdr_status_text(XdrStatus status)
{
    switch (status) {
    case XDR_OK:
        return "no error";
    case XDR_TRUNCATED:
        return "the data end too early";
    case XDR_TOO_LONG:
        return "a length is over its limit";
    case XDR_BAD_VALUE:
        return "a value is not allowed";
    case XDR_NO_MEMORY:
        return "out of memory";
    }
    return "unknown error";
}
