// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See lxc-config.h. The quotes around a whole value, and that a line ends where it ends, is what
 * liblxc does.
 */
#include "conf/lxc-config.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* A configuration has tens of lines; this many take no time worth speaking of, whatever they are.
 */
#define LINES_MAX 4096
#define NIC_MAX 9999
/* Devices of the old spelling, which has no numbers, are counted from here. */
#define OLD_NIC 10000

#define BAD ERR(NONE, INTERNAL_ERROR)

/* ---- spellings ------------------------------------------------------------------------------- */

/* LXC 1 and 2.0 on the left; a name that ends in '.' stands for all below it. */
typedef struct Spelling {
    const char *old;
    const char *now;
} Spelling;

static const Spelling spellings[] = {
    {"lxc.aa_allow_incomplete", "lxc.apparmor.allow_incomplete"},
    { "lxc.aa_profile",         "lxc.apparmor.profile"         },
    { "lxc.console",            "lxc.console.path"             },
    { "lxc.devttydir",          "lxc.tty.dir"                  },
    { "lxc.haltsignal",         "lxc.signal.halt"              },
    { "lxc.id_map",             "lxc.idmap"                    },
    { "lxc.init_cmd",           "lxc.init.cmd"                 },
    { "lxc.init_gid",           "lxc.init.gid"                 },
    { "lxc.init_uid",           "lxc.init.uid"                 },
    { "lxc.limit.",             "lxc.prlimit."                 },
    { "lxc.logfile",            "lxc.log.file"                 },
    { "lxc.loglevel",           "lxc.log.level"                },
    { "lxc.mount",              "lxc.mount.fstab"              },
    { "lxc.pts",                "lxc.pty.max"                  },
    { "lxc.rebootsignal",       "lxc.signal.reboot"            },
    { "lxc.rootfs",             "lxc.rootfs.path"              },
    { "lxc.se_context",         "lxc.selinux.context"          },
    { "lxc.seccomp",            "lxc.seccomp.profile"          },
    { "lxc.stopsignal",         "lxc.signal.stop"              },
    { "lxc.syslog",             "lxc.log.syslog"               },
    { "lxc.tty",                "lxc.tty.max"                  },
    { "lxc.utsname",            "lxc.uts.name"                 },
};

static char *modern_key(const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        const Spelling *spelling = &spellings[i];
        size_t length = strlen(spelling->old);
        bool prefix = spelling->old[length - 1] == '.';

        if (prefix ? g_str_has_prefix(key, spelling->old) : strcmp(key, spelling->old) == 0)
            return g_strconcat(spelling->now, key + length, NULL);
    }
    return g_strdup(key);
}

/* ---- network devices ------------------------------------------------------------------------- */

static const Spelling nic_spellings[] = {
    {"ipv4",  "ipv4.address"},
    { "ipv6", "ipv6.address"},
};

static const char *modern_nic_key(const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nic_spellings); i++)
        if (strcmp(nic_spellings[i].old, key) == 0)
            return nic_spellings[i].now;
    return key;
}

/* "0.type" as 0 and "type"; false when it does not begin with a number. */
static bool split_number(const char *text, long *ret_number, const char **ret_rest)
{
    size_t digits = strspn(text, "0123456789");
    gint64 number;

    if (digits == 0 || digits > 4 || text[digits] != '.' || !text[digits + 1])
        return false;
    number = g_ascii_strtoll(text, NULL, 10);
    if (number > NIC_MAX)
        return false;
    *ret_number = (long)number;
    *ret_rest = text + digits + 1;
    return true;
}

/* The old spelling has no number: each type begins the next device. */
static bool find_nic(LxcLine *line, const char *rest, long *old_nics, GError **err)
{
    const char *key = rest;
    char *full = NULL;

    if (!split_number(rest, &line->nic, &key)) {
        if (strcmp(rest, "type") == 0)
            ++*old_nics;
        else if (*old_nics == 0)
            return fail(err, BAD, _("line %u: '%s' comes before any 'lxc.network.type'"),
                        line->number, line->written);
        line->nic = OLD_NIC + *old_nics;
    }
    full = g_strdup_printf("lxc.net.%ld.%s", line->nic, modern_nic_key(key));
    g_free(line->key);
    line->key = full;
    return true;
}

static bool read_nic_key(LxcLine *line, long *old_nics, GError **err)
{
    const char *key = NULL;

    line->nic = LXC_NO_NIC;
    if (strcmp(line->key, "lxc.network") == 0) {
        g_free(line->key);
        line->key = g_strdup("lxc.net");
    }
    if (g_str_has_prefix(line->key, "lxc.network."))
        return find_nic(line, line->key + strlen("lxc.network."), old_nics, err);
    if (!g_str_has_prefix(line->key, "lxc.net.") ||
        !split_number(line->key + strlen("lxc.net."), &line->nic, &key))
        return true;
    return find_nic(line, line->key + strlen("lxc.net."), old_nics, err);
}

