// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The format "nspawn": settings files of systemd-nspawn, systemd.nspawn(5), and a domain. A row for
 * each key, in the order of the output:
 *
 *     nspawn.c          the file as a whole, and what it leaves to its own name
 *     nspawn-exec.c     [Exec]
 *     nspawn-rights.c   [Exec]: capabilities, limits, ids
 *     nspawn-files.c    [Files]
 *     nspawn-network.c  [Network]
 *
 * A machine's name, its tree and its memory are not in the file. They stand in a section of our
 * own, [X-virtlxcd], which systemd skips over.
 */
#pragma once

#include "conf/compile.h"
#include "conf/native.h"
#include "conf/nspawn-syntax.h"

typedef struct NspawnImport {
    NativeResult *result;
    DomainDef *def; /* result->def */
    const DomainDefHost *host;
    char *directory;
    OptNumber memory; /* KiB */
    Filesystem *root; /* what the settings say of it; directory is still to come */
    char *hostname;
    GPtrArray *words; /* Parameters= */
    GHashTable *macs; /* by the name inside */
    Interface *veth;  /* the one that is called host0; one of def's */
    bool boot, boot_given;
    uint64_t added, dropped; /* capabilities */
} NspawnImport;

typedef struct NspawnExport {
    const DomainDef *def;
    const Plan *plan;
    const DomainDefHost *host;
    GString *out;
    StringList notes;    /* become comments */
    const char *section; /* the last one that was opened */
} NspawnExport;

typedef struct NspawnRow NspawnRow;
struct NspawnRow {
    const char *section;
    const char *key;
    /* NULL: noted, unless it says no or off. */
    bool (*read)(NspawnImport *import, const NspawnSetting *setting, GError **err);
    void (*write)(NspawnExport *export, const NspawnRow *row); /* may be NULL */
    const char *says; /* the parts of a domain that the key says; see native-rest.h */
};

/* For says. */
#define NSPAWN_EXTENSION "virtlxcd:container/virtlxcd:"

/* Each ends with section NULL. */
extern const NspawnRow nspawn_exec_rows[];
extern const NspawnRow nspawn_rights_rows[];
extern const NspawnRow nspawn_files_rows[];
extern const NspawnRow nspawn_network_rows[];

/* Writes down that the domain does not say this. */
bool nspawn_note(NspawnImport *import, const NspawnSetting *setting);
/* Refuses a value, with its line. */
bool nspawn_refuse(const NspawnSetting *setting, GError **err);
bool nspawn_read_yes(const NspawnSetting *setting, bool *ret_bool, GError **err);

/* "Key=value" in the row's section. What does not fit into a line is noted. */
void nspawn_put(NspawnExport *export, const NspawnRow *row, const char *value);
/* The same, of words. */
void nspawn_put_words(NspawnExport *export, const NspawnRow *row, const GPtrArray *words);
void nspawn_export_note(NspawnExport *export, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* When all has been read, and when all has been written. */
bool nspawn_finish_exec(NspawnImport *import, GError **err);
void nspawn_finish_rights(NspawnImport *import);
void nspawn_finish_files(NspawnImport *import);
void nspawn_finish_network(NspawnImport *import);
/* What interface `index` is called inside; NULL: it is not written. */
char *nspawn_guest_name(const NspawnExport *export, size_t index);
void nspawn_note_network(NspawnExport *export);
