// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The format `lxc-tools`: configurations of LXC in both directions. A line finds its row, and what
 * no row says is a note; a definition is written row by row, and what no row says is a comment.
 * docs/native-formats.md has the decisions.
 */
#include "conf/lxc-format.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/native-rest.h"
#include "conf/record.h"
#include "conf/value.h"

/* In the order of the output. */
static const LxcKey *const tables[] = {
    lxc_init_keys,  lxc_root_keys,   lxc_mount_keys,     lxc_net_keys,      lxc_cgroup_keys,
    lxc_blkio_keys, lxc_device_keys, lxc_namespace_keys, lxc_security_keys, lxc_other_keys,
};

/* ---- keys ------------------------------------------------------------------------------------ */

static bool matches(const LxcKey *row, const char *key)
{
    size_t length = strlen(row->key);

    if (row->key[length - 1] == '.')
        return g_str_has_prefix(key, row->key) && key[length];
    return strcmp(row->key, key) == 0;
}

static const LxcKey *find_key(const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const LxcKey *row = tables[i]; row->key; row++)
            if (matches(row, key))
                return row;
    return NULL;
}

void lxc_note(LxcImport *in, const LxcLine *line, const char *why)
{
    native_note(in->result, _("line %u: %s = %s%s%s%s"), line->number, line->written, line->value,
                why ? " (" : "", why ? why : "", why ? ")" : "");
}

void lxc_note_words(LxcImport *in, const LxcLine *line, const char *format, const GString *words)
{
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2); /* it may be a translation */
    g_autofree char *why = g_strjoinv(words->str, parts);

    if (words->len)
        lxc_note(in, line, why);
}

void lxc_add_word(GString *words, const char *word)
{
    g_string_append_printf(words, "%s%s", words->len ? " " : "", word);
}

/* ---- plain kinds ----------------------------------------------------------------------------- */

bool lxc_read_string(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    char **field = (char **)((char *)in->def + key->offset);

    g_free(*field);
    *field = g_strdup(line->value);
    return true;
}

void lxc_write_string(LxcExport *out, const LxcKey *key)
{
    const char *text = *(char *const *)((const char *)out->def + key->offset);

    if (text)
        lxc_put(out, key->key, text);
}

bool lxc_read_number(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    OptNumber *field = (OptNumber *)((char *)in->def + key->offset);
    int64_t number = 0;

    if (!lxc_parse_number(line->value, key->min, key->max, &number, err))
        return false;
    *field = (OptNumber){ .set = true, .value = number };
    return true;
}

void lxc_write_number(LxcExport *out, const LxcKey *key)
{
    const OptNumber *number = (const OptNumber *)((const char *)out->def + key->offset);

    if (!number->set)
        return;
    if (key->min != key->max && (number->value < key->min || number->value > key->max))
        lxc_put_comment(out, "%s: %" G_GINT64_FORMAT, key->key, number->value);
    else
        lxc_put_format(out, key->key, "%" G_GINT64_FORMAT, number->value);
}

bool lxc_read_choice(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    int64_t number = 0;

    if (!lxc_parse_number(line->value, 0, 1, &number, err))
        return false;
    *(Choice *)((char *)in->def + key->offset) = number ? CHOICE_YES : CHOICE_NO;
    return true;
}

void lxc_write_choice(LxcExport *out, const LxcKey *key)
{
    Choice choice = *(const Choice *)((const char *)out->def + key->offset);

    if (choice != CHOICE_ABSENT)
        lxc_put(out, key->key, choice == CHOICE_YES ? "1" : "0");
}

