// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Other containers' configurations as domain XML, and back: one row per format in native.c.
 *
 * A format is two pure functions on text: nothing that a configuration names is opened, since it
 * may come from a client on another host and would be read as root. Whatever one side cannot say
 * is written down: for an import as notes, which become an XML comment in front of the domain; for
 * an export as comments in the format itself. docs/native-formats.md tells what maps to what.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "conf/domain-def.h"

/* What an importer fills. Devices are made with record_new and given to device_add. */
typedef struct NativeResult {
    DomainDef *def;
    StringList notes; /* what the domain does not say, a sentence each; see native_note */
} NativeResult;

typedef struct NativeFormat {
    const char *name; /* as in `virsh domxml-from-native NAME` */
    /* `text` is UTF-8 without control characters. The domain is checked by the caller. */
    bool (*import)(const char *text, const DomainDefHost *host, NativeResult *result, GError **err);
    /* `def` is an inactive definition that has been checked. */
    bool (*export)(const DomainDef *def, const DomainDefHost *host, char **ret_text, GError **err);
} NativeFormat;

extern const NativeFormat lxc_format;
extern const NativeFormat nspawn_format;
extern const NativeFormat oci_format;

/* A configuration as a domain. */
typedef struct NativeDomain {
    char *xml;        /* begins with the notes as a comment when there are any */
    StringList notes; /* for the log */
} NativeDomain;

bool native_import(const char *format, const char *text, const DomainDefHost *host,
                   NativeDomain *ret_domain, GError **err);
bool native_export(const char *format, const DomainDef *def, const DomainDefHost *host,
                   char **ret_text, GError **err);
void native_domain_clear(NativeDomain *domain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NativeDomain, native_domain_clear)

/* Writes down what the domain cannot say. */
void native_note(NativeResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
