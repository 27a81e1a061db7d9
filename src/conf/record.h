// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* clang-format off */
/*
 * Records: structs described by tables of rows, one row for each thing the user can write.
 *
 * A row joins a path in the XML (`source/@dir`, relative to the record's element) with a field
 * of the struct. The table alone parses, prints, frees, copies, compares and folds, demands what
 * is required, and names what no row knows, so that nothing is dropped without a word: such a
 * thing is left out and listed in the definition's messages, or refused where validation was
 * asked for. Rows stand in the order of the output; rows whose paths begin with the same element
 * stand together, attributes first. A path may name alternatives for elements that are kept:
 * "boot|rom|address"; "*" stands for every element and "+" for every element in a foreign
 * namespace. Elements in the namespaces of xml_prefixes (lxc, virtlxcd) are written with their
 * prefix: "lxc:namespace/lxc:sharenet/@type".
 *
 *     static const Row ip_rows[] = {
 *         { "@family", ROW_STRING, offsetof(InterfaceIp, family) },
 *         { "@address", ROW_STRING, offsetof(InterfaceIp, address), .missing = ERR(DOMAIN, XML_ERROR) },
 *         { NULL },
 *     };
 */
/* clang-format on */
#pragma once

#include <libxml/tree.h>
#include <stddef.h>

#include "conf/domain-def.h"

typedef struct Row Row;
typedef struct Record Record;

/* What parsing and printing need to know besides the tables. */
typedef struct Reader {
    DomainDefFlags flags;
    const DomainDefHost *host;
    StringList *left_out; /* messages about what no row knows */
} Reader;

typedef struct Writer {
    GString *out;
    unsigned indent;
    DomainDefFlags flags;
} Writer;

typedef enum RowKind {
    ROW_STRING,  /* char * */
    ROW_ENUM,    /* int, an index into `names`; names[0] may be NULL: not given, not printed */
    ROW_NUMBER,  /* OptNumber, within `min` and `max` when these differ; decimal, see `digits` */
    ROW_COUNT,   /* unsigned, always printed; within `min` and `max` */
    ROW_SIZE,    /* OptNumber with a unit beside it, counted in `scale` bytes, rounded up */
    ROW_MEMORY,  /* uint64_t in KiB with a unit, 0: not given */
    ROW_FLAG,    /* bool: an empty element is there */
    ROW_YES,     /* bool: yes or no; no is not printed */
    ROW_TEXT,    /* plain bytes of `size`, by a pair of text functions */
    ROW_FIXED,   /* not stored: `names`[0], always */
    ROW_RECORD,  /* a nested struct described by `record` */
    ROW_MAYBE,   /* a pointer to a struct of `record`, NULL when it was not given */
    ROW_LIST,    /* struct { size_t n; T **items; } of `record`, one element each */
    ROW_STRINGS, /* StringList, one element with text each */
    ROW_REFUSED, /* not stored: being there is an error */
    ROW_KEEP,    /* KeptXml: elements carried along */
    ROW_CUSTOM,  /* the element is left to `functions` */
} RowKind;

/* Bits of row.flags. */
typedef enum RowFlags {
    ROW_LIVE = 1 << 0,         /* only a running domain has it */
    ROW_HIDE_DEFAULT = 1 << 1, /* an enum's first value is not printed */
    ROW_TYPE = 1 << 2,         /* the enum that `types` of the other rows refers to */
    ROW_NOT_EMPTY = 1 << 3,    /* an empty string counts as not given */
    ROW_KEPT = 1 << 4,         /* stored and printed, without effect in a container */
    ROW_BASE_16 = 1 << 5,      /* with `digits`: "10" is read as 0x10 too */
    ROW_ANY_BASE = 1 << 6,     /* a number is read in C's way although it is printed as a decimal */
    ROW_EVEN_EMPTY = 1 << 7,   /* ROW_MAYBE: an element that says nothing still says something */
    ROW_WITH_ELEMENT = 1 << 8, /* `missing` counts only where the element before it is there */
    ROW_UNPLANNED = 1 << 9,    /* read and given back, but refused by the plan of its record */
} RowFlags;

typedef struct TextFunctions {
    bool (*parse)(const char *text, void *field, GError **err);
    char *(*format)(const void *field); /* NULL: nothing to print */
} TextFunctions;

/* From `clear` on NULL: the field is plain bytes of the row's size. */
typedef struct CustomFunctions {
    bool (*parse)(const Reader *reader, const xmlNode *node, void *field, GError **err);
    void (*format)(Writer *writer, const void *field);
    void (*clear)(void *field);
    void (*copy)(const void *from, void *to);
    bool (*equal)(const void *a, const void *b);
    void (*fold)(const void *field, GByteArray *out);
    void (*unfold)(const uint8_t **at, void *field);
} CustomFunctions;

