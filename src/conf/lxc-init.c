// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What a container is called, its init with arguments, environment and signals, and the terminals
 * that init gets.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/arch.h"
#include "conf/compile.h"
#include "conf/device.h"
#include "conf/domain-records.h"
#include "conf/lxc-format.h"
#include "conf/value.h"

#define FIELD(name) offsetof(DomainDef, name)
#define TTY_MAX 64

/* ---- name and architecture ------------------------------------------------------------------- */

/* The host name of a domain is its name without what hosts cannot be called. */
static bool read_name(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    DomainDef *def = in->def;
    g_autofree char *hostname = NULL;

    if (strchr(line->value, '/'))
        return fail(err, ERR(DOMAIN, XML_ERROR), _("'%s' cannot be the name of a domain"),
                    line->value);
    g_free(def->name);
    def->name = g_strdup(line->value);
    g_clear_pointer(&def->extension.hostname, g_free);
    hostname = compile_hostname(def);
    if (strcmp(hostname, def->name) == 0)
        return true;
    if (value_is_hostname(def->name))
        def->extension.hostname = g_strdup(def->name);
    else
        lxc_note(in, line, _("a host cannot be called so"));
    return true;
}

static void write_name(LxcExport *out, const LxcKey *key)
{
    const char *hostname = out->def->extension.hostname;

    if (hostname && strcmp(hostname, out->def->name) != 0)
        lxc_put_comment(out, "name = %s", out->def->name);
    lxc_put(out, key->key, hostname ? hostname : out->def->name);
}

/* LXC's and Debian's words for what libvirt calls otherwise. */
typedef struct ArchName {
    const char *lxc;
    const char *libvirt;
} ArchName;

static const ArchName arch_names[] = {
    {"x86",      "i686"   },
    { "i386",    "i686"   },
    { "i486",    "i686"   },
    { "i586",    "i686"   },
    { "linux32", "i686"   },
    { "amd64",   "x86_64" },
    { "armel",   "armv7l" },
    { "armhf",   "armv7l" },
    { "arm64",   "aarch64"},
    { "powerpc", "ppc"    },
    { "ppc64el", "ppc64le"},
};

static bool read_arch(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const char *name = line->value;

    for (size_t i = 0; i < G_N_ELEMENTS(arch_names); i++)
        if (strcmp(arch_names[i].lxc, line->value) == 0)
            name = arch_names[i].libvirt;
    if (!arch_runs(in->host->arch, name)) {
        lxc_note(in, line, _("this host runs no such containers"));
        return true;
    }
    g_free(in->def->os.arch);
    in->def->os.arch = g_strdup(name);
    return true;
}

static void write_arch(LxcExport *out, const LxcKey *key)
{
    lxc_put(out, key->key, out->def->os.arch);
}

/* ---- init ------------------------------------------------------------------------------------ */

/* LXC splits at blanks and knows no quotes. */
static bool read_command(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    OsDef *os = &in->def->os;
    g_auto(GStrv) words = g_strsplit(line->value, " ", -1);

    g_clear_pointer(&os->init, g_free);
    record_strings_clear(&os->initargs);
    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        if (os->init)
            record_list_append(&os->initargs, g_strdup(*word));
        else
            os->init = g_strdup(*word);
    }
    if (!os->init)
        return fail(err, LXC_BAD_VALUE, _("there is no command"));
    return true;
}

static bool is_one_word(const char *text)
{
    return *text && !strpbrk(text, " \n");
}

static void write_command(LxcExport *out, const LxcKey *key)
{
    const OsDef *os = &out->def->os;
    g_autoptr(GString) command = g_string_new(os->init);
    bool can = is_one_word(os->init);

    for (size_t i = 0; i < os->initargs.n; i++) {
        can = can && is_one_word(os->initargs.items[i]);
        g_string_append_printf(command, " %s", os->initargs.items[i]);
    }
    if (can)
        lxc_put(out, key->key, command->str);
    else
        lxc_put_comment(out, _("%s: %s (LXC's arguments cannot be empty or have blanks)"), key->key,
                        command->str);
}

/* Without the line, init would be root. */
static void write_id(LxcExport *out, const LxcKey *key)
{
    const char *id = *(char *const *)((const char *)out->def + key->offset);
    int64_t number;

    if (!id)
        return;
    if (value_parse_number(id, &number))
        lxc_put(out, key->key, id);
    else
        lxc_refuse(out, g_strdup_printf(_("LXC takes users and groups by number, not '%s'"), id));
}

static bool read_id(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    int64_t number;

    return lxc_parse_number(line->value, 0, UINT32_MAX - 1, &number, err) &&
           lxc_read_string(in, key, line, err);
}

static bool read_environment(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    const char *equals = strchr(line->value, '=');
    EnvVar *variable = NULL;

    if (!equals) {
        lxc_note(in, line, _("nothing of the host's environment is inherited"));
        return true;
    }
    if (equals == line->value)
        return fail(err, LXC_BAD_VALUE, _("the variable has no name"));
    variable = g_new0(EnvVar, 1);
    variable->name = g_strndup(line->value, (gsize)(equals - line->value));
    variable->value = g_strdup(equals + 1);
    record_list_append(&in->def->os.initenv, variable);
    return true;
}

static void write_environment(LxcExport *out, const LxcKey *key)
{
    const OsDef *os = &out->def->os;

    for (size_t i = 0; i < os->initenv.n; i++) {
        const EnvVar *variable = os->initenv.items[i];

        lxc_put_format(out, key->key, "%s=%s", variable->name,
                       variable->value ? variable->value : "");
    }
    if (os->cmdline)
        lxc_put_format(out, key->key, "LIBVIRT_LXC_CMDLINE=%s", os->cmdline);
}