const char *lxc_line_nic_key(const LxcLine *line)
{
    const char *number = line->key + strlen("lxc.net.");

    return strchr(number, '.') + 1;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void line_free(void *data)
{
    LxcLine *line = data;

    g_free(line->written);
    g_free(line->key);
    g_free(line->value);
    g_free(line);
}

static char *unquote(const char *value)
{
    size_t length = strlen(value);

    if (length > 1 && strchr("'\"", *value) && value[length - 1] == *value)
        return g_strndup(value + 1, length - 2);
    return g_strdup(value);
}

/* `text` is changed. */
static LxcLine *read_line(char *text, unsigned number, long *old_nics, GError **err)
{
    char *equals = strchr(text, '=');
    LxcLine *line = NULL;

    if (!equals) {
        fail(err, ERR(CONF, CONF_SYNTAX), _("line %u is not of the form 'key = value': '%s'"),
             number, g_strstrip(text));
        return NULL;
    }
    *equals = '\0';
    line = g_new0(LxcLine, 1);
    line->number = number;
    line->written = g_strdup(g_strstrip(text));
    line->key = modern_key(line->written);
    line->value = unquote(g_strstrip(equals + 1));
    if (!read_nic_key(line, old_nics, err))
        g_clear_pointer(&line, line_free);
    return line;
}

/* A key without a value takes back all that was said with it and below it. */
static void take_back(GPtrArray *lines, const char *key)
{
    size_t length = strlen(key);

    for (guint i = lines->len; i > 0; i--) {
        const char *other = ((const LxcLine *)lines->pdata[i - 1])->key;

        if (strncmp(other, key, length) == 0 && (!other[length] || other[length] == '.'))
            g_ptr_array_remove_index(lines, i - 1);
    }
}

static void add_line(GPtrArray *lines, LxcLine *line)
{
    if (*line->value) {
        g_ptr_array_add(lines, line);
        return;
    }
    take_back(lines, line->key);
    line_free(line);
}

GPtrArray *lxc_config_read(const char *text, GError **err)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(line_free);
    unsigned n = 0;
    long old_nics = 0;
    const char *end = NULL;

    for (unsigned number = 1; *text; number++, text = *end ? end + 1 : end) {
        g_autofree char *copy = NULL;
        const char *start = text + strspn(text, " \t\r");
        LxcLine *line = NULL;

        end = text + strcspn(text, "\n");
        if (start >= end || *start == '#')
            continue;
        if (++n > LINES_MAX) {
            fail(err, ERR(LXC, INVALID_ARG), _("the configuration has more than %d lines"),
                 LINES_MAX);
            return NULL;
        }
        copy = g_strndup(start, (gsize)(end - start));
        line = read_line(copy, number, &old_nics, err);
        if (!line)
            return NULL;
        add_line(lines, line);
    }
    return g_steal_pointer(&lines);
}

/* ---- writing --------------------------------------------------------------------------------- */

bool lxc_config_can_write(const char *value)
{
    return *value && !strchr(value, '\n');
}

static bool needs_quotes(const char *value)
{
    char first = *value, last = value[strlen(value) - 1];

    return g_ascii_isspace(first) || g_ascii_isspace(last) || first == '\'' || first == '"';
}

void lxc_config_write(GString *out, const char *key, const char *value)
{
    const char *quote = needs_quotes(value) ? "'" : "";

    g_string_append_printf(out, "%s = %s%s%s\n", key, quote, value, quote);
}

void lxc_config_write_comment(GString *out, const char *text)
{
    g_autofree char *line = g_strdup(text);

    g_string_append_printf(out, "# %s\n", g_strdelimit(line, "\n\r", ' '));
}

/* ---- fstab ----------------------------------------------------------------------------------- */

char *lxc_fstab_escape(const char *path)
{
    GString *out = g_string_new(NULL);

    for (; *path; path++)
        if (strchr(" \t\n\\", *path))
            g_string_append_printf(out, "\\%03o", (unsigned)*path);
        else
            g_string_append_c(out, *path);
    return g_string_free(out, FALSE);
}

static bool is_octal(const char *text)
{
    return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' && text[2] >= '0' &&
           text[2] <= '7';
}

char *lxc_fstab_unescape(const char *word)
{
    static const char escaped[] = " \t\n\\";
    GString *out = g_string_new(NULL);

    for (; *word; word++) {
        int value = *word == '\\' && is_octal(word + 1)
                        ? (word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0')
                        : 0;

        if (value && strchr(escaped, value)) {
            g_string_append_c(out, (char)value);
            word += 3;
        } else {
            g_string_append_c(out, *word);
        }
    }
    return g_string_free(out, FALSE);
}
