// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See nspawn-syntax.h. Quotes may begin and end in the middle of a word, and nothing inside of them
 * is special: systemd-nspawn reads commands and variables so, whatever systemd.syntax(7) says of
 * escapes.
 */
#include "conf/nspawn-syntax.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define WRONG ERR(LXC, INVALID_ARG)
#define BLANKS " \t\r\n"
#define SIZE_MAX_KIB 256

/* ---- lines ----------------------------------------------------------------------------------- */

static void setting_free(void *data)
{
    NspawnSetting *setting = data;

    g_free(setting->section);
    g_free(setting->key);
    g_free(setting->value);
    g_free(setting);
}

static bool is_comment(const char *line)
{
    line += strspn(line, BLANKS);
    return *line == '#' || *line == ';';
}

/* Two backslashes are one that does nothing more. */
static bool ends_escaping(const char *line, size_t length)
{
    size_t backslashes = 0;

    while (backslashes < length && line[length - 1 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2;
}

/* A logical line: comments are skipped, a backslash at the end makes the next line part of it. */
static char *next_line(char **lines, unsigned *at)
{
    GString *line = NULL;

    for (; lines[*at]; (*at)++) {
        size_t length = strcspn(lines[*at], "\r");
        bool goes_on = ends_escaping(lines[*at], length);

        if (is_comment(lines[*at]))
            continue;
        if (!line)
            line = g_string_new(NULL);
        g_string_append_len(line, lines[*at], (gssize)(length - goes_on));
        if (!goes_on) {
            (*at)++;
            break;
        }
        g_string_append_c(line, ' ');
    }
    return line ? g_strstrip(g_string_free(line, FALSE)) : NULL;
}

/* "[Exec]" */
static bool parse_section(const char *line, char **section)
{
    size_t length = strlen(line);

    if (length < 3 || line[length - 1] != ']')
        return false;
    g_free(*section);
    *section = g_strndup(line + 1, length - 2);
    return true;
}

static NspawnSetting *parse_setting(const char *line, const char *section, unsigned number)
{
    const char *equals = strchr(line, '=');
    NspawnSetting *setting = NULL;

    if (!equals || equals == line || !section)
        return NULL;
    setting = g_new0(NspawnSetting, 1);
    setting->section = g_strdup(section);
    setting->key = g_strstrip(g_strndup(line, (gsize)(equals - line)));
    setting->value = g_strstrip(g_strdup(equals + 1));
    setting->line = number;
    return setting;
}

bool nspawn_parse(const char *text, GPtrArray **ret_settings, GError **err)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(setting_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *section = NULL;
    unsigned at = 0;

    if (strlen(text) > SIZE_MAX_KIB * 1024)
        return fail(err, WRONG, _("the file has more than %d KiB"), SIZE_MAX_KIB);
    for (;;) {
        unsigned number = at + 1;
        g_autofree char *line = next_line(lines, &at);
        NspawnSetting *setting = NULL;

        if (!line)
            break;
        if (!*line || (*line == '[' && parse_section(line, &section)))
            continue;
        setting = parse_setting(line, section, number);
        if (!setting)
            return fail(err, WRONG, _("line %u is neither a section nor a setting in one: '%.60s'"),
                        number, line);
        g_ptr_array_add(settings, setting);
    }
    *ret_settings = g_steal_pointer(&settings);
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool nspawn_parse_bool(const char *text, bool *ret_bool)
{
    static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", NULL };
    static const char *const no[] = { "0", "no", "n", "false", "f", "off", NULL };
    g_autofree char *lower = g_ascii_strdown(text, -1);

    if (g_strv_contains(yes, lower))
        *ret_bool = true;
    else if (g_strv_contains(no, lower))
        *ret_bool = false;
    else
        return false;
    return true;
}

char **nspawn_words(const char *value)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    const char *at = value + strspn(value, BLANKS);

    while (*at) {
        GString *word = g_string_new(NULL);
        char quote = '\0';

        for (; *at && (quote || !strchr(BLANKS, *at)); at++) {
            if (quote ? *at == quote : *at == '"' || *at == '\'')
                quote = quote ? '\0' : *at;
            else
                g_string_append_c(word, *at);
        }
        g_ptr_array_add(words, g_string_free(word, FALSE));
        if (quote)
            return NULL;
        at += strspn(at, BLANKS);
    }
    g_ptr_array_add(words, NULL);
    g_ptr_array_set_free_func(words, NULL); /* they go to the caller */
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* A single quote cannot stand in single quotes, so double ones hold it. */
char *nspawn_quote(const char *word)
{
    GString *out = g_string_new(NULL);

    if (*word && !word[strcspn(word, BLANKS "'\"\\")])
        return g_string_free(g_string_append(out, word), FALSE);
    g_string_append_c(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            g_string_append(out, "'\"'\"'");
        else
            g_string_append_c(out, *word);
    }
    return g_string_free(g_string_append_c(out, '\''), FALSE);
}

char **nspawn_parts(const char *value)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    GString *part = g_string_new(NULL);

    for (; *value; value++) {
        if (*value == ':') {
            g_ptr_array_add(parts, g_string_free(part, FALSE));
            part = g_string_new(NULL);
            continue;
        }
        if (*value == '\\' && value[1])
            value++;
        g_string_append_c(part, *value);
    }
    g_ptr_array_add(parts, g_string_free(part, FALSE));
    g_ptr_array_add(parts, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&parts), FALSE);
}

char *nspawn_escape(const char *part)
{
    GString *out = g_string_new(NULL);

    for (; *part; part++) {
        if (strchr(":\\", *part))
            g_string_append_c(out, '\\');
        g_string_append_c(out, *part);
    }
    return g_string_free(out, FALSE);
}

bool nspawn_fits(const char *text)
{
    size_t length = strlen(text);

    return !strpbrk(text, "\r\n") &&
           (!length || (!strchr(BLANKS, *text) && !strchr(BLANKS, text[length - 1]))) &&
           !ends_escaping(text, length);
}
