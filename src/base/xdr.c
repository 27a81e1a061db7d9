// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* Clearing, copying and comparing by field tables. Coding is in xdr-code.c, printing in
 * xdr-print.c. */
#include "base/xdr.h"

#include "base/xdr-walk.h"

#include <stdlib.h>
#include <string.h>

/* ---- clear and copy ------------------------------------------------------------------------ */

static void clear_fields(const XdrType *type, void *value);

static void clear_element(const XdrField *field, void *at)
{
    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL)
        free(xdr_load(at));
    else if (field->kind == XDR_BYTES)
        free(xdr_load_items(at).items);
    else if (field->kind == XDR_STRUCT)
        clear_fields(field->type, at);
    else if (field->kind == XDR_STRUCT_OR_NULL)
        xdr_free(field->type, xdr_load(at));
}

static void clear_fields(const XdrType *type, void *value)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];
        XdrItems list;

        if (!xdr_is_present(type, field, value))
            continue;
        list = xdr_elements(field, value);
        for (uint32_t j = 0; list.items && j < list.len; j++)
            clear_element(field, xdr_element(field, list, j));
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
    XdrItems bytes;

    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL) {
        item = xdr_load(at);
        xdr_store(at, duplicate(item, item ? strlen(item) + 1 : 0, ok));
    } else if (field->kind == XDR_BYTES) {
        bytes = xdr_load_items(at);
        bytes.items = duplicate(bytes.items, bytes.len, ok);
        xdr_store_items(at, bytes);
    } else if (field->kind == XDR_STRUCT) {
        own_fields(field->type, at, ok);
    } else if (field->kind == XDR_STRUCT_OR_NULL) {
        item = duplicate(xdr_load(at), field->type->size, ok);
        xdr_store(at, item);
        if (item)
            own_fields(field->type, item, ok);
    }
}

static void own_fields(const XdrType *type, void *value, bool *ok)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];
        XdrItems list;

        if (!xdr_is_present(type, field, value))
            continue;
        list = xdr_elements(field, value);
        if (field->shape == XDR_LIST) {
            list.items = duplicate(list.items, list.len * field->size, ok);
            xdr_store_items((char *)value + field->offset, list);
        }
        for (uint32_t j = 0; list.items && j < list.len; j++)
            own_element(field, xdr_element(field, list, j), ok);
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

/* ---- fill in --------------------------------------------------------------------------------- */

static bool fill_element(const XdrField *field, void *at)
{
    if (field->kind == XDR_STRING && !xdr_load(at)) {
        xdr_store(at, strdup(""));
        return xdr_load(at);
    }
    if (field->kind == XDR_STRUCT)
        return xdr_fill_strings(field->type, at);
    if (field->kind == XDR_STRUCT_OR_NULL && xdr_load(at))
        return xdr_fill_strings(field->type, xdr_load(at));
    return true;
}

bool xdr_fill_strings(const XdrType *type, void *value)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];
        XdrItems list = { 0 };

        if (!xdr_is_present(type, field, value))
            continue;
        list = xdr_elements(field, value);
        for (uint32_t j = 0; j < list.len; j++)
            if (!fill_element(field, xdr_element(field, list, j)))
                return false;
    }
    return true;
}

/* ---- compare and look up ------------------------------------------------------------------- */

static bool strings_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool element_equal(const XdrField *field, const void *a, const void *b)
{
    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL)
        return strings_equal(xdr_load(a), xdr_load(b));
    if (field->kind == XDR_BYTES) {
        XdrItems x = xdr_load_items(a), y = xdr_load_items(b);

        return x.len == y.len && (x.len == 0 || memcmp(x.items, y.items, x.len) == 0);
    }
    if (field->kind == XDR_STRUCT)
        return xdr_equal(field->type, a, b);
    if (field->kind == XDR_STRUCT_OR_NULL) {
        void *x = xdr_load(a), *y = xdr_load(b);

        return x && y ? xdr_equal(field->type, x, y) : x == y;
    }
    return memcmp(a, b, field->size) == 0;
}

static bool field_equal(const XdrField *field, const void *a, const void *b)
{
    XdrItems x = xdr_elements(field, a), y = xdr_elements(field, b);

    if (x.len != y.len)
        return false;
    for (uint32_t i = 0; i < x.len; i++) {
        if (!element_equal(field, xdr_element(field, x, i), xdr_element(field, y, i)))
            return false;
    }
    return true;
}

bool xdr_equal(const XdrType *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (xdr_is_present(type, &type->fields[i], a) && !field_equal(&type->fields[i], a, b))
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
