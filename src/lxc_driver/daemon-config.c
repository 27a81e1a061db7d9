// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See daemon-config.h. The syntax is that of all libvirt daemons:
 *
 *     key = 5            number
 *     key = "text"       or 'text'; three double quotes may span lines
 *     key = [ "a", "b" ] list of texts, over as many lines as it likes
 *     # comment
 *
 * The reader knows three kinds of value; the table says which one a key wants and where it goes.
 */
#include "lxc_driver/daemon-config.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "lxc_driver/host.h"

#include <inttypes.h>
#include <string.h>

typedef enum ValueKind { VALUE_NUMBER, VALUE_TEXT, VALUE_LIST } ValueKind;

typedef struct Value {
    ValueKind kind;
    gint64 number;
    char *text;
    char **list;
} Value;

/* A key: its kind, its place in Config, and the numbers (or, for texts, the words) that are good.
 */
typedef struct Key {
    const char *name;
    ValueKind kind;
    size_t offset;
    gint64 min;
    gint64 max;
    const char *words; /* "|none|polkit|"; NULL: any text */
} Key;

#define AT(field) offsetof(Config, field)
#define MANY G_MAXINT32

/* What is asked for and not there yet (access control per call) is refused: nobody shall
 * believe to be protected by it. */
static const Key keys[] = {
    {"unix_sock_group",            VALUE_TEXT,   AT(unix_sock_group),           0,  0,    NULL                     },
    { "unix_sock_ro_perms",        VALUE_TEXT,   AT(unix_sock_ro_perms),        0,  0,    NULL                     },
    { "unix_sock_rw_perms",        VALUE_TEXT,   AT(unix_sock_rw_perms),        0,  0,    NULL                     },
    { "unix_sock_admin_perms",     VALUE_TEXT,   AT(unix_sock_admin_perms),     0,  0,    NULL                     },
    { "unix_sock_dir",             VALUE_TEXT,   AT(unix_sock_dir),             0,  0,    NULL                     },
    { "auth_unix_ro",              VALUE_TEXT,   AT(auth_unix_ro),              0,  0,    "|none|polkit|"          },
    { "auth_unix_rw",              VALUE_TEXT,   AT(auth_unix_rw),              0,  0,    "|none|polkit|"          },
    { "access_drivers",            VALUE_LIST,   AT(access_drivers),            0,  0,    "|none|"                 },
    { "network_run_dir",           VALUE_TEXT,   AT(network_run_dir),           0,  0,    NULL                     },
    { "host_uuid",                 VALUE_TEXT,   AT(host_uuid),                 0,  0,    NULL                     },
    { "host_uuid_source",          VALUE_TEXT,   AT(host_uuid_source),          0,  0,    "|smbios|machine-id|"    },
    { "log_filters",               VALUE_TEXT,   AT(log_filters),               0,  0,    NULL                     },
    { "log_outputs",               VALUE_TEXT,   AT(log_outputs),               0,  0,    NULL                     },
    { "log_level",                 VALUE_NUMBER, AT(log_level),                 0,  4,    NULL                     },
    { "console_log_max_size",      VALUE_NUMBER, AT(console_log_max_size),      0,  MANY, NULL                     },
    { "console_log_max_backups",   VALUE_NUMBER, AT(console_log_max_backups),   0,  99,   NULL                     },
    { "max_clients",               VALUE_NUMBER, AT(max_clients),               1,  MANY, NULL                     },
    { "max_queued_clients",        VALUE_NUMBER, AT(max_queued_clients),        0,  MANY, NULL                     },
    { "max_anonymous_clients",     VALUE_NUMBER, AT(max_anonymous_clients),     0,  MANY, NULL                     },
    { "max_client_requests",       VALUE_NUMBER, AT(max_client_requests),       1,  MANY, NULL                     },
    { "keepalive_interval",        VALUE_NUMBER, AT(keepalive_interval),        -1, MANY, NULL                     },
    { "keepalive_count",           VALUE_NUMBER, AT(keepalive_count),           0,  MANY, NULL                     },
    { "log_with_libvirtd",         VALUE_NUMBER, AT(log_with_libvirtd),         0,  1,    NULL                     },
    { "security_driver",           VALUE_TEXT,   AT(security_driver),           0,  0,    "|none|selinux|apparmor|"},
    { "security_default_confined", VALUE_NUMBER, AT(security_default_confined), 0,  1,    NULL                     },
    { "security_require_confined", VALUE_NUMBER, AT(security_require_confined), 0,  1,    NULL                     },
};

