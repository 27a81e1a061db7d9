// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <seclabel>: a container may say that it wants no label. Labels of a security driver are refused
 * by their type.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

static const char *const type_names[] = { "dynamic", "static", "none", NULL };
static const char *const relabel_names[] = { NULL, "yes", "no", NULL };

/* clang-format off */
static const Row seclabel_rows[] = {
    { "@type",    ROW_ENUM,   offsetof(Seclabel, type),    .flags = ROW_TYPE,
                  .names = type_names },
    { "@model",   ROW_STRING, offsetof(Seclabel, model),   .flags = ROW_NOT_EMPTY },
    { "@relabel", ROW_ENUM,   offsetof(Seclabel, relabel), .names = relabel_names },
    { NULL },
};
/* clang-format on */

static bool check(void *object, const Reader *reader, GError **err)
{
    Seclabel *label = object;

    if (label->type != SECLABEL_NONE)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("seclabel type '%s' is not supported in a container"),
                    type_names[label->type]);
    if (label->relabel == 1)
        return fail(err, ERR(DOMAIN, CONFIG_UNSUPPORTED),
                    _("<seclabel type='none'> cannot ask for relabelling"));
    label->relabel = 0;
    if (!label->model)
        label->model = g_strdup("none");
    return true;
}

const Record seclabel_record = { "seclabel", sizeof(Seclabel), seclabel_rows,
                                 .type = &seclabel_rows[0], .check = check };

bool seclabels_check(const DomainDef *def, GError **err)
{
    g_autoptr(GHashTable) models = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < def->seclabels.n; i++)
        if (!g_hash_table_add(models, def->seclabels.items[i]->model))
            return fail(err, ERR(DOMAIN, XML_DETAIL), _("two <seclabel> have the model '%s'"),
                        def->seclabels.items[i]->model);
    return true;
}
