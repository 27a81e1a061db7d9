// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * See nspawn.h. Whatever no row reads is noted, unless it says that something is off: then it is
 * said by not being there.
 */
#include "conf/nspawn.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device.h"
#include "conf/native-rest.h"
#include "conf/value.h"

#define WRONG ERR(LXC, INVALID_ARG)
#define OURS "X-virtlxcd"
#define MACHINES "/var/lib/machines/"

/* Nothing in these files says how much memory there is; a domain has to. */
#define MEMORY_DEFAULT_KIB (1024 * 1024)

/* ---- our own section ------------------------------------------------------------------------- */

static bool read_name(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_free(import->def->name);
    import->def->name = g_strdup(setting->value);
    return true;
}

static void write_name(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row, export->def->name);
}

static bool read_directory(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    if (*setting->value != '/')
        return nspawn_refuse(setting, err);
    g_free(import->directory);
    import->directory = g_strdup(setting->value);
    return true;
}

static void write_directory(NspawnExport *export, const NspawnRow *row)
{
    const PlanMount *root = &export->plan->mounts.items[0];

    if (root->kind == PLAN_MOUNT_HOST || root->kind == PLAN_MOUNT_OVERLAY)
        nspawn_put(export, row, root->source);
    else
        nspawn_export_note(export, _("the root is not a directory: give --image=%s"), root->source);
}

static bool read_memory(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    char *end = NULL;
    uint64_t number = g_ascii_strtoull(setting->value, &end, 10), kib = 0;

    if (end == setting->value || !value_scale(number, *end ? end : "b", 1024, &kib, NULL) || !kib)
        return nspawn_refuse(setting, err);
    import->memory = (OptNumber){ .set = true, .value = (int64_t)kib };
    return true;
}

static void write_memory(NspawnExport *export, const NspawnRow *row)
{
    g_autofree char *text = g_strdup_printf("%" PRIu64 "K", export->def->memory_kib);

    nspawn_put(export, row, text);
}

static bool read_title(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_free(import->def->title);
    import->def->title = g_strdup(setting->value);
    return true;
}

static void write_title(NspawnExport *export, const NspawnRow *row)
{
    if (export->def->title)
        nspawn_put(export, row, export->def->title);
}

static bool read_description(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_free(import->def->description);
    import->def->description = g_strdup(setting->value);
    return true;
}

static void write_description(NspawnExport *export, const NspawnRow *row)
{
    if (export->def->description)
        nspawn_put(export, row, export->def->description);
}

/* "GUEST MAC" of an interface that has a key of its own. */
static bool read_mac(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);
    uint8_t mac[6];

    if (!words || g_strv_length(words) != 2 || !value_parse_mac(words[1], mac))
        return nspawn_refuse(setting, err);
    g_hash_table_insert(import->macs, g_strdup(words[0]), g_strdup(words[1]));
    return true;
}

static void write_mac(NspawnExport *export, const NspawnRow *row)
{
    const InterfaceList *list = &export->def->interfaces;

    for (size_t i = 0; i < list->n; i++) {
        g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

        g_ptr_array_add(words, nspawn_guest_name(export, i));
        g_ptr_array_add(words, value_format_mac(list->items[i]->mac));
        if (words->pdata[0])
            nspawn_put_words(export, row, words);
    }
}

/* clang-format off */
static const NspawnRow own_rows[] = {
    { OURS, "Name",        read_name,        write_name },
    { OURS, "Directory",   read_directory,   write_directory },
    { OURS, "Memory",      read_memory,      write_memory,      "memory" },
    { OURS, "Title",       read_title,       write_title,       "title" },
    { OURS, "Description", read_description, write_description, "description" },
    { OURS, "MACAddress",  read_mac,         write_mac,         "devices/interface/mac/@address" },
    { NULL },
};
/* clang-format on */

static const NspawnRow *const all_rows[] = {
    own_rows, nspawn_exec_rows, nspawn_rights_rows, nspawn_files_rows, nspawn_network_rows, NULL,
};

/* ---- reading --------------------------------------------------------------------------------- */

bool nspawn_note(NspawnImport *import, const NspawnSetting *setting)
{
    native_note(import->result, "[%s] %s=%s", setting->section, setting->key, setting->value);
    return true;
}

bool nspawn_refuse(const NspawnSetting *setting, GError **err)
{
    return fail(err, WRONG, _("line %u: '%s=' cannot be '%s'"), setting->line, setting->key,
                setting->value);
}

bool nspawn_read_yes(const NspawnSetting *setting, bool *ret_bool, GError **err)
{
    return nspawn_parse_bool(setting->value, ret_bool) || nspawn_refuse(setting, err);
}

static const NspawnRow *find_row(const NspawnSetting *setting)
{
    for (const NspawnRow *const *rows = all_rows; *rows; rows++)
        for (const NspawnRow *row = *rows; row->section; row++)
            if (strcmp(row->section, setting->section) == 0 && strcmp(row->key, setting->key) == 0)
                return row;
    return NULL;
}

static bool read_setting(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    const NspawnRow *row = find_row(setting);
    bool is_on = true;

    if (row && row->read)
        return row->read(import, setting, err);
    if (row && nspawn_parse_bool(setting->value, &is_on) && !is_on)
        return true;
    return nspawn_note(import, setting);
}

/* The file is called like its machine, but only its text is here. */
static bool finish_name(NspawnImport *import, GError **err)
{
    DomainDef *def = import->def;
    g_autofree char *hostname = NULL;

    if (!def->name)
        def->name = g_strdup(import->hostname);
    if (!def->name || !*def->name)
        return fail(err, WRONG,
                    _("nothing says what the machine is called: give 'Hostname=' in [Exec] or "
                      "'Name=' in a section [%s]"),
                    OURS);
    hostname = compile_hostname(def);
    if (!import->hostname || strcmp(import->hostname, hostname) == 0)
        return true;
    if (value_is_hostname(import->hostname))
        def->extension.hostname = g_strdup(import->hostname);
    else
        native_note(import->result, _("'%s' cannot be a host name"), import->hostname);
    return true;
}

