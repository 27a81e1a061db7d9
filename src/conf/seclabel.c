// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <seclabel>: under which label of a security driver the container runs. A host without such a
 * driver has the model 'none', which every wish that names no model comes down to.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define WRONG ERR(DOMAIN, XML_ERROR)
#define NO_MODEL "none"
#define LABELS_MAX 16

static const char *const type_names[] = { NULL, "dynamic", "static", "none", NULL };

/* A dynamic label is known only while the domain runs. */
static bool hide_label(const void *object, DomainDefFlags flags)
{
    return flags & DOMAIN_DEF_INACTIVE && ((const Seclabel *)object)->type != SECLABEL_STATIC;
}

/* clang-format off */
static const Row seclabel_rows[] = {
    { "@type",      ROW_ENUM,   offsetof(Seclabel, type),        .names = type_names },
    { "@model",     ROW_STRING, offsetof(Seclabel, model) },
    { "@relabel",   ROW_ENUM,   offsetof(Seclabel, relabel),     .names = choice_names },
    { "label",      ROW_STRING, offsetof(Seclabel, label),       ROW_NOT_EMPTY, .hidden = hide_label },
    { "imagelabel", ROW_STRING, offsetof(Seclabel, image_label), ROW_NOT_EMPTY | ROW_LIVE },
    { "baselabel",  ROW_STRING, offsetof(Seclabel, base_label),  ROW_NOT_EMPTY },
    { NULL },
};
/* clang-format on */

/* ---- one label ------------------------------------------------------------------------------- */

static bool check_type(Seclabel *label, GError **err)
{
    switch (label->type) {
    case SECLABEL_STATIC:
        g_clear_pointer(&label->base_label, g_free);
        if (!label->relabel)
            label->relabel = CHOICE_NO;
        return label->label || fail(err, WRONG, _("<seclabel type='static'> lacks <label>"));
    case SECLABEL_NONE:
        g_clear_pointer(&label->base_label, g_free);
        g_clear_pointer(&label->label, g_free);
        if (label->relabel == CHOICE_YES)
            return fail(err, UNSUPPORTED, _("<seclabel type='none'> cannot ask for relabelling"));
        label->relabel = CHOICE_ABSENT;
        return true;
    case SECLABEL_ABSENT:
    case SECLABEL_DYNAMIC:
        if (label->relabel == CHOICE_NO)
            return fail(err, UNSUPPORTED,
                        _("<seclabel type='dynamic'> cannot go without relabelling"));
        label->relabel = CHOICE_YES;
        return true;
    }
    return true;
}

static bool check(void *object, const Reader *reader, GError **err)
{
    Seclabel *label = object;

    if (!check_type(label, err))
        return false;
    if (hide_label(label, reader->flags))
        g_clear_pointer(&label->label, g_free);
    return true;
}

const Record seclabel_record = { "seclabel", sizeof(Seclabel), seclabel_rows, .check = check };

/* ---- all labels ------------------------------------------------------------------------------ */

static bool is_model(const Seclabel *label, const char *model)
{
    return g_strcmp0(label->model, model) == 0;
}

static bool check_models(const SeclabelList *labels, GError **err)
{
    for (size_t i = 0; i < labels->n; i++)
        for (size_t j = 0; j < i; j++)
            if (is_model(labels->items[i], labels->items[j]->model))
                return fail(err, ERR(DOMAIN, XML_DETAIL), _("two <seclabel> have the model '%s'"),
                            labels->items[i]->model ? labels->items[i]->model : "");
    for (size_t i = 0; labels->n > 1 && i < labels->n; i++)
        if (!labels->items[i]->model)
            return fail(err, WRONG, _("one of several <seclabel> lacks model="));
    return true;
}

void domain_def_add_label(DomainDef *def, const char *model)
{
    Seclabel *label = record_new(&seclabel_record);

    label->type = SECLABEL_DYNAMIC;
    label->relabel = CHOICE_YES;
    label->model = g_strdup(model);
    record_list_append(&def->seclabels, label);
}

/* Who only says dynamic or none means the host's first driver. */
static bool take_model(Seclabel *label, const DomainDefHost *host, GError **err)
{
    bool any =
        label->type == SECLABEL_NONE || (label->type == SECLABEL_DYNAMIC && !label->base_label);

    if (label->model)
        return true;
    if (!any)
        return fail(err, WRONG, _("<seclabel> lacks model="));
    label->model = g_strdup(host->security_models ? host->security_models[0] : NO_MODEL);
    return true;
}

static void settle_type(Seclabel *label)
{
    if (!label->type)
        label->type = SECLABEL_DYNAMIC;
    if (!is_model(label, NO_MODEL))
        return;
    label->type = SECLABEL_NONE;
    label->relabel = CHOICE_ABSENT;
    g_clear_pointer(&label->label, g_free);
    g_clear_pointer(&label->image_label, g_free);
    g_clear_pointer(&label->base_label, g_free);
}

bool seclabels_check(DomainDef *def, const Reader *reader, GError **err)
{
    SeclabelList *labels = &def->seclabels;

    if (labels->n > LABELS_MAX)
        return fail(err, UNSUPPORTED, _("there are more than %d <seclabel>"), LABELS_MAX);
    if (!check_models(labels, err))
        return false;
    for (size_t i = 0; i < labels->n; i++) {
        if (!take_model(labels->items[i], reader->host, err))
            return false;
        settle_type(labels->items[i]);
    }
    return true;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static const PlanLabelKind kinds[] = {
    [SECLABEL_ABSENT] = PLAN_LABEL_DYNAMIC,
    [SECLABEL_DYNAMIC] = PLAN_LABEL_DYNAMIC,
    [SECLABEL_STATIC] = PLAN_LABEL_STATIC,
    [SECLABEL_NONE] = PLAN_LABEL_NONE,
};

/* A running container has its label, whatever the host is set to since. */
static bool has_driver(const Seclabel *label, const DomainDefHost *host)
{
    return label->type == SECLABEL_NONE || label->image_label ||
           (host->security_models && g_strv_contains(host->security_models, label->model));
}

bool seclabels_plan(PlanBuilder *builder, GError **err)
{
    const SeclabelList *labels = &builder->def->seclabels;

    for (size_t i = 0; i < labels->n; i++) {
        const Seclabel *from = labels->items[i];
        PlanLabel *label = NULL;

        if (!has_driver(from, builder->host))
            return fail(err, ERR(SECURITY, CONFIG_UNSUPPORTED),
                        _("the security driver '%s' of <seclabel> is not active on this host"),
                        from->model);
        label = PLAN_ADD(&builder->plan->labels);
        label->kind = kinds[from->type];
        label->model = g_strdup(from->model);
        label->label = g_strdup(from->label);
        label->base = g_strdup(from->base_label);
        label->relabel = from->relabel == CHOICE_YES;
        label->image = g_strdup(from->image_label);
    }
    return true;
}
