// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See definition.h. */
#include "virt-lxc/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/schema.h"
#include "conf/system-plan.h"
#include "config.h"

#define INPUT_SIZE_MAX (16u << 20)

bool definition_read_text(const char *path, char **ret_text, GError **err)
{
    bool standard = g_strcmp0(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    GString *text = NULL;
    char part[65536];
    size_t size;
    bool broken;

    if (!in)
        return fail_errno(err, errno, _("cannot open '%s'"), path);
    text = g_string_new(NULL);
    while (text->len <= INPUT_SIZE_MAX && (size = fread(part, 1, sizeof(part), in)) > 0)
        g_string_append_len(text, part, (gssize)size);
    broken = ferror(in);
    if (!standard)
        fclose(in);
    if (broken || strlen(text->str) != text->len) {
        g_string_free(text, TRUE);
        return fail(err, ERR(LXC, INTERNAL_ERROR), _("'%s' is not a readable text file"), path);
    }
    *ret_text = g_string_free(text, FALSE);
    return true;
}

bool definition_host(struct utsname *names, DomainDefHost *ret_host, GError **err)
{
    if (uname(names) < 0)
        return fail_errno(err, errno, _("cannot learn the host's architecture"));
    *ret_host = (DomainDefHost){ .arch = names->machine,
                                 .emulator = LIBEXECDIR "/libvirt_lxc",
                                 .default_partition = "/machine" };
    return true;
}

bool definition_read(const char *path, DomainDefFlags flags, Plan **ret_plan, GError **err)
{
    g_autoptr(Schema) schema = schema_new(SCHEMA_DOMAIN);
    DomainDefHost host;
    struct utsname names;
    g_autofree char *xml = NULL;
    g_autoptr(DomainDef) def = NULL;

    if (!definition_host(&names, &host, err))
        return false;
    host.schema = schema;
    if (!definition_read_text(path, &xml, err) ||
        !domain_def_parse(xml, DOMAIN_DEF_INACTIVE | flags, &host, &def, err) ||
        !domain_def_compile(def, &host, ret_plan, err))
        return false;
    system_plan(def, *ret_plan);
    return true;
}
