// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* See source-label.h. A label says something when it turns labelling off or has a text. */
#include "conf/source-label.h"

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

/* clang-format off */
static const Row label_rows[] = {
    { "@model",   ROW_STRING, offsetof(SourceLabel, model) },
    { "@relabel", ROW_ENUM,   offsetof(SourceLabel, relabel), .names = choice_names },
    { "label",    ROW_STRING, offsetof(SourceLabel, label),   ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

static bool check_label(void *object, const Reader *reader, GError **err)
{
    SourceLabel *label = object;

    if (label->relabel == CHOICE_NO && label->label)
        return fail(err, ERR(DOMAIN, XML_ERROR),
                    _("the <seclabel> of a source with relabel='no' cannot have a label"));
    if (label->relabel != CHOICE_NO)
        label->relabel = label->label ? CHOICE_YES : CHOICE_ABSENT;
    return true;
}

const Record source_label_record = { "seclabel", sizeof(SourceLabel), label_rows, .kept = true,
                                     .check = check_label };

static bool check_models(const SourceLabelList *labels, GError **err)
{
    g_autoptr(GHashTable) models = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < labels->n; i++) {
        char *model = labels->items[i]->model;

        if (model && !g_hash_table_add(models, model))
            return fail(err, ERR(DOMAIN, XML_DETAIL),
                        _("two <seclabel> of a source have the model '%s'"), model);
    }
    return true;
}

bool source_labels_check(SourceLabelList *labels, GError **err)
{
    size_t kept = 0;

    if (!check_models(labels, err))
        return false;
    for (size_t i = 0; i < labels->n; i++) {
        SourceLabel *label = labels->items[i];

        if (label->relabel)
            labels->items[kept++] = label;
        else
            record_free(&source_label_record, label);
    }
    labels->n = kept;
    return true;
}
