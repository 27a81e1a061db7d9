// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Reading config.json: objects by tables of their members. What no table knows is noted with its
 * path and its value, so that a new version of the specification loses nothing in silence.
 *
 *     static const OciMember root_members[] = {
 *         { "path",     OCI_TEXT, offsetof(Root, path) },
 *         { "readonly", OCI_FLAG, offsetof(Root, readonly) },
 *         { NULL },
 *     };
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/def-values.h"

typedef struct OciImport OciImport; /* oci.h */
typedef struct _JsonNode JsonNode;

/* A value and where it stands; the parents outlive it. */
typedef struct OciValue OciValue;
struct OciValue {
    const OciValue *parent; /* NULL: the document */
    const char *name;       /* of a member; NULL: an element of an array */
    unsigned index;
    JsonNode *node;
};

typedef bool OciRead(OciImport *import, const OciValue *value, GError **err);

typedef enum OciKind {
    OCI_READ,    /* left to `read` */
    OCI_EACH,    /* an array; `read` is called for every element */
    OCI_TEXT,    /* const char *, the document's */
    OCI_STRING,  /* char *, the object's */
    OCI_NUMBER,  /* OptNumber; what only fits unsigned is negative */
    OCI_FLAG,    /* bool */
    OCI_VALUE,   /* JsonNode *: for later */
    OCI_IGNORED, /* says nothing that matters here */
} OciKind;

typedef struct OciMember {
    const char *name;
    OciKind kind;
    size_t offset; /* in the object that oci_members fills */
    OciRead *read;
} OciMember;

/* Checks the text for what the parser would let through, and parses it. */
bool oci_parse(const char *text, JsonNode **ret_root, GError **err);

/* `members` ends with name NULL; `object` is where offsets lead, or NULL. */
bool oci_members(OciImport *import, const OciValue *value, const OciMember *members, void *object,
                 GError **err);
/* Every member, whatever its name. */
bool oci_each_member(OciImport *import, const OciValue *value, OciRead *read, GError **err);
bool oci_each(OciImport *import, const OciValue *value, OciRead *read, GError **err);
bool oci_string(const OciValue *value, const char **ret_string, GError **err);
/* An array of strings, which are the document's. */
bool oci_words(const OciValue *value, GPtrArray **ret_words, GError **err);
bool oci_number(const OciValue *value, OptNumber *ret_number, GError **err);
bool oci_flag(const OciValue *value, bool *ret_flag, GError **err);

/* {}, [] and false say nothing. */
bool oci_is_empty(const OciValue *value);
/* Writes down that the domain does not say this. */
void oci_note(OciImport *import, const OciValue *value);
/* "process.args[0]"; "" is the document */
char *oci_path(const OciValue *value);
