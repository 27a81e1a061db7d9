// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <os>: the init command and the architecture. The rest of the element (boot order, firmware, a
 * kernel) speaks of machines; libvirt carries it along for containers, and so do we.
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

/* clang-format off */
static const Row os_rows[] = {
    { "type/@arch",    ROW_STRING,  offsetof(OsDef, arch),      .flags = ROW_NOT_EMPTY },
    { "type/@machine", ROW_STRING,  offsetof(OsDef, machine),   .flags = ROW_NOT_EMPTY },
    { "type",          ROW_STRING,  offsetof(OsDef, type),      .flags = ROW_NOT_EMPTY },
    { "init",          ROW_STRING,  offsetof(OsDef, init),      .flags = ROW_NOT_EMPTY,
                       .missing = ERR(DOMAIN, XML_ERROR) },
    { "initarg",       ROW_STRINGS, offsetof(OsDef, initargs) },
    { "initenv",       ROW_LIST,    offsetof(OsDef, initenv),   .record = &env_record },
    { "initdir",       ROW_STRING,  offsetof(OsDef, initdir),   .flags = ROW_NOT_EMPTY },
    { "inituser",      ROW_STRING,  offsetof(OsDef, inituser),  .flags = ROW_NOT_EMPTY },
    { "initgroup",     ROW_STRING,  offsetof(OsDef, initgroup), .flags = ROW_NOT_EMPTY },
    { "cmdline",       ROW_STRING,  offsetof(OsDef, cmdline),   .flags = ROW_NOT_EMPTY },
    { "loader|nvram|kernel|initrd|dtb|root|acpi|boot|bootmenu|smbios|bios",
                       ROW_KEEP,    offsetof(OsDef, rest) },
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

/* A name with '=' would become another variable, one with a newline breaks those who list it. */
static bool check_env(const EnvVarList *list, GError **err)
{
    for (size_t i = 0; i < list->n; i++)
        if (strpbrk(list->items[i]->name, "=\n"))
            return fail(err, ERR(DOMAIN, XML_ERROR),
                        _("'%s' cannot be the name of an environment variable"),
                        list->items[i]->name);
    return true;
}

bool os_check(DomainDef *def, const Reader *reader, GError **err)
{
    OsDef *os = &def->os;

    if (!os->type)
        return fail(err, ERR(DOMAIN, XML_ERROR), _("<os> lacks <type>"));
    if (strcmp(os->type, "exe") != 0)
        return fail(err, ERR(CAPABILITIES, INVALID_ARG),
                    _("the os type of a container is 'exe', not '%s'"), os->type);
    return check_arch(os, reader->host, err) && check_env(&os->initenv, err);
}