static bool read_stop_signal(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    if (value_parse_signal(line->value) < 0)
        return fail(err, LXC_BAD_VALUE, _("there is no signal called '%s'"), line->value);
    return lxc_read_string(in, key, line, err);
}

/* What LXC does when the key is not there is what happens here. */
static bool read_other_signal(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    int usual = strcmp(key->key, "lxc.signal.stop") == 0 ? value_parse_signal("KILL")
                                                         : value_parse_signal("INT");

    if (value_parse_signal(line->value) != usual)
        lxc_note(in, line, NULL);
    return true;
}

/* ---- terminals ------------------------------------------------------------------------------- */

static void add_console(LxcImport *in)
{
    device_add(in->def, &console_class, record_new(console_class.record));
}

static bool read_ttys(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    int64_t number = 0;

    if (!lxc_parse_number(line->value, 0, TTY_MAX, &number, err))
        return false;
    record_list_clear(console_class.record, &in->def->consoles);
    for (int64_t i = 0; i < number; i++)
        add_console(in);
    return true;
}

static void write_ttys(LxcExport *out, const LxcKey *key)
{
    lxc_put_format(out, key->key, "%zu", out->def->consoles.n);
}

/* The first console is LXC's; it has to be there before something can be said of it. */
static bool read_console(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->console = line;
    if (strcmp(line->value, "none") != 0)
        lxc_note(in, line, NULL);
    return true;
}

static bool read_console_log(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    in->console_log = line;
    return true;
}

static void finish_consoles(LxcImport *in)
{
    Chardev *first = NULL;

    if (!in->def->consoles.n)
        add_console(in); /* LXC's containers have a /dev/console in any case */
    first = &in->def->consoles.items[0]->source;
    if (in->console && strcmp(in->console->value, "none") == 0)
        first->type = CHARDEV_NULL;
    if (!in->console_log)
        return;
    first->log_file = g_strdup(in->console_log->value);
    first->log_append = SWITCH_ON;
}

static void write_console(LxcExport *out, const LxcKey *key)
{
    const ConsoleList *list = &out->def->consoles;

    for (size_t i = 0; i < list->n; i++) {
        const Chardev *source = &list->items[i]->source;

        if (i == 0 && source->type == CHARDEV_NULL)
            lxc_put(out, key->key, "none");
        else if (source->type != CHARDEV_PTY)
            lxc_put_comment(out, "devices/console/@type = %s", chardev_type_names[source->type]);
    }
}

static void write_console_log(LxcExport *out, const LxcKey *key)
{
    const ConsoleList *list = &out->def->consoles;

    for (size_t i = 0; i < list->n; i++) {
        const char *log = list->items[i]->source.log_file;

        if (i == 0 && log)
            lxc_put(out, key->key, log);
        else if (log)
            lxc_put_comment(out, "devices/console/log/@file = %s", log);
    }
}

static void write_pty(LxcExport *out, const LxcKey *key)
{
    lxc_put(out, key->key, "1024"); /* /dev/pts stays empty without it */
}

static bool read_autodev(LxcImport *in, const LxcKey *key, const LxcLine *line, GError **err)
{
    if (strcmp(line->value, "1") != 0)
        lxc_note(in, line, _("a container always has a /dev of its own"));
    return true;
}

static void write_autodev(LxcExport *out, const LxcKey *key)
{
    lxc_put(out, key->key, "1");
}

/* ---- all ------------------------------------------------------------------------------------- */

bool lxc_init_finish(LxcImport *in, GError **err)
{
    DomainDef *def = in->def;

    if (!def->name)
        return fail(err, LXC_BAD,
                    _("there is no line with '%s', which is what the domain would be called"),
                    "lxc.uts.name");
    def->os.type = g_strdup("exe");
    if (!def->os.init)
        def->os.init = g_strdup("/sbin/init");
    finish_consoles(in);
    return true;
}

#define CONSOLE "devices/console/"

/* clang-format off */
const LxcKey lxc_init_keys[] = {
    { "lxc.uts.name",           read_name,        write_name,       .says = "virtlxcd:container/virtlxcd:hostname/@name" },
    { "lxc.arch",               read_arch,        write_arch,       .says = "os/type/@arch" },
    { "lxc.init.cmd",           read_command,     write_command,    .says = "os/init os/initarg" },
    { "lxc.init.cwd",           lxc_read_string,  lxc_write_string, FIELD(os.initdir),
                                .says = "os/initdir" },
    { "lxc.init.uid",           read_id,          write_id,         FIELD(os.inituser),
                                .says = "os/inituser" },
    { "lxc.init.gid",           read_id,          write_id,         FIELD(os.initgroup),
                                .says = "os/initgroup" },
    { "lxc.environment",        read_environment, write_environment,
                                .says = "os/initenv os/initenv/@name os/cmdline" },
    { "lxc.environment.runtime", read_environment },
    { "lxc.signal.halt",        read_stop_signal, lxc_write_string, FIELD(extension.stop_signal),
                                .says = "virtlxcd:container/virtlxcd:stop/@signal" },
    { "lxc.signal.reboot",      read_other_signal },
    { "lxc.signal.stop",        read_other_signal },
    { "lxc.tty.max",            read_ttys,        write_ttys,       .says = CONSOLE "target/@type=lxc " CONSOLE "target/@port" },
    { "lxc.console.path",       read_console,     write_console,    .says = CONSOLE "@type" },
    { "lxc.console.logfile",    read_console_log, write_console_log, .says = CONSOLE "log/@file " CONSOLE "log/@append=on" },
    { "lxc.pty.max",            lxc_read_nothing, write_pty },
    { "lxc.autodev",            read_autodev,     write_autodev },
    { NULL },
};
/* clang-format on */
