// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See seccomp-rules.h. */
#include "kernel/seccomp-rules.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define FILE_SIZE_MAX (1u << 20)
#define UNSUPPORTED ERR(LXC, CONFIG_UNSUPPORTED)

static void clear_rule(void *rule)
{
    g_free(((SeccompRule *)rule)->call);
}

void seccomp_rules_free(SeccompRules *rules)
{
    if (!rules)
        return;
    g_free(rules->path);
    g_array_unref(rules->rules);
    g_free(rules);
}

static SeccompRules *rules_new(const char *path)
{
    SeccompRules *rules = g_new0(SeccompRules, 1);

    rules->path = g_strdup(path);
    rules->rules = g_array_new(FALSE, TRUE, sizeof(SeccompRule));
    g_array_set_clear_func(rules->rules, clear_rule);
    return rules;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const SeccompWord actions[] = {
    {"allow",  "SCMP_ACT_ALLOW",        SCMP_ACT_ALLOW       },
    { "kill",  "SCMP_ACT_KILL",         SCMP_ACT_KILL        },
    { NULL,    "SCMP_ACT_KILL_THREAD",  SCMP_ACT_KILL_THREAD },
    { NULL,    "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    { "trap",  "SCMP_ACT_TRAP",         SCMP_ACT_TRAP        },
    { "log",   "SCMP_ACT_LOG",          SCMP_ACT_LOG         },
    { "errno", "SCMP_ACT_ERRNO",        SCMP_ACT_ERRNO(EPERM)},
};

static const SeccompWord comparisons[] = {
    {"SCMP_CMP_NE",         "SCMP_CMP_NE",        SCMP_CMP_NE       },
    { "SCMP_CMP_LT",        "SCMP_CMP_LT",        SCMP_CMP_LT       },
    { "SCMP_CMP_LE",        "SCMP_CMP_LE",        SCMP_CMP_LE       },
    { "SCMP_CMP_EQ",        "SCMP_CMP_EQ",        SCMP_CMP_EQ       },
    { "SCMP_CMP_GE",        "SCMP_CMP_GE",        SCMP_CMP_GE       },
    { "SCMP_CMP_GT",        "SCMP_CMP_GT",        SCMP_CMP_GT       },
    { "SCMP_CMP_MASKED_EQ", "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static const SeccompWord *find_word(const SeccompWord *words, size_t n, const char *text)
{
    for (size_t i = 0; text && i < n; i++)
        if (g_strcmp0(words[i].lxc, text) == 0 || strcmp(words[i].oci, text) == 0)
            return &words[i];
    return NULL;
}

const SeccompWord *seccomp_find_action(const char *text)
{
    return find_word(actions, G_N_ELEMENTS(actions), text);
}

const SeccompWord *seccomp_find_comparison(const char *text)
{
    return find_word(comparisons, G_N_ELEMENTS(comparisons), text);
}

/* ---- public ---------------------------------------------------------------------------------- */

bool seccomp_rules_read(const char *path, SeccompRules **ret_rules, GError **err)
{
    g_autoptr(SeccompRules) rules = rules_new(path);
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &text, &size, &why))
        return fail(err, ERR(LXC, SYSTEM_ERROR), _("cannot read the system call profile '%s': %s"),
                    path, why->message);
    if (size > FILE_SIZE_MAX || strlen(text) != size)
        return fail(err, UNSUPPORTED, _("the system call profile '%s' is too long or no text"),
                    path);
    if (!(text[strspn(text, " \t\r\n")] == '{' ? seccomp_read_oci(text, rules, err)
                                               : seccomp_read_lxc(text, rules, err)))
        return false;
    *ret_rules = g_steal_pointer(&rules);
    return true;
}

/* A number where the first version of LXC's format has one. */
static int resolve(const SeccompRule *rule)
{
    guint64 number;

    if (g_ascii_string_to_unsigned(rule->call, 10, 0, 100000, &number, NULL))
        return (int)number;
    return rule->arch ? seccomp_syscall_resolve_name_rewrite(rule->arch, rule->call)
                      : seccomp_syscall_resolve_name(rule->call);
}

static bool is_for_us(const SeccompRule *rule, scmp_filter_ctx filter)
{
    return rule->arch == 0 || seccomp_arch_exist(filter, rule->arch) == 0;
}

bool seccomp_rules_add(const SeccompRules *rules, scmp_filter_ctx filter, GError **err)
{
    for (guint i = 0; i < rules->rules->len; i++) {
        const SeccompRule *rule = &g_array_index(rules->rules, SeccompRule, i);
        int number = resolve(rule), result;

        if (number == __NR_SCMP_ERROR || rule->action == rules->by_default ||
            !is_for_us(rule, filter))
            continue;
        result = seccomp_rule_add_array(filter, rule->action, number, rule->n_args, rule->args);
        if (result < 0)
            return fail_errno(err, -result, _("%s: cannot add a rule for '%s'"), rules->path,
                              rule->call);
    }
    return true;
}
