// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What all formats share: the table, the checks of what came out, and the comment with the notes.
 * An imported domain is printed, read as if a user had written it, and printed again: so every
 * check and every default is the one of definitions.
 */
#include "conf/native.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/record.h"

static const NativeFormat *const formats[] = { &lxc_format, &nspawn_format, &oci_format, NULL };

static const NativeFormat *find_format(const char *name, GError **err)
{
    for (const NativeFormat *const *format = formats; *format; format++)
        if (strcmp((*format)->name, name) == 0)
            return *format;
    fail(err, ERR(LXC, INVALID_ARG), _("unknown configuration format '%s'"), name);
    return NULL;
}

void native_note(NativeResult *result, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    record_list_append(&result->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void native_domain_clear(NativeDomain *domain)
{
    g_clear_pointer(&domain->xml, g_free);
    record_strings_clear(&domain->notes);
}

/* ---- import ---------------------------------------------------------------------------------- */

/* Far more than anybody writes, and read before somebody else has to wait. */
#define TEXT_SIZE_MAX (1u << 20)

/* What XML cannot hold cannot become a domain; said with the line, before anything is read. */
static bool check_text(const char *text, GError **err)
{
    unsigned line = 1;

    if (strlen(text) > TEXT_SIZE_MAX)
        return fail(err, ERR(LXC, INVALID_ARG), _("the configuration is longer than %u bytes"),
                    TEXT_SIZE_MAX);
    if (!g_utf8_validate(text, -1, NULL))
        return fail(err, ERR(LXC, INVALID_ARG), _("the configuration is not UTF-8 text"));
    for (const char *at = text; *at; at++) {
        bool is_noncharacter = strncmp(at, "\xef\xbf\xbe", 3) == 0 || /* U+FFFE, U+FFFF */
                               strncmp(at, "\xef\xbf\xbf", 3) == 0;

        if (((unsigned char)*at < ' ' && !strchr("\t\n\r", *at)) || is_noncharacter)
            return fail(err, ERR(LXC, INVALID_ARG),
                        _("the configuration has a control character in line %u"), line);
        line += *at == '\n';
    }
    return true;
}

/* A comment may hold anything but "--", and no '-' before its end. */
static void append_comment_line(GString *out, const char *text)
{
    g_string_append(out, "  ");
    for (const char *at = text; *at; at++) {
        g_string_append_c(out, *at == '\n' || *at == '\r' ? ' ' : *at);
        if (*at == '-' && at[1] == '-')
            g_string_append_c(out, ' ');
    }
    g_string_append_c(out, '\n');
}

static char *with_notes(const char *xml, const StringList *notes, const NativeFormat *format)
{
    GString *out = NULL;

    if (!notes->n)
        return g_strdup(xml);
    out = g_string_new("<!--\n");
    g_string_append_printf(out, _("Made from a configuration of %s. Not said by this domain:"),
                           format->name);
    g_string_append_c(out, '\n');
    for (size_t i = 0; i < notes->n; i++)
        append_comment_line(out, notes->items[i]);
    g_string_append_printf(out, "-->\n%s", xml);
    return g_string_free(out, FALSE);
}

static bool finish(const NativeFormat *format, const NativeResult *result,
                   const DomainDefHost *host, NativeDomain *ret_domain, GError **err)
{
    g_autofree char *draft = domain_def_format(result->def, DOMAIN_DEF_INACTIVE);
    g_autofree char *xml = NULL;
    g_autoptr(DomainDef) def = NULL;

    if (!domain_def_parse(draft, DOMAIN_DEF_INACTIVE, host, &def, err))
        return fail_while(err, _("the configuration of %s is no valid domain"), format->name);
    xml = domain_def_format(def, DOMAIN_DEF_INACTIVE);
    ret_domain->xml = with_notes(xml, &result->notes, format);
    record_strings_copy(&result->notes, &ret_domain->notes);
    return true;
}

bool native_import(const char *format_name, const char *text, const DomainDefHost *host,
                   NativeDomain *ret_domain, GError **err)
{
    const NativeFormat *format = find_format(format_name, err);
    NativeResult result = { 0 };
    bool done;

    if (!format || !check_text(text, err))
        return false;
    result.def = domain_def_new();
    done =
        format->import(text, host, &result, err) && finish(format, &result, host, ret_domain, err);
    domain_def_free(result.def);
    record_strings_clear(&result.notes);
    return done;
}

/* ---- export ---------------------------------------------------------------------------------- */

bool native_export(const char *format_name, const DomainDef *def, const DomainDefHost *host,
                   char **ret_text, GError **err)
{
    const NativeFormat *format = find_format(format_name, err);

    return format && format->export(def, host, ret_text, err);
}
