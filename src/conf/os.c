// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <os>: the init command and the architecture. What else may be in the element (boot order,
 * firmware, a kernel) is only for machines that boot: libvirt reads none of it for a container, and
 * here it is left out like anything that is not known.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/arch.h"
#include "conf/domain-records.h"

/* clang-format off */
static const Row env_rows[] = {
    { "@name", ROW_STRING, offsetof(EnvVar, name),  .flags = ROW_NOT_EMPTY,
               .missing = ERR(DOMAIN, XML_ERROR) },
    { "",      ROW_STRING, offsetof(EnvVar, value) },
    { NULL },
};
/* clang-format on */

static const Record env_record = { "initenv", sizeof(EnvVar), env_rows };

static const char *const smbios_names[] = { NULL, "emulate", "host", "sysinfo", NULL };

/* clang-format off */
static const Row os_rows[] = {
    { "type/@arch",    ROW_STRING,  offsetof(OsDef, arch),      .flags = ROW_NOT_EMPTY },
    { "type/@machine", ROW_STRING,  offsetof(OsDef, machine),   .flags = ROW_NOT_EMPTY | ROW_KEPT },
    { "type",          ROW_STRING,  offsetof(OsDef, type),      .flags = ROW_NOT_EMPTY },
    { "init",          ROW_STRING,  offsetof(OsDef, init),      .flags = ROW_NOT_EMPTY,
                       .missing = ERR(DOMAIN, XML_ERROR) },
    { "initarg",       ROW_STRINGS, offsetof(OsDef, initargs) },
    { "initenv",       ROW_LIST,    offsetof(OsDef, initenv),   .record = &env_record },
    { "initdir",       ROW_STRING,  offsetof(OsDef, initdir),   .flags = ROW_NOT_EMPTY },
    { "inituser",      ROW_STRING,  offsetof(OsDef, inituser),  .flags = ROW_NOT_EMPTY },
    { "initgroup",     ROW_STRING,  offsetof(OsDef, initgroup), .flags = ROW_NOT_EMPTY },
    { "cmdline",       ROW_STRING,  offsetof(OsDef, cmdline),   .flags = ROW_NOT_EMPTY },
    { "smbios/@mode",  ROW_ENUM,    offsetof(OsDef, smbios),    .flags = ROW_KEPT,
                       .names = smbios_names, .bad = ERR(DOMAIN, CONFIG_UNSUPPORTED) },
    { NULL },
};
/* clang-format on */

const Record os_record = { "os", sizeof(OsDef), os_rows };

bool os_is_32bit(const DomainDef *def, const DomainDefHost *host)
{
    return g_strcmp0(arch_partner(host->arch), def->os.arch) == 0;
}

static bool check_arch(OsDef *os, const DomainDefHost *host, GError **err)
{
    if (!os->arch)
        os->arch = g_strdup(host->arch);
    if (arch_runs(host->arch, os->arch))
        return true;
    if (arch_is_known(os->arch))
        return fail(err, ERR(CAPABILITIES, INVALID_ARG),
                    _("the host, which is %s, cannot run containers of architecture '%s'"),
                    host->arch, os->arch);
    return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED), _("unknown architecture '%s'"), os->arch);
}

/* Arguments of a boot loader that there is not. */
static void check_bootloader(DomainDef *def, const Reader *reader)
{
    if (def->bootloader || !def->bootloader_args)
        return;
    record_note(reader, g_strdup(_("<bootloader_args> without a <bootloader> is left out")));
    g_clear_pointer(&def->bootloader_args, g_free);
}

bool os_check(DomainDef *def, const Reader *reader, GError **err)
{
    OsDef *os = &def->os;

    if (!os->type)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("<os> lacks <type>"));
    if (strcmp(os->type, "exe") != 0)
        return fail(err, ERR(CAPABILITIES, INVALID_ARG),
                    _("the os type of a container is 'exe', not '%s'"), os->type);
    check_bootloader(def, reader);
    return check_arch(os, reader->host, err);
}

/* A name with '=' would become another variable, one with a newline breaks those who list it. */
bool os_plan_check(const OsDef *os, GError **err)
{
    for (size_t i = 0; i < os->initenv.n; i++)
        if (strpbrk(os->initenv.items[i]->name, "=\n"))
            return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                        _("'%s' cannot be the name of an environment variable"),
                        os->initenv.items[i]->name);
    return true;
}
