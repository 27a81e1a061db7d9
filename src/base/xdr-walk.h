// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What every walk over a field table needs: where a field's elements are, and how to read and write
 * a pointer whose type only the table knows. For xdr-*.c only.
 *
 * Every walk has the same three layers. A type's fields in order (of a union: the discriminant and
 * the one arm it selects); a field's elements, one or several; one element, by its kind.
 */
#pragma once

#include "base/xdr-table.h"

#include <string.h>

/* How lists and byte strings look in memory, whatever their element. */
typedef struct XdrItems {
    uint32_t len;
    void *items;
} XdrItems;

/* Pointers of any type go through memcpy: an lvalue of type void * may not alias a char *. */
static inline void *xdr_load(const void *from)
{
    void *pointer;

    memcpy(&pointer, from, sizeof pointer);
    return pointer;
}

static inline void xdr_store(void *to, const void *pointer)
{
    memcpy(to, &pointer, sizeof pointer);
}

static inline XdrItems xdr_load_items(const void *from)
{
    XdrItems list = { .items = xdr_load((const char *)from + offsetof(XdrItems, items)) };

    memcpy(&list.len, from, sizeof list.len);
    return list;
}

static inline void xdr_store_items(void *to, XdrItems list)
{
    memcpy(to, &list.len, sizeof list.len);
    xdr_store((char *)to + offsetof(XdrItems, items), list.items);
}

static inline int32_t xdr_load_int(const void *from)
{
    int32_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

/* A union's arms other than the one in use are skipped by every walk. */
static inline bool xdr_is_present(const XdrType *type, const XdrField *field, const void *value)
{
    return !type->is_union || field == type->fields || field->arm == xdr_load_int(value);
}

/* The elements of a field that is inside `value`. */
static inline XdrItems xdr_elements(const XdrField *field, const void *value)
{
    char *at = (char *)value + field->offset;

    if (field->shape == XDR_LIST)
        return xdr_load_items(at);
    return (XdrItems){ .len = field->shape == XDR_ARRAY ? field->count : 1, .items = at };
}

static inline void *xdr_element(const XdrField *field, XdrItems list, uint32_t i)
{
    return (char *)list.items + i * field->size;
}
