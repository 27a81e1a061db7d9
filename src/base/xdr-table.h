// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The field tables that xdrgen.py writes and xdr.c walks. Nobody else includes this.
 *
 * A field is a shape over elements of one kind: one element, exactly `count` of them, or a counted
 * list of up to `count`. A struct's fields stand in wire order. A union's first field is its
 * discriminant; the others are its arms, of which the one whose `arm` equals it is present.
 *
 * A type is complete before another may use it, so no type contains itself and the depth of every
 * walk is fixed when the tables are made.
 */
#pragma once

#include "base/xdr.h"

typedef enum XdrKind {
    XDR_INT,            /* int32_t */
    XDR_UINT,           /* uint32_t */
    XDR_HYPER,          /* int64_t */
    XDR_UHYPER,         /* uint64_t */
    XDR_DOUBLE,         /* double */
    XDR_BOOL,           /* bool */
    XDR_CHAR,           /* int8_t, one word on the wire */
    XDR_UCHAR,          /* uint8_t, one word on the wire */
    XDR_USHORT,         /* uint16_t, one word on the wire */
    XDR_ENUM,           /* a C enum, int32_t on the wire; unknown values pass */
    XDR_STRING,         /* char *, at most `limit` bytes */
    XDR_STRING_OR_NULL, /* the same behind an optional word */
    XDR_BYTES,          /* struct { uint32_t len; uint8_t *data; }, at most `limit` */
    XDR_RAW,            /* uint8_t[limit] */
    XDR_STRUCT,         /* a struct or union of type `type` */
    XDR_STRUCT_OR_NULL, /* a pointer to one, behind an optional word */
} XdrKind;

typedef enum XdrShape {
    XDR_ONE,
    XDR_ARRAY, /* T items[count] */
    XDR_LIST,  /* struct { uint32_t len; T *items; }, at most `count` */
} XdrShape;

typedef struct XdrEnumName {
    const char *name; /* NULL ends the list */
    int32_t value;
} XdrEnumName;

typedef struct XdrField {
    const char *name;
    const XdrType *type;      /* of the struct kinds */
    const XdrEnumName *names; /* of XDR_ENUM */
    size_t offset;
    size_t size;   /* of one element in memory */
    uint32_t wire; /* least size of one element on the wire; never 0 in a list */
    uint32_t count;
    uint32_t limit;
    int32_t arm; /* the case of a union's arm */
    XdrKind kind;
    XdrShape shape;
} XdrField;

struct XdrType {
    const char *name; /* as the .x file has it */
    const XdrField *fields;
    size_t n_fields;
    size_t size;
    bool is_union;
};
