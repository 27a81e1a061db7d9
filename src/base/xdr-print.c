// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Prints a struct by its field table, for logs, for tests and for `virt-lxc plan`.
 *
 * One `field: value` a line; a struct's fields are indented below its name, a list of structs has a
 * dash before each, and a list of anything else stays on the line in brackets. Text is quoted, with
 * C escapes; bytes are hexadecimal; an absent optional is null.
 *
 *     name: "bb"
 *     mounts:
 *       - kind: PLAN_MOUNT_HOST
 *         source: "/srv/bb"
 *     argv: ["/bin/sh", "-l"]
 */
#include "base/xdr.h"

#include "base/xdr-walk.h"

#include <inttypes.h>
#include <string.h>

/* One element of any kind but a struct or raw bytes; which member follows from the kind. */
typedef union Value {
    int32_t i;
    uint32_t u;
    int64_t h;
    uint64_t uh;
    double d;
    bool b;
    int8_t c;
    uint8_t uc;
    uint16_t us;
    const char *string;
    const void *item;
    struct {
        uint32_t len;
        const uint8_t *data;
    } bytes;
} Value;

static Value load(const XdrField *field, const void *at)
{
    Value value = { 0 };

    memcpy(&value, at, field->size < sizeof value ? field->size : sizeof value);
    return value;
}

/* ---- scalars ------------------------------------------------------------------------------- */

static void print_character(char c, FILE *out)
{
    switch (c) {
    case '"':
    case '\\':
        fprintf(out, "\\%c", c);
        break;
    case '\n':
        fputs("\\n", out);
        break;
    case '\t':
        fputs("\\t", out);
        break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7f)
            fprintf(out, "\\%03o", (unsigned)(unsigned char)c);
        else
            fputc(c, out);
    }
}

static void print_string(const char *string, FILE *out)
{
    if (!string) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (; *string; string++)
        print_character(*string, out);
    fputc('"', out);
}

static void print_bytes(const uint8_t *bytes, size_t len, FILE *out)
{
    if (len == 0)
        fputs("\"\"", out);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
}

static void print_enum(const XdrField *field, int32_t value, FILE *out)
{
    const XdrEnumName *name = field->names;

    while (name->name && name->value != value)
        name++;
    if (name->name)
        fputs(name->name, out);
    else
        fprintf(out, "%" PRId32, value);
}

static void print_number(const XdrField *field, Value value, FILE *out)
{
    int64_t number = field->kind == XDR_INT     ? value.i
                     : field->kind == XDR_UINT  ? value.u
                     : field->kind == XDR_HYPER ? value.h
                     : field->kind == XDR_CHAR  ? value.c
                     : field->kind == XDR_UCHAR ? value.uc
                                                : value.us;

    fprintf(out, "%" PRId64, number);
}

/* Everything but structs. */
static void print_scalar(const XdrField *field, const void *at, FILE *out)
{
    Value value = load(field, at);

    switch (field->kind) {
    case XDR_INT:
    case XDR_UINT:
    case XDR_HYPER:
    case XDR_CHAR:
    case XDR_UCHAR:
    case XDR_USHORT:
        print_number(field, value, out);
        break;
    case XDR_UHYPER:
        fprintf(out, "%" PRIu64, value.uh);
        break;
    case XDR_DOUBLE:
        fprintf(out, "%.17g", value.d);
        break;
    case XDR_BOOL:
        fputs(value.b ? "true" : "false", out);
        break;
    case XDR_ENUM:
        print_enum(field, value.i, out);
        break;
    case XDR_STRING:
    case XDR_STRING_OR_NULL:
        print_string(value.string, out);
        break;
    case XDR_BYTES:
        print_bytes(value.bytes.data, value.bytes.len, out);
        break;
    case XDR_RAW:
        print_bytes(at, field->limit, out);
        break;
    case XDR_STRUCT:
    case XDR_STRUCT_OR_NULL:
        break;
    }
}

/* ---- structs and lists --------------------------------------------------------------------- */

/* Where a line begins, and whether blank fields are left out. */
typedef struct Layout {
    int indent;
    bool dashed; /* the first line gets a dash in the two columns before it */
    bool brief;
} Layout;

static void print_struct(const XdrType *type, const void *value, Layout layout, FILE *out);

static Layout deeper(Layout layout, int steps, bool dashed)
{
    return (Layout){ layout.indent + steps, dashed, layout.brief };
}

static bool is_struct(const XdrField *field)
{
    return field->kind == XDR_STRUCT || field->kind == XDR_STRUCT_OR_NULL;
}