struct Row {
    const char *path; /* "" is the text of the record's own element */
    RowKind kind;
    size_t offset;
    unsigned flags;
    const char *const *names; /* NULL-terminated from [1] on */
    const Record *record;
    const TextFunctions *text;
    const CustomFunctions *functions;
    size_t size;
    unsigned scale;
    unsigned digits; /* ROW_NUMBER: printed as 0x with so many digits, read in C's way */
    int64_t min, max;
    unsigned types;             /* bits of the record's type this holds for, 0: all */
    unsigned works;             /* bits of the words that mean something in a container, 0: all */
    const char *const *reasons; /* why a word does not, by word; may be NULL */
    unsigned missing;           /* the error when it is not given, 0: optional */
    unsigned bad;               /* the error when it is malformed, 0: XML_ERROR of VIR_FROM_XML */
    bool (*normalize)(const char *text, char **ret_text, GError **err); /* for ROW_STRING */
    bool (*hidden)(const void *object, DomainDefFlags flags);           /* not printed now */
};

struct Record {
    const char *element;
    size_t size;
    const Row *rows;            /* ends with path NULL */
    const Row *type;            /* the row with ROW_TYPE, or NULL */
    unsigned unknown;           /* the error for an element no row knows, 0: it is left out */
    bool kept;                  /* all of it is without effect in a container */
    void (*init)(void *object); /* defaults that are not zero */
    bool (*check)(void *object, const Reader *reader, GError **err);
    /* Instead of the rows, which then serve memory only. */
    bool (*parse)(const Reader *reader, const xmlNode *node, void *object, GError **err);
    void (*format)(Writer *writer, const void *object);
};

void *record_new(const Record *record);
bool record_parse(const Record *record, const Reader *reader, const xmlNode *node, void *object,
                  GError **err);
/* Names what no table knows, in the messages of the definition, or in the error `code` if not 0. */
bool record_leave_out(const Reader *reader, const xmlNode *node, unsigned code, GError **err);
bool record_leave_out_attribute(const Reader *reader, const xmlNode *node, const char *name,
                                GError **err);
bool record_leave_out_text(const Reader *reader, const xmlNode *node, const char *text,
                           GError **err);
/* Says in the messages of the definition what it goes without. Takes the message. */
void record_note(const Reader *reader, char *message);
/* Prints the record as an element called `element`; nothing when it is all default. */
bool record_format(const Record *record, Writer *writer, const char *element, const void *object);
void record_clear(const Record *record, void *object);
void record_free(const Record *record, void *object);
void record_copy(const Record *record, const void *from, void *to);
bool record_equal(const Record *record, const void *a, const void *b);

/* One list, for tables that do not go through a row of their own. */
typedef struct RecordList {
    size_t n;
    void **items;
} RecordList;

void record_list_append(void *list, void *item);
void record_list_clear(const Record *record, void *list);
void record_list_copy(const Record *record, const void *from, void *to);
bool record_list_equal(const Record *record, const void *a, const void *b);
void record_strings_clear(StringList *list);
void record_strings_copy(const StringList *from, StringList *to);

/* ---- record-fold.c: records at rest -----------------------------------------------------------
 */

void record_fold(const Record *record, const void *object, GByteArray *out);
/* `object` is all zero; `at` moves behind what was read. */
void record_unfold(const Record *record, const uint8_t **at, void *object);
void *record_unfold_new(const Record *record, const uint8_t **at);

/* For custom rows: small numbers that tell what comes behind them, and an end. */
void fold_number(GByteArray *out, size_t number);
void fold_end(GByteArray *out);
void fold_text(GByteArray *out, const char *text);
/* False at the end. */
bool unfold_number(const uint8_t **at, size_t *ret_number);
char *unfold_text(const uint8_t **at);

/* ---- for the files that walk rows --------------------------------------------------------------
 */

/*
 * A path is walked one segment at a time. `at` is where the segments that are behind end: at 0 the
 * whole path is left, at its length nothing is, and the row is about the element itself.
 */
const char *row_rest(const Row *row, size_t at);
/* The length of the next segment. */
size_t row_segment(const Row *row, size_t at);
/* `at` behind the next segment. */
size_t row_next(const Row *row, size_t at);
bool row_is_attribute(const Row *row, size_t at);
bool row_is_self(const Row *row, size_t at);
/* True when the next segment, or one of its alternatives, is `name`. */
bool row_matches(const Row *row, size_t at, const char *name);
/* True when the next segment is `prefix`:`name`. */
bool row_matches_prefixed(const Row *row, size_t at, const char *prefix, const char *name);
/* How many rows from `rows` on share rows[0]'s segment. */
size_t row_group(const Row *rows, size_t n, size_t at);
/* Whether the row holds for the object's type. */
bool row_applies(const Record *record, const Row *row, const void *object);
size_t record_row_count(const Record *record);
/* Bytes of a field that owns no memory; 0 for the others. */
size_t row_plain_size(const Row *row);
/* Whether an earlier row already stands for the same field. */
bool row_is_repeated(const Record *record, const Row *row);

static inline void *row_field(const Row *row, void *object)
{
    return (char *)object + row->offset;
}

static inline const void *row_const_field(const Row *row, const void *object)
{
    return (const char *)object + row->offset;
}

#define TYPE_BIT(type) (1u << (type))
