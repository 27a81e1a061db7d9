// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * LXC's format: a version, the kind of list with the action of its rules, then a call a line, with
 * an action and conditions on arguments where they differ; [sections] are of an architecture.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "kernel/seccomp-rules.h"

#define UMOUNT_FORCE 1u
#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

typedef struct LxcReader {
    SeccompRules *rules;
    unsigned line;
    uint32_t action; /* of rules that name none */
    uint32_t arch;   /* of the section */
} LxcReader;

static bool fail_line(const LxcReader *reader, const char *text, GError **err)
{
    return fail(err, UNSUPPORTED, _("%s:%u: '%s' is not understood in a system call profile"),
                reader->rules->path, reader->line, text);
}

/* "errno 38", "kill": *at moves behind it. Nothing there: the section's own. */
static bool lxc_action(const LxcReader *reader, char **words, unsigned *at, uint32_t *ret_action,
                       GError **err)
{
    const SeccompWord *word = NULL;

    if (!words[*at] || *words[*at] == '[')
        return true;
    word = seccomp_find_action(words[*at]);
    if (!word)
        return fail_line(reader, words[*at], err);
    (*at)++;
    *ret_action = word->value;
    if (word->lxc && strcmp(word->lxc, "errno") == 0 && words[*at] && *words[*at] != '[') {
        guint64 number = 0;

        if (!g_ascii_string_to_unsigned(words[*at], 10, 0, 4095, &number, NULL))
            return fail_line(reader, words[*at], err);
        *ret_action = SCMP_ACT_ERRNO((uint32_t)number);
        (*at)++;
    }
    return true;
}

/* "[0,1,SCMP_CMP_EQ]" or "[0,1,SCMP_CMP_MASKED_EQ,255]". */
static bool lxc_argument(const LxcReader *reader, const char *text, SeccompRule *rule, GError **err)
{
    size_t length = strlen(text);
    g_autofree char *inner = length > 2 ? g_strndup(text + 1, length - 2) : g_strdup("");
    g_auto(GStrv) parts = g_strsplit(inner, ",", -1);
    unsigned n = g_strv_length(parts);
    const SeccompWord *word = n >= 3 ? seccomp_find_comparison(parts[2]) : NULL;
    uint64_t index, value, mask;

    if (*text != '[' || text[length - 1] != ']' || n > 4 || !word ||
        rule->n_args == SECCOMP_ARGS_MAX)
        return fail_line(reader, text, err);
    index = g_ascii_strtoull(parts[0], NULL, 0);
    value = g_ascii_strtoull(parts[1], NULL, 0);
    mask = n == 4 ? g_ascii_strtoull(parts[3], NULL, 0) : 0;
    if (index >= SECCOMP_ARGS_MAX)
        return fail_line(reader, text, err);
    rule->args[rule->n_args++] =
        word->value == SCMP_CMP_MASKED_EQ
            ? (struct scmp_arg_cmp){ (unsigned)index, SCMP_CMP_MASKED_EQ, mask, value }
            : (struct scmp_arg_cmp){ (unsigned)index, (enum scmp_compare)word->value, value, 0 };
    return true;
}

static bool lxc_section(LxcReader *reader, const char *text, GError **err)
{
    g_autofree char *name = g_strndup(text + 1, strlen(text) - 2);

    if (strcmp(name, "all") == 0) {
        reader->arch = 0;
        return true;
    }
    reader->arch = seccomp_arch_resolve_name(name);
    return reader->arch != 0 || fail_line(reader, text, err);
}

/* Taking somebody's mount away while it is in use. */
static void reject_force_umount(const LxcReader *reader)
{
    SeccompRule rule = { .call = g_strdup("umount2"),
                         .action = SCMP_ACT_ERRNO(EACCES),
                         .arch = reader->arch,
                         .args = { { 1, SCMP_CMP_MASKED_EQ, UMOUNT_FORCE, UMOUNT_FORCE } },
                         .n_args = 1 };

    g_array_append_val(reader->rules->rules, rule);
}

static bool lxc_rule(LxcReader *reader, char **words, GError **err)
{
    SeccompRule rule = { .action = reader->action, .arch = reader->arch };
    unsigned at = 1;

    if (strcmp(words[0], "reject_force_umount") == 0) {
        reject_force_umount(reader);
        return true;
    }
    if (!lxc_action(reader, words, &at, &rule.action, err))
        return false;
    for (; words[at]; at++)
        if (!lxc_argument(reader, words[at], &rule, err))
            return false;
    rule.call = g_strdup(words[0]);
    g_array_append_val(reader->rules->rules, rule);
    return true;
}

/* The second line: "allowlist", or "denylist errno 1". */
static bool lxc_kind(LxcReader *reader, char **words, GError **err)
{
    static const char *const allow[] = { "allowlist", "whitelist", NULL };
    static const char *const deny[] = { "denylist", "blacklist", NULL };
    uint32_t action = SCMP_ACT_KILL;
    unsigned at = 1;

    if (!words[0] || (!g_strv_contains(allow, words[0]) && !g_strv_contains(deny, words[0])))
        return fail_line(reader, words[0] ? words[0] : "", err);
    if (!lxc_action(reader, words, &at, &action, err))
        return false;
    reader->rules->by_default = g_strv_contains(allow, words[0]) ? action : SCMP_ACT_ALLOW;
    reader->action = g_strv_contains(allow, words[0]) ? SCMP_ACT_ALLOW : action;
    return true;
}

/* Words of a line without its comment; white space may repeat. */
static char **split_words(const char *line)
{
    g_autofree char *plain = g_strndup(line, strcspn(line, "#"));
    g_auto(GStrv) parts = g_strsplit_set(plain, " \t\r", -1);
    GPtrArray *words = g_ptr_array_new();

    for (char **part = parts; *part; part++)
        if (**part)
            g_ptr_array_add(words, g_strdup(*part));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

bool seccomp_read_lxc(const char *text, SeccompRules *rules, GError **err)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    LxcReader reader = { .rules = rules };
    unsigned known = 0; /* of the two first lines */

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = split_words(*line);
        bool fine = true;

        reader.line++;
        if (!words[0])
            continue;
        if (known == 0)
            fine = strcmp(words[0], "1") == 0 || strcmp(words[0], "2") == 0 ||
                   fail_line(&reader, words[0], err);
        else if (known == 1)
            fine = lxc_kind(&reader, words, err);
        else if (*words[0] == '[')
            fine = lxc_section(&reader, words[0], err);
        else
            fine = lxc_rule(&reader, words, err);
        if (!fine)
            return false;
        known++;
    }
    return known >= 2 ||
           fail(err, UNSUPPORTED, _("the system call profile '%s' is empty"), rules->path);
}