/* The struct an element is or points to; NULL when it is absent. */
static const void *struct_at(const XdrField *field, const void *at)
{
    return field->kind == XDR_STRUCT ? at : load(field, at).item;
}

static void print_one(const XdrField *field, const void *at, Layout layout, FILE *out)
{
    const void *item;

    if (!is_struct(field)) {
        fputc(' ', out);
        print_scalar(field, at, out);
        fputc('\n', out);
        return;
    }
    item = struct_at(field, at);
    fputs(item ? "\n" : " null\n", out);
    if (item)
        print_struct(field->type, item, deeper(layout, 1, false), out);
}

static void print_structs(const XdrField *field, const char *items, uint32_t len, Layout layout,
                          FILE *out)
{
    fputc('\n', out);
    for (uint32_t i = 0; i < len; i++) {
        const void *item = struct_at(field, items + i * field->size);

        if (item)
            print_struct(field->type, item, deeper(layout, 2, true), out);
        else
            fprintf(out, "%*s- null\n", 2 * (layout.indent + 1), "");
    }
}

/* Characters are most often text, with its NUL where there is one. */
static void print_text(const int8_t *characters, uint32_t len, FILE *out)
{
    fputs(" \"", out);
    for (uint32_t i = 0; i < len; i++)
        print_character((char)characters[i], out);
    fputs("\"\n", out);
}

static void print_several(const XdrField *field, const char *items, uint32_t len, Layout layout,
                          FILE *out)
{
    if (field->kind == XDR_CHAR) {
        print_text((const int8_t *)items, len, out);
        return;
    }
    if (is_struct(field) && len > 0) {
        print_structs(field, items, len, layout, out);
        return;
    }
    fputs(" [", out);
    for (uint32_t i = 0; i < len; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_scalar(field, items + i * field->size, out);
    }
    fputs("]\n", out);
}

static void print_field(const XdrField *field, const char *at, Layout layout, FILE *out)
{
    struct {
        uint32_t len;
        const void *items;
    } list;

    switch (field->shape) {
    case XDR_ONE:
        print_one(field, at, layout, out);
        break;
    case XDR_ARRAY:
        print_several(field, at, field->count, layout, out);
        break;
    case XDR_LIST:
        memcpy(&list, at, sizeof list);
        print_several(field, list.items, list.len, layout, out);
        break;
    }
}

/* ---- what says nothing ------------------------------------------------------------------------
 */

static bool is_blank(const XdrType *type, const void *value);

static bool is_blank_element(const XdrField *field, const void *at)
{
    const char *bytes = at;

    if (field->kind == XDR_STRING || field->kind == XDR_STRING_OR_NULL) {
        const char *string = xdr_load(at);
        return !string || !*string;
    }
    if (field->kind == XDR_BYTES)
        return xdr_load_items(at).len == 0;
    if (is_struct(field)) {
        const void *item = struct_at(field, at);
        return !item || is_blank(field->type, item);
    }
    for (size_t i = 0; i < field->size; i++)
        if (bytes[i])
            return false;
    return true;
}

static bool is_blank_field(const XdrField *field, const void *value)
{
    XdrItems list = xdr_elements(field, value);

    if (field->shape == XDR_LIST)
        return list.len == 0;
    for (uint32_t i = 0; i < list.len; i++)
        if (!is_blank_element(field, xdr_element(field, list, i)))
            return false;
    return true;
}

static bool is_blank(const XdrType *type, const void *value)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (xdr_is_present(type, &type->fields[i], value) &&
            !is_blank_field(&type->fields[i], value))
            return false;
    return true;
}

/* The first field says what a struct is about, so it is never left out. */
static void print_struct(const XdrType *type, const void *value, Layout layout, FILE *out)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const XdrField *field = &type->fields[i];

        if (!xdr_is_present(type, field, value) ||
            (layout.brief && i > 0 && is_blank_field(field, value)))
            continue;
        if (layout.dashed && i == 0)
            fprintf(out, "%*s- %s:", 2 * (layout.indent - 1), "", field->name);
        else
            fprintf(out, "%*s%s:", 2 * layout.indent, "", field->name);
        print_field(field, (const char *)value + field->offset, layout, out);
    }
}

void xdr_print(const XdrType *type, const void *value, int indent, FILE *out)
{
    print_struct(type, value, (Layout){ .indent = indent }, out);
}

void xdr_print_brief(const XdrType *type, const void *value, int indent, FILE *out)
{
    print_struct(type, value, (Layout){ .indent = indent, .brief = true }, out);
}