/* Where the reader stands. */
typedef struct Reader {
    const char *name;
    const char *at;
    unsigned line;
} Reader;

Config *config_new(void)
{
    Config *config = g_new0(Config, 1);

    config->unix_sock_ro_perms = g_strdup("0777");
    config->unix_sock_admin_perms = g_strdup("0700");
    config->console_log_max_size = 2 * 1024 * 1024;
    config->console_log_max_backups = 3;
    config->max_clients = 5000;
    config->max_queued_clients = 1000;
    config->max_anonymous_clients = 20;
    config->max_client_requests = 5;
    config->keepalive_interval = 5;
    config->keepalive_count = 5;
    config->security_default_confined = CONFIG_BY_MODEL;
    return config;
}

void config_free(Config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        void *place = (char *)config + keys[i].offset;
        if (keys[i].kind == VALUE_TEXT)
            g_free(*(char **)place);
        if (keys[i].kind == VALUE_LIST)
            g_strfreev(*(char ***)place);
    }
    g_free(config);
}

static void value_clear(Value *value)
{
    g_free(value->text);
    g_strfreev(value->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Value, value_clear)

/* Skips blanks and comments; ends of lines too when `lines` is set. */
static void skip(Reader *r, bool lines)
{
    for (;;) {
        if (*r->at == '#')
            r->at += strcspn(r->at, "\n");
        if (*r->at == '\n' && lines)
            r->line++;
        else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
            return;
        r->at++;
    }
}

static bool read_text(Reader *r, char **ret_text, GError **err)
{
    bool block = g_str_has_prefix(r->at, "\"\"\"");
    char quote[2] = { *r->at, 0 };
    const char *closing = block ? "\"\"\"" : quote;
    const char *start = r->at + strlen(closing);
    const char *end = strstr(start, closing);
    unsigned lines = 0;

    for (const char *p = start; end && p < end; p++)
        lines += *p == '\n';
    if (!end || (lines > 0 && !block))
        return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: text without a closing quote"), r->name,
                    r->line);
    *ret_text = g_strndup(start, (size_t)(end - start));
    r->at = end + strlen(closing);
    r->line += lines;
    return true;
}

static bool read_list(Reader *r, char ***ret_list, GError **err)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

    r->at++; /* the bracket */
    for (skip(r, true); *r->at != ']'; skip(r, true)) {
        char *item;
        if (*r->at != '"' && *r->at != '\'')
            return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: expecting a text or ']' in a list"),
                        r->name, r->line);
        if (!read_text(r, &item, err))
            return false;
        g_ptr_array_add(items, item);
        skip(r, true);
        if (*r->at == ',')
            r->at++;
        else if (*r->at != ']')
            return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: expecting ',' or ']' in a list"),
                        r->name, r->line);
    }
    r->at++;
    g_ptr_array_add(items, NULL);
    *ret_list = (char **)g_ptr_array_steal(items, NULL);
    return true;
}

static bool read_value(Reader *r, Value *value, GError **err)
{
    char *end;

    if (*r->at == '"' || *r->at == '\'') {
        value->kind = VALUE_TEXT;
        return read_text(r, &value->text, err);
    }
    if (*r->at == '[') {
        value->kind = VALUE_LIST;
        return read_list(r, &value->list, err);
    }
    value->kind = VALUE_NUMBER;
    value->number = g_ascii_strtoll(r->at, &end, 10);
    if (end == r->at)
        return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: expecting a value"), r->name, r->line);
    r->at = end;
    return true;
}

