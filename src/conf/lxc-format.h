// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The keys of an LXC configuration as rows: how one is read into a definition, and how the
 * definition is written as that key. Each subject has its table in a file of its own; all of them
 * are listed in lxc-format.c, in the order of the output.
 */
#pragma once

#include "conf/lxc-config.h"
#include "conf/native.h"

typedef struct LxcKey LxcKey;

/* A configuration on its way into a definition: what can only be said when all lines are read. */
typedef struct LxcImport {
    NativeResult *result;
    DomainDef *def; /* the result's */
    const DomainDefHost *host;
    const LxcLine *console;      /* lxc.console.path, */
    const LxcLine *console_log;  /* lxc.console.logfile; lxc-init.c */
    const LxcLine *root;         /* lxc.rootfs.path, */
    const LxcLine *root_options; /* lxc.rootfs.options; lxc-root.c */
    GPtrArray *nics;             /* lxc-net.c */
    OptNumber swap;              /* bytes, on v2, */
    bool unlimited;              /* memory; lxc-cgroup.c */
    DeviceAllowList devices[2];  /* by generation of control groups; lxc-devices.c */
    unsigned kept;               /* PLAN_NS_*: namespaces that stay the host's; lxc-security.c */
    bool drops, keeps;           /* capabilities */
} LxcImport;

typedef struct LxcExport {
    const DomainDef *def;
    const DomainDefHost *host;
    GString *out;
    char *refusal; /* why there can be no configuration; set by lxc_refuse */
} LxcExport;

struct LxcKey {
    const char *key; /* one that ends in '.' stands for all below it */
    /* NULL: the key is written down as a note, with `why`. */
    bool (*read)(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);
    void (*write)(LxcExport *out, const LxcKey *key); /* may be NULL */
    size_t offset;    /* in DomainDef for the plain kinds below; else the functions know */
    int64_t min, max; /* of a number; equal: any */
    const char *says; /* the parts of a domain that the key says; see native_rest */
    const char *why;
};

extern const LxcKey lxc_init_keys[];
extern const LxcKey lxc_root_keys[];
extern const LxcKey lxc_mount_keys[];
extern const LxcKey lxc_net_keys[];
extern const LxcKey lxc_cgroup_keys[];
extern const LxcKey lxc_blkio_keys[];
extern const LxcKey lxc_device_keys[];
extern const LxcKey lxc_namespace_keys[];
extern const LxcKey lxc_security_keys[];
extern const LxcKey lxc_other_keys[];

/* ---- plain kinds ----------------------------------------------------------------------------- */

bool lxc_read_string(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);
void lxc_write_string(LxcExport *out, const LxcKey *key);
bool lxc_read_number(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);
void lxc_write_number(LxcExport *out, const LxcKey *key);
/* "1" is yes, "0" is no, of a Choice. */
bool lxc_read_choice(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);
void lxc_write_choice(LxcExport *out, const LxcKey *key);
/* What the key asks for is how it is anyway. */
bool lxc_read_nothing(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);

/* ---- helpers --------------------------------------------------------------------------------- */

/* The codes of the stock importer: for what is missing or in the wrong place, and for a value. */
#define LXC_BAD ERR(NONE, INTERNAL_ERROR)
#define LXC_BAD_VALUE ERR(LXC, INTERNAL_ERROR)

/*
 * Writes the line down as something that the domain does not say; `why` may be NULL. Once for each
 * line, since that may be long: what is said of several words of it is gathered first.
 */
void lxc_note(LxcImport *in, const LxcLine *line, const char *why);
/* The same when there are words, which are then named: `format` has a %s for them. */
void lxc_note_words(LxcImport *in, const LxcLine *line, const char *format, const GString *words);
void lxc_add_word(GString *words, const char *word);
/* A number of one line's value that is at least `min` and at most `max`. */
bool lxc_parse_number(const char *text, int64_t min, int64_t max, int64_t *ret_number,
                      GError **err);
/* Bytes, with a letter of KMGTPE behind them or without. */
bool lxc_parse_bytes(const char *text, int64_t *ret_bytes, GError **err);

/* A line, or a comment when LXC has no way to write the value. */
void lxc_put(LxcExport *out, const char *key, const char *value);
void lxc_put_format(LxcExport *out, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Takes the reason why LXC must not run what could be written. */
void lxc_refuse(LxcExport *out, char *why);
/* Something that LXC cannot say. */
void lxc_put_comment(LxcExport *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* lxc-net.c */
bool lxc_read_nic(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err);

/* ---- what needs all lines, or the whole definition --------------------------------------------
 */

void lxc_cgroup_finish(LxcImport *in);
void lxc_devices_finish(LxcImport *in);
void lxc_devices_free(LxcImport *in);
bool lxc_init_finish(LxcImport *in, GError **err);
bool lxc_root_finish(LxcImport *in, GError **err);
void lxc_mount_finish(LxcImport *in); /* when there is a root */
void lxc_namespaces_finish(LxcImport *in);
void lxc_security_finish(LxcImport *in);
bool lxc_net_finish(LxcImport *in, GError **err);
void lxc_net_free(LxcImport *in);
