// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * [Exec] of a .nspawn file: the command, its environment, names. systemd-nspawn takes Parameters=
 * only when Boot= or ProcessTwo= is there as well, so that one of them is always written.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/arch.h"
#include "conf/native-command.h"
#include "conf/nspawn.h"
#include "conf/record.h"
#include "conf/value.h"

#define EXEC "Exec"
#define BOOT_INIT "/sbin/init" /* the last that systemd-nspawn looks for, and the one all have */

/* ---- the command ----------------------------------------------------------------------------- */

static bool read_boot(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    import->boot_given = true;
    return nspawn_read_yes(setting, &import->boot, err);
}

static bool is_booted(const NspawnExport *export)
{
    return strcmp(export->def->os.init, BOOT_INIT) == 0;
}

static void write_boot(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row, is_booted(export) ? "yes" : "no");
}

static bool read_parameters(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);

    if (!words)
        return nspawn_refuse(setting, err);
    if (!*words)
        g_ptr_array_set_size(import->words, 0);
    for (char **word = words; *word; word++)
        g_ptr_array_add(import->words, g_strdup(*word));
    return true;
}

static void write_parameters(NspawnExport *export, const NspawnRow *row)
{
    const OsDef *os = &export->def->os;
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    if (!is_booted(export))
        g_ptr_array_add(words, os->init);
    for (size_t i = 0; i < os->initargs.n; i++)
        g_ptr_array_add(words, os->initargs.items[i]);
    if (words->len)
        nspawn_put_words(export, row, words);
}

/* Without a word on either, a machine is booted: that is how machinectl starts it. */
bool nspawn_finish_exec(NspawnImport *import, GError **err)
{
    OsDef *os = &import->def->os;
    bool boot = import->boot_given ? import->boot : import->words->len == 0;

    os->type = g_strdup("exe");
    if (boot || !import->words->len)
        os->init = g_strdup(boot ? BOOT_INIT : "/bin/sh");
    for (guint i = 0; i < import->words->len; i++)
        if (!native_command_add(import->result, import->words->pdata[i]))
            return fail(err, ERR(LXC, INVALID_ARG), _("the first word of '%s=' is empty"),
                        "Parameters");
    return true;
}

/* ---- environment, user, directory ------------------------------------------------------------ */

static void forget_environment(EnvVarList *list)
{
    for (size_t i = 0; i < list->n; i++) {
        g_free(list->items[i]->name);
        g_free(list->items[i]->value);
        g_free(list->items[i]);
    }
    g_clear_pointer(&list->items, g_free);
    list->n = 0;
}

static bool read_environment(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_auto(GStrv) words = nspawn_words(setting->value);

    if (!words)
        return nspawn_refuse(setting, err);
    if (!*words)
        forget_environment(&import->def->os.initenv);
    for (char **word = words; *word; word++) {
        const char *equals = strchr(*word, '=');
        EnvVar *variable = NULL;

        if (!equals || equals == *word)
            return nspawn_note(import, setting); /* the value would be systemd-nspawn's own */
        variable = g_new0(EnvVar, 1);
        variable->name = g_strndup(*word, (gsize)(equals - *word));
        variable->value = g_strdup(equals + 1);
        record_list_append(&import->def->os.initenv, variable);
    }
    return true;
}

static void write_environment(NspawnExport *export, const NspawnRow *row)
{
    const EnvVarList *list = &export->def->os.initenv;

    for (size_t i = 0; i < list->n; i++) {
        const char *value = list->items[i]->value;
        g_autofree char *word = g_strconcat(list->items[i]->name, "=", value ? value : "", NULL);
        g_autofree char *quoted = nspawn_quote(word);

        nspawn_put(export, row, quoted);
    }
}

static bool read_user(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_clear_pointer(&import->def->os.inituser, g_free);
    if (*setting->value && strcmp(setting->value, "root") != 0)
        import->def->os.inituser = g_strdup(setting->value);
    return true;
}

static void write_user(NspawnExport *export, const NspawnRow *row)
{
    if (export->def->os.inituser)
        nspawn_put(export, row, export->def->os.inituser);
}

static bool read_directory(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_clear_pointer(&import->def->os.initdir, g_free);
    if (strcmp(setting->value, "/") != 0)
        import->def->os.initdir = g_strdup(setting->value);
    return true;
}

static void write_directory(NspawnExport *export, const NspawnRow *row)
{
    const char *dir = export->def->os.initdir;

    nspawn_put(export, row, dir ? dir : "/"); /* else it is the user's home */
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool read_hostname(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    g_free(import->hostname);
    import->hostname = g_strdup(setting->value);
    return true;
}

static void write_hostname(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row, export->plan->hostname);
}