bool lxc_read_nothing(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool lxc_parse_number(const char *text, int64_t min, int64_t max, int64_t *ret_number, GError **err)
{
    int64_t number = 0;

    if (!value_parse_number(text, &number) || (min != max && (number < min || number > max)))
        return fail(err, LXC_BAD_VALUE, _("'%s' is no number that can stand here"), text);
    *ret_number = number;
    return true;
}

bool lxc_parse_bytes(const char *text, int64_t *ret_bytes, GError **err)
{
    size_t digits = strspn(text, "0123456789");
    g_autofree char *number_text = g_strndup(text, digits);
    int64_t number = 0;
    uint64_t bytes = 0;

    if (!value_parse_number(number_text, &number) || (text[digits] && text[digits + 1]) ||
        !value_scale((uint64_t)number, text + digits, 1, &bytes, NULL))
        return fail(err, LXC_BAD_VALUE, _("'%s' is no size in bytes"), text);
    *ret_bytes = (int64_t)bytes;
    return true;
}

/* ---- output ---------------------------------------------------------------------------------- */

void lxc_put(LxcExport *out, const char *key, const char *value)
{
    if (lxc_config_can_write(value))
        lxc_config_write(out->out, key, value);
    else
        lxc_put_comment(out, "%s: %s", key, value);
}

void lxc_put_format(LxcExport *out, const char *key, const char *format, ...)
{
    g_autofree char *value = NULL;
    va_list args;

    va_start(args, format);
    value = g_strdup_vprintf(format, args);
    va_end(args);
    lxc_put(out, key, value);
}

void lxc_put_comment(LxcExport *out, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strdup_printf(_("not said: %s"), text);
    lxc_config_write_comment(out->out, line);
}

void lxc_refuse(LxcExport *out, char *why)
{
    g_free(out->refusal);
    out->refusal = why;
}

/* ---- import ---------------------------------------------------------------------------------- */

static bool read_line(LxcImport *in, const LxcLine *line, GError **err)
{
    const LxcKey *key = find_key(line->key);

    if (!key)
        lxc_note(in, line, _("not a key that is known"));
    else if (!key->read)
        lxc_note(in, line, key->why ? _(key->why) : NULL);
    else if (!key->read(in, key, line, err))
        return fail_while(err, _("line %u: '%s'"), line->number, line->written);
    return true;
}

static bool finish(LxcImport *in, GError **err)
{
    lxc_namespaces_finish(in);
    lxc_security_finish(in);
    lxc_devices_finish(in); /* who may make nodes is known now */
    if (!lxc_init_finish(in, err) || !lxc_root_finish(in, err) || !lxc_net_finish(in, err))
        return false;
    lxc_mount_finish(in);
    lxc_cgroup_finish(in);
    return true;
}

static bool import(const char *text, const DomainDefHost *host, NativeResult *result, GError **err)
{
    LxcImport in = { .result = result, .def = result->def, .host = host };
    g_autoptr(GPtrArray) lines = lxc_config_read(text, err);
    bool done = lines != NULL;

    for (guint i = 0; done && i < lines->len; i++)
        done = read_line(&in, lines->pdata[i], err);
    done = done && finish(&in, err);
    lxc_devices_free(&in);
    lxc_net_free(&in);
    return done;
}

/* ---- export ---------------------------------------------------------------------------------- */

static void write_rest(const char *path, const char *value, void *data)
{
    lxc_put_comment(data, "%s%s%s", path, *value ? " = " : "", value);
}

static bool export(const DomainDef *def, const DomainDefHost *host, char **ret_text, GError **err)
{
    LxcExport out = { .def = def, .host = host, .out = g_string_new(NULL) };
    g_autoptr(GPtrArray) said = g_ptr_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const LxcKey *key = tables[i]; key->key; key++) {
            if (key->write)
                key->write(&out, key);
            if (key->says)
                g_ptr_array_add(said, (char *)key->says);
        }
    native_rest(def, said, write_rest, &out);
    if (out.refusal) {
        (void)fail(err, ERR(LXC, CONFIG_UNSUPPORTED), "%s", out.refusal); /* always false */
        g_free(out.refusal);
        g_string_free(out.out, TRUE);
        return false;
    }
    *ret_text = g_string_free(out.out, FALSE);
    return true;
}

const NativeFormat lxc_format = { "lxc-tools", import, export };