static const Key *find_key(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_str_equal(keys[i].name, name))
            return &keys[i];
    return NULL;
}

static bool check_word(const Reader *r, const Key *key, const char *text, GError **err)
{
    g_autofree char *word = g_strdup_printf("|%s|", text);

    if (strstr(key->words, word))
        return true;
    return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: '%s' cannot be '%s'"), r->name, r->line,
                key->name, text);
}

static bool check_value(const Reader *r, const Key *key, const Value *value, GError **err)
{
    static const char *const kinds[] = { N_("a number"), N_("a text"), N_("a list of texts") };

    if (value->kind != key->kind)
        return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: '%s' must be %s"), r->name, r->line,
                    key->name, _(kinds[key->kind]));
    if (key->kind == VALUE_NUMBER && (value->number < key->min || value->number > key->max))
        return fail(err, ERR(CONF, CONF_SYNTAX),
                    _("%s:%u: '%s' must be between %" PRId64 " and %" PRId64), r->name, r->line,
                    key->name, key->min, key->max);
    if (!key->words)
        return true;
    for (char **text = value->list; text && *text; text++)
        if (!check_word(r, key, *text, err))
            return false;
    return !value->text || check_word(r, key, value->text, err);
}

static void store_value(Config *config, const Key *key, Value *value)
{
    void *place = (char *)config + key->offset;

    switch (key->kind) {
    case VALUE_NUMBER:
        *(gint64 *)place = value->number;
        break;
    case VALUE_TEXT:
        g_free(*(char **)place);
        *(char **)place = g_steal_pointer(&value->text);
        break;
    case VALUE_LIST:
        g_strfreev(*(char ***)place);
        *(char ***)place = g_steal_pointer(&value->list);
        break;
    }
}

static bool read_setting(Reader *r, Config *config, GError **err)
{
    g_autofree char *name = NULL;
    g_auto(Value) value = { 0 };
    const Key *key;
    size_t length =
        strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

    name = g_strndup(r->at, length);
    r->at += length;
    skip(r, false);
    if (length == 0 || *r->at != '=')
        return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: expecting 'key = value'"), r->name,
                    r->line);
    r->at++;
    skip(r, false);
    if (!read_value(r, &value, err))
        return false;
    key = find_key(name);
    if (key && !check_value(r, key, &value, err))
        return false;
    if (key)
        store_value(config, key, &value);
    skip(r, false);
    if (*r->at && *r->at != '\n')
        return fail(err, ERR(CONF, CONF_SYNTAX), _("%s:%u: nothing may follow the value of '%s'"),
                    r->name, r->line, name);
    return true;
}

bool config_parse(Config *config, const char *name, const char *text, GError **err)
{
    Reader r = { .name = name, .at = text, .line = 1 };

    for (skip(&r, true); *r.at; skip(&r, true))
        if (!read_setting(&r, config, err))
            return false;
    return true;
}

bool config_read(Config *config, const char *path, GError **err)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;

    if (g_file_get_contents(path, &text, NULL, &problem))
        return config_parse(config, path, text, err);
    if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    return fail(err, ERR(CONF, SYSTEM_ERROR), _("cannot read the configuration: %s"),
                problem->message);
}

void config_warn(const Config *config)
{
    const struct {
        const char *name;
        bool is_set;
    } unused[] = {
        {"log_outputs",        config->log_outputs != NULL   },
        { "log_filters",       config->log_filters != NULL   },
        { "log_with_libvirtd", config->log_with_libvirtd != 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(unused); i++)
        if (unused[i].is_set)
            log_warning(_("the setting '%s' has no effect here"), unused[i].name);
    if (config->host_uuid && !host_uuid_is_good(config->host_uuid))
        log_warning(_("'%s' is no good uuid of a host and is not used"), config->host_uuid);
}
