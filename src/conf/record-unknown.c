// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * What no row knows. libvirt drops it; so do we, but it is listed in the messages of the
 * definition, and it is an error where validation is asked for. In our own namespace nothing is
 * somebody else's, so there it always is one.
 */
#include "base/error.h"
#include "base/text.h"
#include "conf/record.h"
#include "conf/xml.h"

#define LEFT_OUT_MAX 64 /* messages; more of them help nobody */

void record_note(const Reader *reader, char *message)
{
    StringList *list = reader->left_out;

    if (list && list->n < LEFT_OUT_MAX)
        record_list_append(list, message);
    else
        g_free(message);
}

/* Takes the message. */
static bool leave_out(const Reader *reader, char *message, unsigned code, GError **err)
{
    g_autofree char *owned = message;

    if (reader->flags & DOMAIN_DEF_VALIDATE)
        code = ERR(XML, XML_INVALID_SCHEMA);
    if (code)
        return fail(err, code, "%s", message);
    record_note(reader, g_steal_pointer(&owned));
    return true;
}

bool record_leave_out(const Reader *reader, const xmlNode *node, unsigned code, GError **err)
{
    const char *prefix = node->ns && node->ns->prefix ? (const char *)node->ns->prefix : NULL;

    if (!code && g_strcmp0(xml_known_prefix(node), "virtlxcd") == 0)
        code = ERR(DOMAIN, CONFIG_UNSUPPORTED);
    return leave_out(reader,
                     g_strdup_printf(_("element <%s%s%s> in <%s> is not known (line %u)"),
                                     prefix ? prefix : "", prefix ? ":" : "", xml_name(node),
                                     xml_name(node->parent), xml_line(node)),
                     code, err);
}

bool record_leave_out_attribute(const Reader *reader, const xmlNode *node, const char *name,
                                GError **err)
{
    return leave_out(reader,
                     g_strdup_printf(_("attribute '%s' of <%s> is not known (line %u)"), name,
                                     xml_name(node), xml_line(node)),
                     0, err);
}

bool record_leave_out_text(const Reader *reader, const xmlNode *node, const char *text,
                           GError **err)
{
    return leave_out(reader,
                     g_strdup_printf(_("unexpected text '%.40s' in <%s> (line %u)"), text,
                                     xml_name(node), xml_line(node)),
                     0, err);
}