static void finish_root(NspawnImport *import)
{
    Filesystem *root = import->root;

    root->target = g_strdup("/");
    root->source = import->directory ? g_strdup(import->directory)
                                     : g_strconcat(MACHINES, import->def->name, NULL);
    if (!import->directory)
        native_note(import->result, _("no 'Directory=' in [%s]; the root is '%s'"), OURS,
                    root->source);
}

static void finish_memory(NspawnImport *import)
{
    import->def->memory_kib =
        import->memory.set ? (uint64_t)import->memory.value : MEMORY_DEFAULT_KIB;
    if (!import->memory.set)
        native_note(import->result, _("no 'Memory=' in [%s]; <memory> is %d MiB"), OURS,
                    MEMORY_DEFAULT_KIB / 1024);
}

static bool read_settings(NspawnImport *import, const GPtrArray *settings, GError **err)
{
    for (guint i = 0; i < settings->len; i++)
        if (!read_setting(import, settings->pdata[i], err))
            return false;
    if (!finish_name(import, err) || !nspawn_finish_exec(import, err))
        return false;
    finish_root(import);
    finish_memory(import);
    nspawn_finish_rights(import);
    nspawn_finish_files(import);
    nspawn_finish_network(import);
    return true;
}

static bool import(const char *text, const DomainDefHost *host, NativeResult *result, GError **err)
{
    g_autoptr(GPtrArray) settings = NULL;
    NspawnImport import = { .result = result, .def = result->def, .host = host };
    bool done;

    if (!nspawn_parse(text, &settings, err))
        return false;
    import.macs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    import.words = g_ptr_array_new_with_free_func(g_free);
    import.root = record_new(filesystem_class.record);
    device_add(import.def, &filesystem_class, import.root);
    device_add(import.def, &console_class, record_new(console_class.record));
    done = read_settings(&import, settings, err);
    g_ptr_array_unref(import.words);
    g_hash_table_unref(import.macs);
    g_free(import.directory);
    g_free(import.hostname);
    return done;
}

/* ---- writing --------------------------------------------------------------------------------- */

void nspawn_export_note(NspawnExport *export, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    record_list_append(&export->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void nspawn_put(NspawnExport *export, const NspawnRow *row, const char *value)
{
    if (!nspawn_fits(value)) {
        nspawn_export_note(export, _("no line can hold the value of '%s=': '%s'"), row->key, value);
        return;
    }
    if (g_strcmp0(export->section, row->section) != 0)
        g_string_append_printf(export->out, "%s[%s]\n", export->section ? "\n" : "", row->section);
    export->section = row->section;
    g_string_append_printf(export->out, "%s=%s\n", row->key, value);
}

void nspawn_put_words(NspawnExport *export, const NspawnRow *row, const GPtrArray *words)
{
    g_autoptr(GString) value = g_string_new(NULL);

    for (guint i = 0; i < words->len; i++) {
        g_autofree char *word = nspawn_quote(words->pdata[i]);

        g_string_append_printf(value, "%s%s", i ? " " : "", word);
    }
    nspawn_put(export, row, value->str);
}

static void note_part(const char *path, const char *value, void *data)
{
    nspawn_export_note(data, "%s%s%s", path, *value ? " = " : "", value);
}

/* Memory= tells us, not systemd-nspawn. */
static void note_memory(NspawnExport *export)
{
    const PlanCgroup *group = &export->plan->cgroup;

    for (uint32_t i = 0; i < group->settings.len; i++)
        if (group->settings.items[i].knob == PLAN_KNOB_MEMORY_HARD)
            nspawn_export_note(export,
                               _("the memory is limited with --property=MemoryMax=%" PRId64),
                               group->settings.items[i].number);
}

static void write_rows(NspawnExport *export)
{
    g_autoptr(GPtrArray) said = g_ptr_array_new();

    for (const NspawnRow *const *rows = all_rows; *rows; rows++)
        for (const NspawnRow *row = *rows; row->section; row++) {
            if (row->write)
                row->write(export, row);
            if (row->says)
                g_ptr_array_add(said, (char *)row->says);
        }
    note_memory(export);
    nspawn_note_network(export);
    native_rest(export->def, said, note_part, export);
}

/* The notes stand in front, where they are seen. */
static char *with_notes(const NspawnExport *export)
{
    GString *text = NULL;

    if (!export->notes.n)
        return g_strdup(export->out->str);
    text = g_string_new(NULL);
    g_string_append_printf(text, "# %s\n", _("Not said by this file:"));
    for (size_t i = 0; i < export->notes.n; i++) {
        g_autofree char *line = g_strdelimit(g_strdup(export->notes.items[i]), "\r\n", ' ');

        g_string_append_printf(text, "#   %s\n", line);
    }
    g_string_append_printf(text, "\n%s", export->out->str);
    return g_string_free(text, FALSE);
}

static bool export(const DomainDef *def, const DomainDefHost *host, char **ret_text, GError **err)
{
    g_autoptr(Plan) plan = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    NspawnExport export = { .def = def, .host = host, .out = out };

    if (!domain_def_compile(def, host, &plan, err))
        return false;
    export.plan = plan;
    write_rows(&export);
    *ret_text = with_notes(&export);
    record_strings_clear(&export.notes);
    return true;
}

const NativeFormat nspawn_format = { "nspawn", import, export };
