// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* clang-format off */
/*
 * XDR (RFC 4506) by field tables.
 *
 * Every message that leaves a process here, libvirt's RPC, the Plan, the talk between daemon and
 * controller, is written down once in a .x file. xdrgen.py turns that into C structs and, for each
 * struct, an XdrType: a table of its fields. One loop over such a table encodes, one decodes, one
 * frees, one compares and one prints; nobody writes a coder by hand.
 *
 * How a declaration looks in C (for a struct foo_bar the C type is FooBar, its table foo_bar_xdr):
 *
 *     int, unsigned int, hyper, unsigned hyper   int32_t, uint32_t, int64_t, uint64_t
 *     double                                     double
 *     bool                                       bool (one word on the wire)
 *     enum foo_kind                              FooKind (int32_t on the wire)
 *     char, unsigned char, unsigned short        int8_t, uint8_t, uint16_t (one word each)
 *     string s<N>                                char *s (never NULL once decoded)
 *     string *s                                  char *s (NULL when absent)
 *     opaque data[16]                            uint8_t data[16]
 *     opaque data<N>                             struct { uint32_t len; uint8_t *data; }
 *     T items<N>                                 struct { uint32_t len; T *items; }
 *     T items[N]                                 T items[N]
 *     T *item                                    T *item (NULL when absent)
 *     union switch (int type) { case 1: ... }    struct { int32_t type; union {...} value; }
 *
 * Uses libc only: the resident monitor links it. Decoding checks every length against the table
 * and against what is left of the input before it takes memory, so memory is bounded by the input.
 */
/* clang-format on */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct XdrType XdrType;

/* A growing buffer; zero it to start. `failed` stays set once memory or a limit ran out. */
typedef struct XdrBuffer {
    uint8_t *data;
    size_t len;
    size_t allocated;
    bool failed;
} XdrBuffer;

void xdr_buffer_clear(XdrBuffer *buffer);

/* Why coding failed; the texts are for logs and error replies. */
typedef enum XdrStatus {
    XDR_OK,
    XDR_TRUNCATED, /* input ends inside a value */
    XDR_TOO_LONG,  /* a string, byte string or array is over the declared limit */
    XDR_BAD_VALUE, /* an optional or bool word that is neither 0 nor 1, an unknown union arm */
    XDR_NO_MEMORY,
} XdrStatus;

const char *xdr_status_text(XdrStatus status);

/* Appends the encoding of *value to `out`. A NULL string where one is required is XDR_BAD_VALUE. */
XdrStatus xdr_encode(const XdrType *type, const void *value, XdrBuffer *out);

/* Where decoding ended. */
typedef struct XdrEnd {
    size_t used;       /* bytes consumed */
    const char *field; /* the last one looked at: on failure, the one that is wrong */
} XdrEnd;

/*
 * Decodes `type` from the start of `data` into *ret_value (type->size bytes, contents ignored
 * before). Surplus input is not an error. On failure *ret_value holds nothing to free. `ret_end`
 * may be NULL.
 */
XdrStatus xdr_decode(const XdrType *type, const void *data, size_t size, void *ret_value,
                     XdrEnd *ret_end);

/* Frees what *value owns and zeroes it; not the struct itself. */
void xdr_clear(const XdrType *type, void *value);

/* Frees what *value owns and the struct itself, which came from calloc. NULL is fine. */
void xdr_free(const XdrType *type, void *value);

/* Makes every string that is required and NULL the empty one. False when memory runs out. */
bool xdr_fill_strings(const XdrType *type, void *value);

/* Copies *from into *to by value, deeply. False when memory runs out. */
bool xdr_copy(const XdrType *type, const void *from, void *to);

bool xdr_equal(const XdrType *type, const void *a, const void *b);

/* Prints `field: value` lines, indented by two spaces per level from `indent`. */
void xdr_print(const XdrType *type, const void *value, int indent, FILE *out);
/* The same without the fields that are zero or empty, but for the first of each struct. */
void xdr_print_brief(const XdrType *type, const void *value, int indent, FILE *out);

/* The offset of the struct's own field called `name`, or -1. */
ptrdiff_t xdr_field_offset(const XdrType *type, const char *name);

size_t xdr_size(const XdrType *type);
const char *xdr_name(const XdrType *type);