static bool read_machine_id(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    return value_parse_uuid(setting->value, import->def->uuid) || nspawn_refuse(setting, err);
}

static void write_machine_id(NspawnExport *export, const NspawnRow *row)
{
    g_autofree char *uuid = value_format_uuid(export->def->uuid);

    nspawn_put(export, row, uuid);
}

typedef struct Personality {
    const char *name; /* systemd's */
    const char *arch;
} Personality;

/* clang-format off */
static const Personality personalities[] = {
    { "x86-64", "x86_64" },
    { "x86",    "i686" },
    { "arm64",  "aarch64" },
    { "arm",    "armv7l" },
    { "s390x",  "s390x" },
    { "s390",   "s390" },
    { "ppc64",  "ppc64" },
    { "ppc",    "ppc" },
};
/* clang-format on */

static bool read_personality(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    const char *host = import->host->arch;

    for (size_t i = 0; i < G_N_ELEMENTS(personalities); i++)
        if (strcmp(personalities[i].name, setting->value) == 0 &&
            (strcmp(personalities[i].arch, host) == 0 ||
             g_strcmp0(personalities[i].arch, arch_partner(host)) == 0)) {
            g_free(import->def->os.arch);
            import->def->os.arch = g_strdup(personalities[i].arch);
            return true;
        }
    return nspawn_note(import, setting);
}

static void write_personality(NspawnExport *export, const NspawnRow *row)
{
    const char *arch = export->def->os.arch;

    if (!export->plan->init.personality_32bit)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(personalities); i++)
        if (strcmp(personalities[i].arch, arch) == 0) {
            nspawn_put(export, row, personalities[i].name);
            return;
        }
    nspawn_export_note(export, _("the personality is that of '%s'"), arch);
}

/* ---- files that systemd-nspawn would touch ----------------------------------------------------
 */

static bool read_resolv_conf(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    if (strcmp(setting->value, "bind-host") == 0)
        import->def->extension.generate_resolv = CHOICE_YES;
    else if (strcmp(setting->value, "off") != 0)
        return nspawn_note(import, setting);
    return true;
}

static void write_resolv_conf(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row,
               export->def->extension.generate_resolv == CHOICE_YES ? "bind-host" : "off");
}

static void write_off(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row, "off");
}

static void write_no(NspawnExport *export, const NspawnRow *row)
{
    nspawn_put(export, row, "no");
}

static bool read_signal(NspawnImport *import, const NspawnSetting *setting, GError **err)
{
    if (value_parse_signal(setting->value) < 0)
        return nspawn_note(import, setting);
    g_free(import->def->extension.stop_signal);
    import->def->extension.stop_signal = g_strdup(setting->value);
    return true;
}

static void write_signal(NspawnExport *export, const NspawnRow *row)
{
    if (export->def->extension.stop_signal)
        nspawn_put(export, row, export->def->extension.stop_signal);
}

/* It is on the terminal that systemd-nspawn runs on. */
static const char console_said[] = "devices/console/@type=pty devices/console/target/@type=lxc "
                                   "devices/console/target/@port=0";

/* clang-format off */
const NspawnRow nspawn_exec_rows[] = {
    { EXEC, "Boot",             read_boot,        write_boot,        console_said },
    { EXEC, "ProcessTwo",       NULL,             NULL },
    { EXEC, "Parameters",       read_parameters,  write_parameters,  "os/init os/initarg" },
    { EXEC, "Environment",      read_environment, write_environment, "os/initenv os/initenv/@name" },
    { EXEC, "User",             read_user,        write_user,        "os/inituser" },
    { EXEC, "WorkingDirectory", read_directory,   write_directory,   "os/initdir" },
    { EXEC, "Hostname",         read_hostname,    write_hostname,    NSPAWN_EXTENSION "hostname/@name" },
    { EXEC, "MachineID",        read_machine_id,  write_machine_id },
    { EXEC, "Personality",      read_personality, write_personality, "os/type/@arch" },
    { EXEC, "KillSignal",       read_signal,      write_signal,      NSPAWN_EXTENSION "stop/@signal" },
    { EXEC, "ResolvConf",       read_resolv_conf, write_resolv_conf, NSPAWN_EXTENSION "generate/@resolvConf" },
    { EXEC, "Timezone",         NULL,             write_off },
    { EXEC, "LinkJournal",      NULL,             write_no },
    { EXEC, "NotifyReady",      NULL,             NULL },
    { EXEC, "SuppressSync",     NULL,             NULL },
    { NULL },
};
/* clang-format on */
