// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * A user's system call profile from a file, in LXC's format (1 or 2 in the first line) or in OCI's
 * (a JSON object). Both become one list of rules. What a format has and no container manager could
 * honour from a file (notification, tracing) is an error rather than passed over. Only the daemon
 * reads one.
 */
#pragma once

#include <glib.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#define SECCOMP_ARGS_MAX 6

typedef struct SeccompRule {
    char *call;
    uint32_t action; /* in libseccomp's terms */
    uint32_t arch;   /* 0: every; else only where the container can be of that architecture */
    struct scmp_arg_cmp args[SECCOMP_ARGS_MAX];
    unsigned n_args;
} SeccompRule;

typedef struct SeccompRules {
    char *path;          /* for messages */
    uint32_t by_default; /* what happens to calls that no rule is about */
    GArray *rules;       /* SeccompRule */
} SeccompRules;

/* Errors name file and line. */
bool seccomp_rules_read(const char *path, SeccompRules **ret_rules, GError **err);
void seccomp_rules_free(SeccompRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeccompRules, seccomp_rules_free)

/* Adds the rules; calls that this machine does not have are passed over. */
bool seccomp_rules_add(const SeccompRules *rules, scmp_filter_ctx filter, GError **err);

/* ---- for the readers of the two formats: seccomp-lxc.c, seccomp-oci.c --------------------------
 */

bool seccomp_read_lxc(const char *text, SeccompRules *rules, GError **err);
bool seccomp_read_oci(const char *text, SeccompRules *rules, GError **err);

typedef struct SeccompWord {
    const char *lxc; /* NULL: only in the other format */
    const char *oci;
    uint32_t value;
} SeccompWord;

/* NULL for words of neither format. */
const SeccompWord *seccomp_find_action(const char *text);
const SeccompWord *seccomp_find_comparison(const char *text);
